package httpreq

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/outbound"
	"currant/steps"
)

// A redirect to another origin takes no credentials along, wherever they were.
func TestS4RedirectDropsAuth(t *testing.T) {
	other, last := recorder(t)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/same":
			http.Redirect(w, r, "/v1/end", http.StatusFound)
		case "/v1/end":
			w.Header().Set("X-Got", r.Header.Get("Authorization"))
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/private":
			http.Redirect(w, r, "http://10.1.2.3/", http.StatusFound)
		default:
			http.Redirect(w, r, other.URL+"/other", http.StatusTemporaryRedirect)
		}
	})
	v := vars("base", str(s.URL), "k", secret("canary-key"))
	conn := opened(t, "base_url = var.base\nheaders = { X-Api-Key = var.k }\nauth \"bearer\" { token = var.k }", v)
	f := fixture{vars: v, conn: conn}
	out := f.ok(t, "path = \"/cross\"\nfollow_redirects = 1\nheaders = { Cookie = var.k, Accept = \"a/b\" }")
	h := last.Load().header
	for name, values := range h {
		for _, value := range values {
			if strings.Contains(value, "canary") {
				t.Errorf("%s went along", name)
			}
		}
	}
	if h.Get("Accept") != "a/b" || !out["status"].RawEquals(cty.NumberIntVal(200)) {
		t.Errorf("%v %v", h, out["status"])
	}
	out = f.ok(t, "path = \"/same\"\nfollow_redirects = 1")
	got, _ := out["headers"].Unmark()
	if v, _ := got.AsValueMap()["x-got"].Unmark(); v.AsString() != "Bearer canary-key" {
		t.Errorf("same origin: %v", v)
	}
	f.fails(t, "path = \"/loop\"\nfollow_redirects = 3", steps.HTTPError, "the limit of 3 redirects is reached")
	f.fails(t, "path = \"/private\"\nfollow_redirects = 3", steps.InputError, "--allow-network 10.0.0.0/8")
}

func TestS2RefusalNamesTheFlag(t *testing.T) {
	s, last := recorder(t)
	closed := outbound.Policy{}
	f := fixture{vars: vars("base", str(s.URL)), policy: &closed}
	failed := f.fails(t, `url = var.base`, steps.InputError, "start it with --allow-network 127.0.0.0/8")
	if failed.Retryable(nil) {
		t.Error("a refusal is not retried")
	}
	f.fails(t, `url = "http://localhost:1/"`, steps.InputError, "--allow-network")
	f.fails(t, `url = "http://169.254.169.254/latest/meta-data"`, steps.InputError, "link-local")
	k := Connection(closed)
	conn, err := k.Open(t.Context(), evaluated(t, k.Spec(), "base_url = var.base\nauth \"oauth2\" {\ntoken_url = \"${var.base}/t\"\nclient_id = \"i\"\nclient_secret = \"canary-secret\"\n}", f.vars))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.(*Client).Close()
	f.conn = conn.(*Client)
	f.fails(t, `path = "/"`, steps.InputError, "--allow-network 127.0.0.0/8")
	if last.Load() != nil {
		t.Error("it was called")
	}
}

func TestS5ProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	s, last := recorder(t)
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the proxy was called") })
	t.Setenv("HTTP_PROXY", proxy.URL)
	f := fixture{vars: vars("base", str(s.URL))}
	f.ok(t, `url = var.base`)
	if last.Load() == nil {
		t.Error("not called")
	}
	var asked atomic.Int64
	through := serve(t, func(w http.ResponseWriter, r *http.Request) { asked.Add(1) })
	p := loopback()
	u, _ := url.Parse(through.URL)
	p.Proxy = func(*http.Request) (*url.URL, error) { return u, nil }
	p.Allow = append(p.Allow, netip.MustParsePrefix("::1/128"))
	f.policy = &p
	f.ok(t, `url = var.base`)
	if asked.Load() != 1 {
		t.Error("the policy's proxy was not used")
	}
}
