package httpreq

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

func TestAuth(t *testing.T) {
	s, last := recorder(t)
	v := vars("base", str(s.URL), "s", secret("se:cret ü"))
	for src, want := range map[string][2]string{
		`auth "bearer" { token = "abc" }`:                                          {"Authorization", "Bearer abc"},
		"auth \"basic\" {\nusername = \"u\"\npassword = var.s\n}":                  {"Authorization", "Basic dTpzZTpjcmV0IMO8"},
		"auth \"basic\" {\nusername = \"key\"\npassword = \"\"\n}":                 {"Authorization", "Basic a2V5Og=="},
		"auth \"api_key\" {\nheader = \"x-api-key\"\nvalue = \"v\"\n}":             {"X-Api-Key", "v"},
		"headers = { Authorization = \"old\" }\nauth \"bearer\" { token = \"t\" }": {"Authorization", "Bearer t"},
	} {
		f := fixture{vars: v, conn: opened(t, "base_url = var.base\n"+src, v)}
		f.ok(t, `path = "/"`)
		if got := last.Load().header.Get(want[0]); got != want[1] {
			t.Errorf("%s: %q", src, got)
		}
	}
}

// authServer gives out tokens at /token and wants the last one elsewhere.
type authServer struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request // of tokens, with their forms
	answer   func(w http.ResponseWriter, n int)
	valid    func(token string) bool
	calls    atomic.Int64
}

func newAuthServer(t testing.TB) *authServer {
	a := &authServer{}
	a.answer = func(w http.ResponseWriter, n int) { giveToken(w, fmt.Sprintf("canary-token-%d", n), 3600) }
	a.valid = func(token string) bool { return strings.HasPrefix(token, "canary-token-") }
	a.Server = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			_ = r.ParseForm()
			a.mu.Lock()
			a.requests = append(a.requests, r)
			n := len(a.requests)
			a.mu.Unlock()
			a.answer(w, n)
			return
		}
		a.calls.Add(1)
		b, _ := io.ReadAll(r.Body)
		if !a.valid(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, "bad token: "+r.Header.Get("Authorization"))
			return
		}
		_, _ = io.WriteString(w, "got "+string(b))
	})
	return a
}

func giveToken(w http.ResponseWriter, token string, seconds int) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "bearer", "expires_in": seconds})
}

func (a *authServer) tokenRequests() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.requests)
}

func (a *authServer) connect(t testing.TB) fixture {
	v := vars("base", str(a.URL), "s", secret("canary-client-secret"))
	return fixture{vars: v, conn: opened(t, `
base_url = var.base
timeout  = "20s"
auth "oauth2" {
  token_url     = "${var.base}/token"
  client_id     = "the id"
  client_secret = var.s
  scopes        = ["a", "b"]
}`, v)}
}

func TestOAuthRequest(t *testing.T) {
	a := newAuthServer(t)
	f := a.connect(t)
	f.ok(t, `path = "/"`)
	f.ok(t, "path = \"/\"\nmethod = \"POST\"\nbody = \"x\"")
	if n := a.tokenRequests(); n != 1 {
		t.Fatalf("%d token requests", n)
	}
	r := a.requests[0]
	user, pass, _ := r.BasicAuth()
	if user != "the+id" || pass != "canary-client-secret" || r.Form.Get("grant_type") != "client_credentials" || r.Form.Get("scope") != "a b" || r.Header.Get("User-Agent") == "" {
		t.Errorf("%s %s %v", user, pass, r.Form)
	}
	// A step that signs itself asks for no token.
	f2 := a.connect(t)
	f2.ok(t, "path = \"/\"\nheaders = { Authorization = \"Bearer canary-token-mine\" }")
	if n := a.tokenRequests(); n != 1 {
		t.Errorf("%d token requests", n)
	}
}

