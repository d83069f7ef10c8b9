package sim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestStart(t *testing.T) {
	r, err := Start(t.Context(), "127.0.0.1:0", Options{Seed: 200})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(r.URL + "/sim/state")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if _, err := Start(t.Context(), strings.TrimPrefix(r.URL, "http://"), Options{}); err == nil {
		t.Error("two listen at one address")
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := http.Get(r.URL + "/sim/state"); err == nil {
		t.Error("it still listens")
	}
	if got := reachable("[::]:80"); got != "127.0.0.1:80" {
		t.Errorf("reachable: %s", got)
	}
	want := Addresses{GraphQL: "http://h/graphql", OAuth2: "http://h/oauth/token", REST: "http://h/rest", Issuer: "http://h/accounts/{account}"}
	if got := AddressesOf("http://h/"); got != want {
		t.Errorf("addresses: %+v", got)
	}
	for _, o := range []Options{{Storage: "ftp"}, {Seed: -1}} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// The base is learned from the first request where nobody told it.
func TestBaseIsLearned(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server := httptest.NewServer(s)
	defer server.Close()
	resp, err := http.Get(server.URL + "/accounts/acme/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct{ Issuer string }
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || out.Issuer != server.URL+"/accounts/acme" {
		t.Errorf("%v: %+v", err, out)
	}
}

func TestClock(t *testing.T) {
	c := newClock(time.Now)
	fired := make(chan string, 3)
	c.after(time.Hour, func() { fired <- "hour" })
	stop := c.after(time.Minute, func() { fired <- "stopped" })
	c.after(time.Millisecond, func() { fired <- "soon" })
	stop()
	if got := <-fired; got != "soon" {
		t.Errorf("fired: %s", got)
	}
	c.advance(time.Hour)
	if got := <-fired; got != "hour" {
		t.Errorf("fired: %s", got)
	}
	c.after(time.Hour, func() { fired <- "late" })
	c.stop()
	c.advance(2 * time.Hour)
	c.after(0, func() { fired <- "closed" })
	if len(fired) != 0 {
		t.Errorf("fired after the end: %s", <-fired)
	}
}

// Hostile bodies and headers are answered, never a panic.
func FuzzServe(f *testing.F) {
	s, err := New(Options{Now: func() time.Time { return noon }})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	f.Add("POST", "/graphql", `{"query":"{me{id}}"}`, "application/json", "")
	f.Add("POST", "/oauth/token", "grant_type=client_credentials&client_id=a&client_secret=b", form, "429; retry_after=1")
	f.Add("POST", "/storage/s3", "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nb\r\n--x--", "multipart/form-data; boundary=x", "")
	f.Add("POST", "/sim/faults", `{"kind":"503","times":1}`, "application/json", "")
	f.Add("GET", "/accounts/acme/webhooks/1/verify?code=a&expires_at=1", "", "", "slow; delay=0s")
	f.Fuzz(func(t *testing.T, method, path, body, media, spoil string) {
		if strings.HasPrefix(path, "/sim/deliver") || strings.HasPrefix(path, "/sim/limits") || strings.Contains(spoil, "delay") || strings.Contains(body, "delay") {
			return // these reach out, or wait
		}
		req, err := http.NewRequest(method, "http://127.0.0.1/", strings.NewReader(body))
		if err != nil || !strings.HasPrefix(path, "/") {
			return
		}
		req.URL.Path, req.URL.RawQuery, _ = strings.Cut(path, "?")
		req.Header = http.Header{"Content-Type": {media}, "X-Xurrent-Account": {"acme"}, "Authorization": {"Bearer pat-1"}}
		if spoil != "" && !strings.HasPrefix(spoil, "slow") && !strings.HasPrefix(spoil, "drip") {
			req.Header.Set("X-Sim-Fault", spoil)
		}
		s.faults.clear()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, req)
		if w.Code < 100 || w.Code > 599 {
			t.Errorf("status %d", w.Code)
		}
	})
}
