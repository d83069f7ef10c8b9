package outbound

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// bomb is gzip that unpacks to n times 64 MiB of nothing.
func bomb(t testing.TB, n int) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	zeros := make([]byte, 1<<20)
	for range 64 {
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	z.Close()
	return bytes.Repeat(b.Bytes(), n) // members of one gzip file
}

func TestS6GzipBomb(t *testing.T) {
	packed := bomb(t, 16) // 1 GiB
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed)
	})
	c := newClient(t, Policy{Allow: loopback()})

	for _, ask := range []string{"", "gzip"} { // net/http takes the gzip off, or we do
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		req := get(t, s.URL)
		if ask != "" {
			req.Header.Set("Accept-Encoding", ask)
		}
		_, err := c.Do(t.Context(), req, CallOptions{})
		runtime.ReadMemStats(&after)

		var large *TooLarge
		if !errors.As(err, &large) || large.Limit != 10<<20 || large.Status != 200 || Classify(err) != KindHTTP {
			t.Fatalf("%q: %v", ask, err)
		}
		if !strings.Contains(err.Error(), "10 MiB") {
			t.Errorf("the limit is not named: %v", err)
		}
		// All that was ever allocated, garbage included, the server's side too.
		grown := (after.TotalAlloc - before.TotalAlloc) >> 20
		t.Logf("%q: %d MiB allocated, %d MiB from the system", ask, grown, (after.Sys-before.Sys)>>20)
		if grown >= 64 {
			t.Errorf("%d MiB allocated for a gzip bomb of 1 GB", grown)
		}
	}
}

func TestS6BodyLimit(t *testing.T) {
	var n atomic.Int64
	var chunked, packed atomic.Bool
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body := bytes.Repeat([]byte("x"), int(n.Load()))
		if packed.Load() {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(body)
			z.Close()
			return
		}
		if !chunked.Load() {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		} else {
			w.(http.Flusher).Flush()
		}
		_, _ = w.Write(body)
	})
	c := newClient(t, Policy{Allow: loopback(), MaxBody: 1000})
	for _, mode := range []string{"length", "chunked", "gzip"} {
		chunked.Store(mode == "chunked")
		packed.Store(mode == "gzip")
		for _, tc := range []struct {
			size, limit int64
			ok          bool
		}{{0, 0, true}, {1, 0, true}, {1000, 0, true}, {1001, 0, false}, {1001, 1001, true}, {5000, 1001, false}, {5000, 4999, false}} {
			n.Store(tc.size)
			o := CallOptions{MaxBody: tc.limit}
			resp, err := c.Do(t.Context(), get(t, s.URL), o)
			var large *TooLarge
			if tc.ok != (err == nil) || !tc.ok && !errors.As(err, &large) {
				t.Errorf("%s %v: %v", mode, tc, err)
			}
			if tc.ok && int64(len(resp.Body)) != tc.size {
				t.Errorf("%s %v: read %d", mode, tc, len(resp.Body))
			}

			st, err := c.Open(t.Context(), get(t, s.URL), o)
			var got []byte
			if err == nil {
				got, err = io.ReadAll(st.Body)
				st.Body.Close()
			}
			if tc.ok != (err == nil) || int64(len(got)) > max(tc.limit, 1000) {
				t.Errorf("%s %v stream: read %d, %v", mode, tc, len(got), err)
			}

			hr, err := c.HTTPWith(o).Get(s.URL)
			if err == nil {
				_, err = io.ReadAll(hr.Body)
				hr.Body.Close()
			}
			if tc.ok != (err == nil) || !tc.ok && !errors.As(err, &large) {
				t.Errorf("%s %v HTTP(): %v", mode, tc, err)
			}
		}
	}
	// A HEAD announces a length and has no body.
	chunked.Store(false)
	packed.Store(false)
	n.Store(1 << 30)
	head := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1073741824")
	}))
	defer head.Close()
	req := get(t, head.URL)
	req.Method = http.MethodHead
	if resp, err := c.Do(t.Context(), req, CallOptions{}); err != nil || len(resp.Body) != 0 {
		t.Errorf("HEAD: %v, %v", resp, err)
	}
}