func TestOAuthServerThatReadsTheBodyOnly(t *testing.T) {
	a := newAuthServer(t)
	a.answer = func(w http.ResponseWriter, n int) {
		a.mu.Lock()
		r := a.requests[n-1]
		a.mu.Unlock()
		if r.Form.Get("client_secret") != "canary-client-secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		giveToken(w, "canary-token-x", 1) // too short to be used again
	}
	f := a.connect(t)
	f.ok(t, `path = "/"`)
	if n := a.tokenRequests(); n != 2 {
		t.Errorf("%d token requests", n)
	}
	f.ok(t, `path = "/"`)
	if n := a.tokenRequests(); n != 3 {
		t.Errorf("the way that worked was forgotten: %d token requests", n)
	}
}

func TestX8OneRefreshForAllCalls(t *testing.T) {
	const callers = 100
	a := newAuthServer(t)
	arrived := make(chan struct{})
	a.answer = func(w http.ResponseWriter, n int) {
		<-arrived
		giveToken(w, fmt.Sprintf("canary-token-%d", n), 3600)
	}
	f := a.connect(t)
	var wg sync.WaitGroup
	var failed atomic.Int64
	call := func() {
		wg.Go(func() {
			if _, err := f.call(t, `path = "/"`); err != nil {
				failed.Add(1)
				t.Error(err)
			}
		})
	}
	for range callers {
		call()
	}
	close(arrived)
	wg.Wait()
	if n := a.tokenRequests(); n != 1 || a.calls.Load() != callers {
		t.Errorf("%d token requests for %d calls", n, a.calls.Load())
	}
	// At expiry, less five seconds.
	tokens := f.conn.tokens
	tokens.mu.Lock()
	old := *tokens.current
	old.expiry = time.Now().Add(earlyExpiry - time.Second)
	tokens.current = &old
	tokens.mu.Unlock()
	for range callers {
		call()
	}
	wg.Wait()
	if n := a.tokenRequests(); n != 2 {
		t.Errorf("%d token requests after expiry", n)
	}
	// All of them refused at once.
	a.valid = func(token string) bool { return token == "canary-token-3" }
	for range callers {
		call()
	}
	wg.Wait()
	if n := a.tokenRequests(); n != 3 {
		t.Errorf("%d token requests after a refusal", n)
	}
}

func TestOAuthTokenThatIsRefused(t *testing.T) {
	a := newAuthServer(t)
	a.valid = func(token string) bool { return token == "canary-token-2" }
	f := a.connect(t)
	out := f.ok(t, "path = \"/\"\nmethod = \"POST\"\njson = { a = 1 }")
	if b, _ := out["body"].Unmark(); b.AsString() != `got {"a":1}` {
		t.Errorf("the body was not sent again: %v", b)
	}
	if n := a.tokenRequests(); n != 2 || a.calls.Load() != 2 {
		t.Errorf("%d token requests, %d calls", n, a.calls.Load())
	}
	// Once only.
	a.valid = func(string) bool { return false }
	failed := f.fails(t, `path = "/"`, steps.HTTPError, "answered 401 Unauthorized")
	if a.tokenRequests() != 3 || a.calls.Load() != 4 || failed.Status != 401 {
		t.Errorf("%d token requests, %d calls", a.tokenRequests(), a.calls.Load())
	}
	if strings.Contains(failed.Message, "canary") {
		t.Error(failed.Message)
	}
	out = f.ok(t, "path = \"/\"\nexpect = [401]")
	if !out["status"].RawEquals(cty.NumberIntVal(401)) || !out["body"].IsMarked() {
		t.Errorf("%#v", out)
	}
}

