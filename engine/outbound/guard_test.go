package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
)

// pair is an allowed server on 127.0.0.1 and a canary on 127.0.0.2, same port.
type pair struct {
	port     string
	contacts atomic.Int64 // connections to the canary
	served   atomic.Int64 // calls to the allowed server
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{}
	s := serve(t, func(http.ResponseWriter, *http.Request) { p.served.Add(1) })
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	p.port = port

	l, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		t.Skipf("127.0.0.2 is not usable here: %v", err)
	}
	canary := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	canary.Listener.Close()
	canary.Listener = l
	canary.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			p.contacts.Add(1)
		}
	}
	canary.Start()
	t.Cleanup(canary.Close)
	return p
}

func TestS1NameThatChangesBetweenLookups(t *testing.T) {
	good, canary := [4]byte{127, 0, 0, 1}, [4]byte{127, 0, 0, 2}
	allow := []netip.Prefix{pfx("127.0.0.1/32")}
	const tries = 200

	for _, tc := range []struct {
		name   string
		answer func(n int64) [][4]byte
	}{
		{"alternating", func(n int64) [][4]byte { return [][4]byte{[2][4]byte{good, canary}[n%2]} }},
		{"both, canary first", func(int64) [][4]byte { return [][4]byte{canary, good} }},
		{"both, canary last", func(int64) [][4]byte { return [][4]byte{good, canary} }},
		{"canary only", func(int64) [][4]byte { return [][4]byte{canary} }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPair(t)
			ns := newNameServer(t, tc.answer)
			c := newClient(t, Policy{Allow: allow, Resolver: ns.resolver()})
			refused := 0
			for range tries {
				_, err := c.Do(t.Context(), get(t, "http://rebind.test:"+p.port), CallOptions{})
				var r *Refused
				switch {
				case errors.As(err, &r):
					refused++
					if r.Host != "rebind.test" || r.Addr.String() != "127.0.0.2" {
						t.Fatalf("refusal names %s at %s", r.Host, r.Addr)
					}
				case err != nil:
					t.Fatal(err)
				}
				c.Close() // so that the next try looks the name up again
			}
			if n := p.contacts.Load(); n != 0 {
				t.Errorf("%d contacts at the canary, want 0", n)
			}
			if ns.asked.Load() < tries {
				t.Errorf("%d look-ups, want at least %d", ns.asked.Load(), tries)
			}
			if int(p.served.Load())+refused != tries {
				t.Errorf("%d served + %d refused, want %d", p.served.Load(), refused, tries)
			}
			if tc.name == "alternating" && (p.served.Load() == 0 || refused == 0) {
				t.Errorf("%d served, %d refused: the name did not change", p.served.Load(), refused)
			}
		})
	}

	// The counter-example: a check before the call and a second look-up at the
	// call. It must reach the canary, or the test above proves nothing.
	t.Run("a check before the call fails", func(t *testing.T) {
		p := newPair(t)
		ns := newNameServer(t, func(n int64) [][4]byte { return [][4]byte{[2][4]byte{good, canary}[n%2]} })
		r := ns.resolver()
		d := net.Dialer{Resolver: r}
		for range 10 {
			addrs, err := r.LookupNetIP(t.Context(), "ip4", "rebind.test")
			if err != nil {
				t.Fatal(err)
			}
			if _, denied := Denied(addrs[0].Unmap(), allow); denied {
				continue
			}
			if conn, err := d.DialContext(t.Context(), "tcp", "rebind.test:"+p.port); err == nil {
				// The answer shows that the canary has seen the connection.
				fmt.Fprint(conn, "GET / HTTP/1.0\r\n\r\n")
				_, _ = conn.Read(make([]byte, 1))
				conn.Close()
			}
		}
		if p.contacts.Load() == 0 {
			t.Error("the naive check was not fooled: the canary does not work")
		}
	})
}

func TestS1RefusalIsPerClientAndDoor(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") })
	denied := newClient(t, Policy{})
	allowed := newClient(t, Policy{Allow: loopback()})

	for _, host := range []string{s.URL, strings.Replace(s.URL, "127.0.0.1", "localhost", 1)} {
		_, err := denied.Do(t.Context(), get(t, host), CallOptions{})
		var r *Refused
		if !errors.As(err, &r) {
			t.Fatalf("Do(%s): %v, want a refusal", host, err)
		}
		if Classify(err) != KindInput || !strings.Contains(err.Error(), "--allow-network") {
			t.Errorf("Do(%s): kind %s, %v", host, Classify(err), err)
		}
		_, err = denied.HTTP().Get(host)
		if !errors.As(err, &r) || Classify(err) != KindInput || Explain(err) != error(r) {
			t.Errorf("HTTP().Get(%s): %v", host, err)
		}
		if _, err = denied.Open(t.Context(), get(t, host), CallOptions{}); !errors.As(err, &r) {
			t.Errorf("Open(%s): %v", host, err)
		}
	}
	resp, err := allowed.Do(t.Context(), get(t, s.URL), CallOptions{})
	if err != nil || string(resp.Body) != "hello" || resp.Status != 200 {
		t.Errorf("allowed: %v, %v", resp, err)
	}
}

func TestS1ControlRefusesWhatIsNotTCP(t *testing.T) {
	c := newClient(t, Policy{})
	for _, tc := range []struct{ network, addr string }{
		{"unix", "/var/run/docker.sock"},
		{"udp4", "8.8.8.8:53"},
		{"tcp4", "no address"},
		{"tcp6", "[fe80::1%eth0]:80"},
	} {
		if err := c.control(context.Background(), tc.network, tc.addr, nil); err == nil {
			t.Errorf("control(%s, %s) allowed", tc.network, tc.addr)
		}
	}
	if err := c.control(context.Background(), "tcp4", "8.8.8.8:443", nil); err != nil {
		t.Error(err)
	}
}
