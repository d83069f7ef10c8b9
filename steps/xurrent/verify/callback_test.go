package verify

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// The callback is called once, only by https, only on the issuer's own host, without redirects.
func TestJ17Callback(t *testing.T) {
	s, canary := newIssuer(t), newIssuer(t)
	s.set(func(http.ResponseWriter, *http.Request) {})
	v := newVerifier(t, Options{})
	good := s.URL + "/webhooks/42/verify?code=abc&expires_at=1"
	if err := v.Callback(t.Context(), good, s.URL+"/webhook_policies/1"); err != nil {
		t.Fatal(err)
	}
	if s.requests() != 1 || s.asked["/webhooks/42/verify"] != 1 {
		t.Fatalf("asked %v", s.asked)
	}
	host, other := strings.TrimPrefix(s.URL, "https://"), strings.TrimPrefix(canary.URL, "https://")
	port := host[strings.IndexByte(host, ':'):]
	var rejected *Rejected
	for _, callback := range []string{
		"http://" + host + "/x", canary.URL + "/x", "https://" + host + "@" + other + "/x", "https://user@" + host + "/x",
		"https://" + host + ".evil.example/x", "https://localhost" + port + "/x", "https://127.1" + port + "/x", "https://2130706433" + port + "/x",
		"https://[::ffff:127.0.0.1]" + port + "/x", "https://127.0.0.1/x", "ftp://" + host + "/x", "file:///etc/passwd", "//" + host + "/x", "/x", "",
		"https://" + host + "\\@" + other + "/x", "https://" + host + " /x", "https://" + host + "\r\nX: y/x", "https://" + other + "#@" + host,
		"https://" + other + "?@" + host, "javascript:alert(1)", "gopher://" + host + "/x",
	} {
		if err := v.Callback(t.Context(), callback, s.URL); !errors.As(err, &rejected) {
			t.Errorf("%q: %v", callback, err)
		}
	}
	if canary.requests() != 0 || s.requests() != 1 {
		t.Errorf("the canary was asked %d times, the issuer %d times", canary.requests(), s.requests())
	}
	// Redirects, to the own host too, and any other status are failures; nothing is tried again.
	for _, status := range []int{201, 204, 301, 302, 303, 307, 308, 401, 404, 429, 500, 503} {
		before := s.requests()
		s.set(func(w http.ResponseWriter, r *http.Request) {
			target := canary.URL + "/x"
			if status%2 == 1 {
				target = s.URL + "/elsewhere"
			}
			w.Header().Set("Location", target)
			w.WriteHeader(status)
		})
		err := v.Callback(t.Context(), good, s.URL)
		if err == nil || errors.As(err, &rejected) || strings.Contains(err.Error(), "abc") {
			t.Errorf("status %d: %v", status, err)
		}
		if n := s.requests() - before; n != 1 {
			t.Errorf("status %d: %d requests", status, n)
		}
	}
	if canary.requests() != 0 {
		t.Error("a redirect was followed")
	}
	// The guard looks at the address too, whatever the name is.
	guarded := New(Options{})
	defer guarded.Close()
	if err := guarded.Callback(t.Context(), good, s.URL); err == nil || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("a loopback address is called: %v", err)
	}
}

// One host can keep few callbacks waiting.
func TestJ17CallbacksAreBounded(t *testing.T) {
	s := newIssuer(t)
	v := newVerifier(t, Options{})
	open, arrived := make(chan struct{}), make(chan struct{}, 100)
	s.set(func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-open })
	var wg sync.WaitGroup
	for range maxCallbacks {
		wg.Go(func() {
			if err := v.Callback(t.Context(), s.URL+"/x", s.URL); err != nil {
				t.Error(err)
			}
		})
	}
	for range maxCallbacks {
		<-arrived
	}
	if err := v.Callback(t.Context(), s.URL+"/x", s.URL); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Error(err)
	}
	close(open)
	wg.Wait()
	if err := v.Callback(t.Context(), s.URL+"/x", s.URL); err != nil {
		t.Error(err)
	}
}