func TestOAuthFailures(t *testing.T) {
	echo := `{"error":"invalid_client","error_description":"canary-client-secret is wrong","error_uri":"http://x/canary-client-secret"}`
	for _, tc := range []struct {
		name, body  string
		status      int
		kind        steps.ErrorKind
		want        string
		contentType string
	}{
		{name: "refused", status: 401, body: echo, kind: steps.AuthError, want: "refused (401 Unauthorized, invalid_client)"},
		{name: "refused by 400", status: 400, body: echo, kind: steps.AuthError, want: "refused (400 Bad Request, invalid_client)"},
		{name: "code that is none", status: 400, body: `{"error":"Secret canary-client-secret"}`, kind: steps.AuthError, want: "refused (400 Bad Request);"},
		{name: "refused with 200", status: 200, body: echo, kind: steps.AuthError, want: "invalid_client"},
		{name: "page", status: 403, body: "<html>canary-client-secret</html>", contentType: "text/html", kind: steps.AuthError, want: "refused (403 Forbidden)"},
		{name: "redirect", status: 302, body: "", kind: steps.AuthError, want: "refused (302 Found)"},
		{name: "broken", status: 500, body: "canary-client-secret", kind: steps.HTTPError, want: "answered 500 Internal Server Error"},
		{name: "no token", status: 200, body: `{"x":"canary-client-secret"}`, kind: steps.AuthError, want: "no usable access_token"},
		{name: "no JSON", status: 200, body: `canary-client-secret`, kind: steps.AuthError, want: "no usable access_token"},
		{name: "control characters", status: 200, body: `{"access_token":"canary-token-\r\nX: y"}`, kind: steps.AuthError, want: "no usable access_token"},
	} {
		a := newAuthServer(t)
		a.answer = func(w http.ResponseWriter, n int) {
			w.Header().Set("Content-Type", tc.contentType)
			if tc.contentType == "" {
				w.Header().Set("Content-Type", "application/json")
			}
			w.WriteHeader(tc.status)
			_, _ = io.WriteString(w, tc.body)
		}
		failed := a.connect(t).fails(t, `path = "/"`, tc.kind, tc.want)
		if strings.Contains(failed.Message, "canary") || !strings.Contains(failed.Message, "token request to 127.0.0.1:") {
			t.Errorf("%s: %s", tc.name, failed.Message)
		}
		if a.calls.Load() != 0 {
			t.Errorf("%s: called without a token", tc.name)
		}
		if tc.status == 500 && (a.tokenRequests() != 1 || !failed.Retryable(nil)) {
			t.Errorf("%s: %d requests", tc.name, a.tokenRequests())
		}
	}
	for _, status := range []int{429, 503} {
		a := newAuthServer(t)
		a.answer = func(w http.ResponseWriter, n int) {
			w.Header().Set("Retry-After", "9")
			w.WriteHeader(status)
		}
		_, err := a.connect(t).call(t, `path = "/"`)
		var back *steps.PutBack
		if !errors.As(err, &back) || back.After != 9*time.Second || back.Status != status || a.tokenRequests() != 1 {
			t.Errorf("%d: %v", status, err)
		}
	}
	a := newAuthServer(t)
	f := a.connect(t)
	a.Close()
	f.fails(t, `path = "/"`, steps.NetworkError, "token request to 127.0.0.1:")
}

// A call that gives up does not take the token request away from the others.
func TestX8WaitersGiveUpAlone(t *testing.T) {
	a := newAuthServer(t)
	asked, release := make(chan struct{}), make(chan struct{})
	a.answer = func(w http.ResponseWriter, n int) {
		close(asked)
		<-release
		giveToken(w, "canary-token-1", 3600)
	}
	f := a.connect(t)
	ctx, cancel := contextWith(t, time.Hour)
	impatient := f
	impatient.ctx = ctx
	var wg sync.WaitGroup
	wg.Go(func() { impatient.fails(t, `path = "/"`, steps.CancelledError, "token request to") })
	<-asked
	wg.Go(func() { f.ok(t, `path = "/"`) })
	cancel()
	defer wg.Wait()
	close(release)
}

func TestCloseEndsTokenRequests(t *testing.T) {
	a := newAuthServer(t)
	asked, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	a.answer = func(w http.ResponseWriter, n int) {
		close(asked)
		<-release
	}
	f := a.connect(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := f.call(t, `path = "/"`)
		var back *steps.PutBack
		if !errors.As(err, &back) || back.After != time.Second {
			t.Errorf("want a put-back, got %v", err)
		}
	})
	<-asked
	if err := f.conn.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}
