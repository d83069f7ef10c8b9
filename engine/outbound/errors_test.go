package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestX3ErrorsAreShortAndHoldNoSecret(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := free.Addr().String()
	free.Close()

	hangUp := serve(t, func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) })
	half := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "half")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it would tell of the bad certificate
	secure.StartTLS()
	defer secure.Close()
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	garbage := rawServer(t, "hunter2 \x1b[31m is not HTTP\r\n\r\n")
	wait := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ns := newNameServer(t, func(int64) [][4]byte { return nil })

	const secret = "/hunter2?token=hunter2"
	for _, tc := range []struct {
		name, url string
		kind      Kind
		want      string // in the text
	}{
		{"refused", "http://" + closed, KindNetwork, "connect to " + closed + ": connection refused"},
		{"hang up", hangUp.URL, KindNetwork, "closed the connection"},
		{"half a body", half.URL, KindNetwork, "closed the connection"},
		{"no name", "http://nowhere.test", KindNetwork, "look up nowhere.test: no such host"},
		{"unknown authority", secure.URL, KindNetwork, "certificate"},
		{"plain server", strings.Replace(plain.URL, "http:", "https:", 1), KindNetwork, "plain HTTP"},
		{"garbage", "http://" + garbage, KindNetwork, "malformed HTTP"},
		{"slow", wait.URL, KindTimeout, "within 100ms"},
		{"guard", "http://10.0.0.1", KindInput, "--allow-network 10.0.0.0/8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newClient(t, Policy{Allow: loopback(), Resolver: ns.resolver(), Timeout: 5 * time.Second})
			o := CallOptions{}
			if tc.kind == KindTimeout {
				o.Timeout = 100 * time.Millisecond
			}
			check := func(err error, want string) {
				t.Helper()
				switch {
				case err == nil:
					t.Fatal("no error")
				case Classify(err) != tc.kind:
					t.Errorf("kind %s, want %s (%v)", Classify(err), tc.kind, err)
				case !strings.Contains(err.Error(), want):
					t.Errorf("%q does not say %q", err, want)
				case tc.name != "garbage" && strings.Contains(err.Error(), "hunter2"),
					strings.ContainsAny(err.Error(), "\n\x1b"), len(err.Error()) > 300:
					t.Errorf("%q", err)
				}
			}
			_, err := c.Do(t.Context(), get(t, tc.url+secret), o)
			check(err, tc.want)
			hc := c.HTTPWith(o)
			resp, err := hc.Get(tc.url + secret)
			if err == nil {
				resp.Body.Close()
				return
			}
			if Classify(err) != tc.kind {
				t.Errorf("HTTP(): kind %s, want %s (%v)", Classify(err), tc.kind, err)
			}
			want := tc.want
			if tc.kind == KindTimeout {
				want = "in time" // the library's limit is not ours to name
			}
			check(Explain(err), want)
		})
	}
}

func TestClassifyContexts(t *testing.T) {
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := newClient(t, Policy{Allow: loopback()})

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Do(ctx, get(t, s.URL), CallOptions{})
	if Classify(err) != KindCancelled || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %s, %v", Classify(err), err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = c.Do(ctx, get(t, s.URL), CallOptions{})
	if Classify(err) != KindTimeout || !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "1m") {
		t.Errorf("deadline of the caller: %s, %v", Classify(err), err)
	}
	if Classify(nil) != "" || Explain(nil) != nil {
		t.Error("nil")
	}
	if Classify(errors.New("x")) != KindNetwork {
		t.Error("unknown")
	}
	if Classify(fmt.Errorf("step: %w", &BadURL{"x"})) != KindInput {
		t.Error("wrapped")
	}
}

// The request is the caller's: it comes back as it went in, and its body is
// closed whatever happens.
func TestDoLeavesTheRequestAlone(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.UserAgent()) })
	c := newClient(t, Policy{Allow: loopback(), UserAgent: "Currant/1.2"})
	req := get(t, s.URL)
	req.Header = nil
	resp, err := c.Do(t.Context(), req, CallOptions{})
	if err != nil || string(resp.Body) != "Currant/1.2" || req.Header != nil || resp.Duration <= 0 || resp.URL.String() != s.URL {
		t.Errorf("%+v, %v", resp, err)
	}
	req = get(t, s.URL)
	req.Header.Set("User-Agent", "mine")
	if resp, err = c.Do(t.Context(), req, CallOptions{}); err != nil || string(resp.Body) != "mine" {
		t.Errorf("%+v, %v", resp, err)
	}
	for _, url := range []string{"http://10.0.0.1/", "http://2130706433/"} {
		body := &closeRecorder{Reader: strings.NewReader("x")}
		req = get(t, url)
		req.Method, req.Body = "POST", body
		if _, err = c.Do(t.Context(), req, CallOptions{}); err == nil || !body.closed {
			t.Errorf("%s: %v, closed %v", url, err, body.closed)
		}
	}
}

type closeRecorder struct {
	*strings.Reader
	closed bool
}

func (c *closeRecorder) Close() error { c.closed = true; return nil }

func rawServer(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			fmt.Fprint(conn, answer)
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func TestX3ExplainTakesTheURLOut(t *testing.T) {
	odd := &url.Error{Op: "Get", URL: "https://api.test/?token=hunter2", Err: errors.New("something odd\nhappened")}
	for _, err := range []error{odd, fmt.Errorf("fetch: %w", odd), &url.Error{Op: "Get", URL: "https://x.test/?hunter2", Err: odd}} {
		got := Explain(err)
		if s := got.Error(); strings.Contains(s, "hunter2") || strings.Contains(s, "\n") || !strings.Contains(s, ":443: something odd") || Classify(got) != KindNetwork {
			t.Errorf("%q", s)
		}
	}
}
