package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// TokenFile is the name of the file, in the data directory, that holds the token of the console that runs. Its
// mode keeps other users out.
const TokenFile = "console.token"

// makeToken makes the token of this process and keeps it where the operator can read it.
func makeToken(dir string) (string, error) {
	token := randomText()
	path := filepath.Join(dir, TokenFile)
	fault := func(err error) (string, error) { return "", fmt.Errorf("keep the console's token: %w", err) }
	f, err := os.CreateTemp(dir, TokenFile+".*") // 0600 from the beginning, whatever lay there before
	if err != nil {
		return fault(err)
	}
	_, err = f.WriteString(token + "\n")
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fault(errors.Join(err, os.Remove(f.Name())))
	}
	return token, nil
}

// Link is an address that logs its first caller in, within linkLife.
func (c *Console) Link() string { return c.URL() + "/login?token=" + c.sessions.link() }

// tries counts failed logins by where they come from: five a minute (promise W7).
type tries struct {
	now  func() time.Time
	mu   sync.Mutex // guards from
	from map[string][]time.Time
}

const (
	maxTries   = 5
	triesSpan  = time.Minute
	maxSources = 1000 // that are told apart; beyond, all count as one
)

func newTries(now func() time.Time) *tries { return &tries{now: now, from: map[string][]time.Time{}} }

// source names where a request comes from: its address, or the network of an IPv6 one.
func source(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	if ip = ip.Unmap(); ip.Is6() && !ip.IsLoopback() {
		if p, err := ip.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// judge asks whether another try is allowed, makes it, and counts it where it fails.
func (t *tries) judge(from string, try func() bool) (ok, limited bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if _, known := t.from[from]; !known && len(t.from) >= maxSources {
		for key, at := range t.from {
			if now.Sub(at[len(at)-1]) >= triesSpan {
				delete(t.from, key)
			}
		}
		if len(t.from) >= maxSources {
			from = ""
		}
	}
	recent := t.from[from]
	for len(recent) > 0 && now.Sub(recent[0]) >= triesSpan {
		recent = recent[1:]
	}
	if len(recent) >= maxTries {
		return false, true
	}
	if try() {
		delete(t.from, from)
		return true, false
	}
	t.from[from] = append(recent, now)
	return false, false
}

// isToken compares in a time that tells nothing of the token.
func (c *Console) isToken(text string) bool {
	got, want := sha256.Sum256([]byte(strings.TrimSpace(text))), sha256.Sum256([]byte(c.token))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

var errTries = &httpError{http.StatusTooManyRequests, "Too many tries. Wait a minute, and try again."}

// try makes a try to log in; the error is errLogin or errTries.
func (c *Console) try(r *http.Request, try func() bool) error {
	from := source(r)
	switch ok, limited := c.sessions.tries.judge(from, try); {
	case limited:
		c.log.Warn("console: too many tries to log in", "from", from)
		return errTries
	case !ok:
		c.log.Warn("console: a login failed", "from", from)
		return errLogin
	}
	return nil
}

// bearer lets programs ask with the token, for what they watch.
func (c *Console) bearer(r *http.Request) error {
	text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return c.try(r, func() bool { return c.isToken(text) })
}

type loginPage struct {
	Next    string
	Problem string
}

// showLogin exchanges the code of a link for a session and leaves its address at once; without one it asks for
// the token, which comes by login only: an address is kept in many places.
func (c *Console) showLogin(w http.ResponseWriter, r *http.Request) error {
	next := localPath(r.URL.Query().Get("next"))
	code := r.URL.Query().Get("token")
	if code == "" || r.Method != http.MethodGet {
		p := loginPage{Next: next}
		if r.URL.Query().Has("used") {
			p.Problem = "This link has been used already, or it is too old. Paste the token instead."
		}
		return c.render(w, r, http.StatusOK, "login", "Log in", p)
	}
	if !c.sessions.redeem(code) { // not counted: nobody guesses 256 bits, and any website can have a browser ask
		http.Redirect(w, r, "/login?used=1", http.StatusSeeOther)
		return nil
	}
	return c.enter(w, r, next)
}

// login takes the token from the form.
func (c *Console) login(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return refusef(http.StatusBadRequest, "The form cannot be read.")
	}
	next := localPath(r.PostForm.Get("next"))
	switch err := c.try(r, func() bool { return c.isToken(r.PostForm.Get("token")) }); err {
	case nil:
	case errTries:
		return err
	default:
		return c.render(w, r, http.StatusUnauthorized, "login", "Log in", loginPage{Next: next, Problem: "This is not the token of the console that runs now."})
	}
	return c.enter(w, r, next)
}

// enter begins a session; the one that the browser had ends.
func (c *Console) enter(w http.ResponseWriter, r *http.Request, next string) error {
	old := ""
	if cookie, err := r.Cookie(c.cookieName()); err == nil {
		old = cookie.Value
	}
	http.SetCookie(w, c.cookie(c.sessions.begin(old), int(sessionLife/time.Second)))
	if r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		// A browser sends a strict cookie along no redirect that another site began; a page of ours begins anew.
		return c.write(w, http.StatusOK, "enter", "enter", next)
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

func (c *Console) logout(w http.ResponseWriter, r *http.Request) error {
	if cookie, err := r.Cookie(c.cookieName()); err == nil {
		c.sessions.end(cookie.Value)
	}
	http.SetCookie(w, c.cookie("", -1))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
	return nil
}

// localPath is a place of the console to go on to; "/" for anything else.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") ||
		u.Path == "/login" || u.Path == "/logout" {
		return "/"
	}
	return next
}