func TestS6HeaderLimit(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pads := 20 // 80 KiB
		if r.URL.Path == "/huge" {
			pads = 64 // 256 KiB
		}
		for i := range pads {
			w.Header().Set(fmt.Sprint("X-Pad-", i), strings.Repeat("x", 4<<10))
		}
	})
	plain := httptest.NewServer(handler)
	defer plain.Close()
	h2 := httptest.NewUnstartedServer(handler)
	h2.EnableHTTP2 = true
	h2.Config.ErrorLog = log.New(io.Discard, "", 0)
	h2.StartTLS()
	defer h2.Close()

	for _, s := range []*httptest.Server{plain, h2} {
		for limit, ok := range map[int64]bool{0: false, 1 << 20: true} {
			c := NewClient(Policy{Allow: loopback(), MaxHeader: limit})
			if s == h2 {
				c.transport.TLSClientConfig = h2.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			}
			_, err := c.Do(t.Context(), get(t, s.URL), CallOptions{})
			var large *TooLarge
			named := errors.As(err, &large) && large.What == "headers"
			// HTTP/2 mostly ends the connection without saying why.
			if ok != (err == nil) || !ok && !named && s == plain {
				t.Errorf("%s, limit %d: %v", s.URL, limit, err)
			}
			if _, err = c.Do(t.Context(), get(t, s.URL+"/huge"), CallOptions{}); ok != (err == nil) {
				t.Errorf("%s/huge, limit %d: %v", s.URL, limit, err)
			}
			c.Close()
		}
	}
}

func TestS6StreamsThatNeverEnd(t *testing.T) {
	for name, write := range map[string]func(w http.ResponseWriter, r *http.Request){
		"nothing": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"headers only": func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"a byte now and then": func(w http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(2 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-r.Context().Done():
					return
				case <-tick.C:
					_, _ = w.Write([]byte("x"))
					w.(http.Flusher).Flush()
				}
			}
		},
	} {
		s := serve(t, write)
		c := newClient(t, Policy{Allow: loopback(), Timeout: 50 * time.Millisecond})
		start := time.Now()
		_, err := c.Do(t.Context(), get(t, s.URL), CallOptions{})
		if Classify(err) != KindTimeout || !strings.Contains(err.Error(), "50ms") {
			t.Errorf("%s: %v", name, err)
		}
		hr, err := c.HTTP().Get(s.URL)
		if err == nil {
			_, err = io.ReadAll(hr.Body)
			hr.Body.Close()
		}
		if Classify(err) != KindTimeout {
			t.Errorf("%s, HTTP(): %v", name, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: cut after %s only", name, took)
		}
	}
	// As fast as it can: cut by the size.
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 64<<10)
		for r.Context().Err() == nil {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	c := newClient(t, Policy{Allow: loopback()})
	_, err := c.Do(t.Context(), get(t, s.URL), CallOptions{})
	var large *TooLarge
	if !errors.As(err, &large) {
		t.Errorf("endless: %v", err)
	}
}

// The name server never answers: the connect limit ends the call long before
// the whole call's limit would.
func TestS6ConnectLimit(t *testing.T) {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	// The resolver goes on waiting after the call has ended: hang up on it.
	ended, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		var d net.Dialer
		conn, err := d.DialContext(ended, "udp", pc.LocalAddr().String())
		if err == nil {
			context.AfterFunc(ended, func() { conn.Close() })
		}
		return conn, err
	}}
	c := newClient(t, Policy{Resolver: resolver, ConnectTimeout: 50 * time.Millisecond})
	start := time.Now()
	_, err = c.Do(t.Context(), get(t, "http://slow.test/"), CallOptions{})
	if Classify(err) != KindTimeout || time.Since(start) > 4*time.Second {
		t.Errorf("%v after %s", err, time.Since(start))
	}
}

func TestS6Defaults(t *testing.T) {
	c := newClient(t, Policy{})
	p := c.policy
	if p.ConnectTimeout != 10*time.Second || p.Timeout != time.Minute || p.MaxBody != 10<<20 || p.MaxHeader != 64<<10 ||
		c.transport.MaxResponseHeaderBytes != 64<<10 || c.HTTP().Timeout != time.Minute || c.transport.Proxy != nil {
		t.Errorf("%+v", p)
	}
}
