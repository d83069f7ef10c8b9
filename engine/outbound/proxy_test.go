package outbound

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

func TestS5EnvironmentAloneChangesNothing(t *testing.T) {
	var proxied atomic.Int64
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { proxied.Add(1) })
	for _, v := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(v, proxy.URL)
	}
	for _, v := range []string{"NO_PROXY", "no_proxy"} {
		t.Setenv(v, "")
	}
	c := newClient(t, Policy{})
	for _, target := range []string{"http://10.0.0.1/", "http://169.254.169.254/", "https://[fd00::1]/", "http://localhost:1/", proxy.URL} {
		_, err := c.Do(t.Context(), get(t, target), CallOptions{})
		if r := new(Refused); !errors.As(err, &r) {
			t.Errorf("%s: %v", target, err)
		}
	}
	if proxied.Load() != 0 {
		t.Errorf("the proxy was used %d times", proxied.Load())
	}
}

func TestS5ConfiguredProxyKeepsTheGuard(t *testing.T) {
	var proxied atomic.Int64
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		proxied.Add(1)
		fmt.Fprint(w, "for ", r.URL.Host)
	})
	pu, _ := url.Parse(proxy.URL)
	ns := newNameServer(t, func(n int64) [][4]byte { return [][4]byte{{10, 0, 0, 1}} })
	public := newNameServer(t, func(n int64) [][4]byte { return [][4]byte{{8, 8, 8, 8}} })
	mixed := newNameServer(t, func(n int64) [][4]byte { return [][4]byte{{8, 8, 8, 8}, {10, 0, 0, 1}} })
	nothing := newNameServer(t, func(n int64) [][4]byte { return nil })
	use := func(*http.Request) (*url.URL, error) { return pu, nil }

	for _, tc := range []struct {
		name, target string
		resolver     *net.Resolver
		want         Kind
	}{
		{"literal", "http://10.0.0.1/", public.resolver(), KindInput},
		{"literal https", "https://169.254.169.254/", public.resolver(), KindInput},
		{"private name", "http://api.test/", ns.resolver(), KindInput},
		{"private name https", "https://api.test/", ns.resolver(), KindInput},
		{"one private address", "http://api.test/", mixed.resolver(), KindInput},
		{"the proxy itself", proxy.URL, public.resolver(), KindInput},
		{"unknown name", "http://api.test/", nothing.resolver(), KindNetwork},
		{"public name", "http://api.test/", public.resolver(), ""},
	} {
		before := proxied.Load()
		c := newClient(t, Policy{Proxy: use, Resolver: tc.resolver})
		resp, err := c.Do(t.Context(), get(t, tc.target), CallOptions{})
		if Classify(err) != tc.want {
			t.Errorf("%s: %v", tc.name, err)
		}
		if tc.want == "" {
			if err != nil || string(resp.Body) != "for api.test" {
				t.Errorf("%s: %v", tc.name, err)
			}
		} else if proxied.Load() != before {
			t.Errorf("%s: the proxy was asked", tc.name)
		}
	}
}

// What the exemption of the proxy's address opens is the proxy and no more.
func TestS5ProxyChosenForSomeOnly(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	pu, _ := url.Parse(s.URL)
	public := newNameServer(t, func(n int64) [][4]byte { return [][4]byte{{8, 8, 8, 8}} })
	c := newClient(t, Policy{Resolver: public.resolver(), Proxy: func(r *http.Request) (*url.URL, error) {
		if r.URL.Host == "api.test" {
			return pu, nil
		}
		return nil, nil
	}})
	if _, err := c.Do(t.Context(), get(t, "http://api.test"), CallOptions{}); err != nil {
		t.Fatal(err)
	}
	direct := "http://localhost:" + pu.Port()
	if _, err := c.Do(t.Context(), get(t, direct), CallOptions{}); Classify(err) != KindInput {
		t.Errorf("the proxy's address directly: %v", err)
	}
}

func TestS5ProxyErrorsHoldNoSecret(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close() // nothing listens there now
	public := newNameServer(t, func(n int64) [][4]byte { return [][4]byte{{8, 8, 8, 8}} })
	for _, use := range []func(*http.Request) (*url.URL, error){
		func(*http.Request) (*url.URL, error) { return url.Parse("http://user:hunter2@" + addr) },
		func(*http.Request) (*url.URL, error) {
			return url.Parse(strings.ReplaceAll("http://user:hunter2@!zz", "!", "%"))
		},
	} {
		c := newClient(t, Policy{Proxy: use, Resolver: public.resolver()})
		_, err := c.Do(t.Context(), get(t, "https://api.test/?token=hunter2"), CallOptions{})
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "proxy for api.test:443") {
			t.Errorf("%v", err)
		}
	}
}
