package console

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
)

// access says who may ask for a route.
type access int

const (
	loggedIn access = iota // a session; with a method that changes something, also its form token
	public                 // anyone who reaches the address
	machine                // a session, or the token as bearer: of routes that only tell
)

// headers are on every answer (promise W8).
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Cache-Control":                "no-store",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
	"Origin-Agent-Cluster":         "?1",
	"Referrer-Policy":              "no-referrer",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

// maxBody bounds what a form may hold, in bytes.
const maxBody = 64 << 10

// httpError is an answer that is no page.
type httpError struct {
	status  int
	message string
}

func (e *httpError) Error() string { return e.message }

func refusef(status int, format string, args ...any) error {
	return &httpError{status, fmt.Sprintf(format, args...)}
}

// ServeHTTP lets those requests through to their page that may reach it.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, value := range headers {
		w.Header().Set(name, value)
	}
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			// A fault of ours. The stack says where; what was asked for is not in it.
			c.log.Error("console: a page failed", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			c.fail(w, r, nil, refusef(http.StatusInternalServerError, "The console failed to make the page; the log says more."))
		}
	}()
	if s, err := c.admit(w, r); err != nil {
		c.fail(w, r, s, err)
		return
	}
	c.mux.ServeHTTP(w, r)
}

// admit decides whether a request reaches its route. The error is the answer.
func (c *Console) admit(w http.ResponseWriter, r *http.Request) (*session, error) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		return nil, refusef(http.StatusMethodNotAllowed, "The method is not accepted here.")
	}
	if host, ok := hostOf(r.Host); !ok || !c.hosts[host] {
		return nil, refusef(http.StatusMisdirectedRequest, "The console is not served under this name. Use its address, or allow the name with --console-host.")
	}
	if err := c.origins.Check(r); err != nil {
		return nil, refusef(http.StatusForbidden, "The request comes from another site.")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	_, pattern := c.mux.Handler(r)
	who := c.who[pattern] // unknown patterns are for those who are logged in
	s := c.sessionOf(r)
	switch {
	case who == public:
		return s, nil
	case who == machine && s == nil && r.Header.Get("Authorization") != "":
		return nil, c.bearer(r)
	case s == nil:
		return nil, errLogin
	case r.Method == http.MethodPost:
		return s, checkForm(r, s)
	}
	return s, nil
}

var errLogin = &httpError{http.StatusUnauthorized, "Log in first."}

// checkForm refuses a change that does not come from a form of the session (promise W6).
func checkForm(r *http.Request, s *session) error {
	if kind := r.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
		return refusef(http.StatusUnsupportedMediaType, "Send a form.")
	}
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return refusef(http.StatusRequestEntityTooLarge, "The form is larger than %d KiB.", maxBody>>10)
		}
		return refusef(http.StatusBadRequest, "The form cannot be read.")
	}
	if subtle.ConstantTimeCompare([]byte(r.PostForm.Get("form")), []byte(s.form)) != 1 {
		return refusef(http.StatusForbidden, "The page is of another session. Load it again.")
	}
	return nil
}
