package outbound

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// seen is a server that remembers its requests.
type seen struct {
	*httptest.Server
	mu   sync.Mutex
	reqs []*http.Request
	body []string
}

func (s *seen) last() (*http.Request, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.reqs) == 0 {
		return nil, ""
	}
	return s.reqs[len(s.reqs)-1], s.body[len(s.body)-1]
}

func (s *seen) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.reqs)
}

// newSeen redirects /r to to with status; everything else is 200.
func newSeen(t *testing.T, status int, to func() string) *seen {
	s := &seen{}
	s.Server = serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.reqs, s.body = append(s.reqs, r), append(s.body, string(b))
		s.mu.Unlock()
		if r.URL.Path == "/r" {
			w.Header().Set("Location", to())
			w.WriteHeader(status)
		}
	})
	return s
}

var secretHeaders = []string{"Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key", "X-Anything"}

func secretRequest(t *testing.T, method, url, body string) *http.Request {
	var rd io.Reader
	if body != "" {
		rd = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, url, rd)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range secretHeaders {
		r.Header.Set(h, "hunter2")
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "text/plain")
	return r
}

func TestS4FiveCodesEightTargets(t *testing.T) {
	type want int
	const (
		keeps    want = iota // followed, with the headers
		drops                // followed without them
		refused              // *Refused: the guard's no
		bad                  // *RedirectError over a *BadURL
		redirect             // *RedirectError
	)
	for _, status := range []int{301, 302, 303, 307, 308} {
		var to string
		first := newSeen(t, status, func() string { return to })
		second := newSeen(t, 200, nil)
		_, port, _ := net.SplitHostPort(first.Listener.Addr().String())
		c := newClient(t, Policy{Allow: []netip.Prefix{pfx("127.0.0.1/32")}})

		for _, tc := range []struct {
			name, to string
			want     want
		}{
			{"same origin", first.URL + "/x", keeps},
			{"relative", "/x?y", keeps},
			{"other origin", second.URL + "/x", drops},
			{"same address by another name", "http://localhost:" + port + "/x", drops},
			{"private address", "http://10.0.0.1/", refused},
			{"metadata address", "//169.254.169.254/latest/meta-data", refused},
			{"other scheme", "file:///etc/passwd", bad},
			{"odd spelling with user", "http://a:b@2130706433/", bad},
		} {
			t.Run(fmt.Sprint(status, " ", tc.name), func(t *testing.T) {
				to = tc.to
				before := second.count()
				resp, err := c.Do(t.Context(), secretRequest(t, "GET", first.URL+"/r", ""), CallOptions{Redirects: 1})
				var (
					r  *Refused
					re *RedirectError
					bu *BadURL
				)
				switch tc.want {
				case keeps, drops:
					if tc.name == "same address by another name" && errors.As(err, &r) && r.Addr.Is6() {
						t.Skip("localhost is ::1 first here")
					}
					if err != nil {
						t.Fatal(err)
					}
					got, _ := first.last()
					if tc.name == "other origin" {
						if second.count() != before+1 {
							t.Fatal("not followed")
						}
						got, _ = second.last()
					}
					if got.URL.Path != "/x" || resp.URL.Path != "/x" || got.Header.Get("Accept") != "application/json" {
						t.Errorf("landed at %s with %v", got.URL, got.Header)
					}
					for _, h := range secretHeaders {
						if has := got.Header.Get(h) != ""; has != (tc.want == keeps) {
							t.Errorf("header %s passed on: %v", h, has)
						}
					}
					if got.Header.Get("Referer") != "" {
						t.Error("a Referer was sent")
					}
				case refused:
					if !errors.As(err, &r) || Classify(err) != KindInput {
						t.Errorf("got %v", err)
					}
				case bad:
					if !errors.As(err, &re) || !errors.As(err, &bu) || re.Status != status || Classify(err) != KindInput {
						t.Errorf("got %v", err)
					}
				}

				// Off by default: the same answer is just an answer.
				resp, err = c.Do(t.Context(), get(t, first.URL+"/r"), CallOptions{})
				if err != nil || resp.Status != status {
					t.Errorf("without redirects: %v, %v", resp, err)
				}
				hr, err := c.HTTP().Get(first.URL + "/r")
				if err != nil || hr.StatusCode != status {
					t.Fatalf("HTTP(): %v, %v", hr, err)
				}
				hr.Body.Close()
			})
		}
	}
}

func TestS4BodiesAndMethods(t *testing.T) {
	for _, tc := range []struct {
		status     int
		method     string
		wantMethod string
		wantBody   string
	}{
		{301, "POST", "GET", ""},
		{302, "POST", "GET", ""},
		{303, "POST", "GET", ""},
		{303, "PUT", "GET", ""},
		{301, "PUT", "PUT", "secret"},
		{302, "DELETE", "DELETE", "secret"},
		{307, "POST", "POST", "secret"},
		{308, "PATCH", "PATCH", "secret"},
	} {
		var to string
		first := newSeen(t, tc.status, func() string { return to })
		second := newSeen(t, 200, nil)
		c := newClient(t, Policy{Allow: loopback()})

		to = "/x"
		if _, err := c.Do(t.Context(), secretRequest(t, tc.method, first.URL+"/r", "secret"), CallOptions{Redirects: 5}); err != nil {
			t.Fatal(err)
		}
		got, body := first.last()
		if got.Method != tc.wantMethod || body != tc.wantBody || (got.Header.Get("Content-Type") != "") != (body != "") {
			t.Errorf("%d %s: arrived as %s %q %v", tc.status, tc.method, got.Method, body, got.Header)
		}

		to = second.URL + "/x"
		_, err := c.Do(t.Context(), secretRequest(t, tc.method, first.URL+"/r", "secret"), CallOptions{Redirects: 5})
		var re *RedirectError
		if tc.wantBody == "" {
			if _, body := second.last(); err != nil || body != "" {
				t.Errorf("%d %s to another origin: %v, body %q", tc.status, tc.method, err, body)
			}
		} else if !errors.As(err, &re) || second.count() != 0 || Classify(err) != KindHTTP {
			t.Errorf("%d %s: the body went to another origin: %v", tc.status, tc.method, err)
		}
	}
}

func TestS4LimitOfHops(t *testing.T) {
	var s *seen
	s = newSeen(t, 302, func() string { return s.URL + "/r" })
	c := newClient(t, Policy{Allow: loopback()})
	for _, tc := range []struct{ ask, hops int }{{1, 1}, {5, 5}, {50, 5}, {-1, 0}} {
		before := s.count()
		resp, err := c.Do(t.Context(), get(t, s.URL+"/r"), CallOptions{Redirects: tc.ask})
		var re *RedirectError
		if tc.hops == 0 {
			if err != nil || resp.Status != 302 {
				t.Errorf("%v, %v", resp, err)
			}
		} else if !errors.As(err, &re) || re.Status != 302 {
			t.Errorf("asked for %d: %v", tc.ask, err)
		}
		if got := s.count() - before; got != tc.hops+1 {
			t.Errorf("asked for %d: %d calls, want %d", tc.ask, got, tc.hops+1)
		}
	}
}

func TestS4NeverFromHTTPSToHTTPAndBack(t *testing.T) {
	plain := newSeen(t, 200, nil)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain.URL+"/x", http.StatusFound)
	}))
	defer secure.Close()
	c := newClient(t, Policy{Allow: loopback()})
	c.transport.TLSClientConfig = secure.Client().Transport.(*http.Transport).TLSClientConfig
	_, err := c.Do(t.Context(), get(t, secure.URL), CallOptions{Redirects: 5})
	var re *RedirectError
	if !errors.As(err, &re) || plain.count() != 0 || !strings.Contains(err.Error(), "https to http") {
		t.Errorf("%v, %d calls", err, plain.count())
	}
}

// Secrets stay dropped when a chain comes back to where it began.
func TestS4SecretsDoNotReturn(t *testing.T) {
	var first, second *seen
	second = newSeen(t, 302, func() string { return first.URL + "/x" })
	first = newSeen(t, 302, func() string { return second.URL + "/r" })
	c := newClient(t, Policy{Allow: loopback()})
	if _, err := c.Do(t.Context(), secretRequest(t, "GET", first.URL+"/r", ""), CallOptions{Redirects: 5}); err != nil {
		t.Fatal(err)
	}
	got, _ := first.last()
	if got.URL.Path != "/x" || got.Header.Get("Authorization") != "" {
		t.Errorf("%s with %v", got.URL, got.Header)
	}
}
