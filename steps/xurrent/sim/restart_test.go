package sim

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// again starts a service of the same options as one that is closed, or killed, at another address.
func (s *service) again(o Options) *service {
	s.Helper()
	next := start(s.T, o)
	if next.base == s.base {
		s.Fatal("it is at the same address")
	}
	return next
}

// After a restart, at another address, everything is there: records, an offering with its picture, files, webhooks, and customers with
// their credentials, rules and keys; and the provider is told where the keys are now, once.
func TestRestartAtAnotherAddress(t *testing.T) {
	o := Options{State: filepath.Join(t.TempDir(), "data", "sim.state"), Storage: providerLocal, Credentials: map[string]string{"known": "one"}}
	s := provide(t, o)
	changes := receive(t, always(200))
	sub := s.subscribe(changes, "request.create", "", true)
	s.confirm(changes.next(t))
	request := s.request("before")
	changes.next(t)
	calls := receive(t, always(200))
	offering := s.offer("acme_widget", calls.URL+"?customer_account_id={account}", allow("client_credentials", "request:Read"))
	var picture struct{ PictureURI string }
	s.mutate("appOfferingUpdate", "appOffering", "pictureUri", map[string]any{"id": offering, "pictureUri": "data:image/png;base64,cGljdHVyZQ=="}, &picture)
	body, media := s.storageInfo().form(t, "a.csv", "one", nil)
	var file struct{ Key string }
	s.do("POST", "/storage/local", body, "Content-Type", media).decode(t, &file)
	link := strings.TrimPrefix(s.sim.ExpiringURL(file.Key), s.base)
	s.control("POST", "/sim/install", map[string]any{"app": "acme_widget", "customer": "globex"}, nil)
	s.control("POST", "/sim/install", map[string]any{"app": "acme_widget", "customer": "initech", "disabled": true}, nil)
	secrets := s.told()
	client, secret := credentialsIn(secrets, partApplication)
	policy, _ := secrets[partPolicy].(map[string]any)
	order := map[string]any{"app": "acme_widget", "customer": "globex", "payload": map[string]any{"text": "x"}}
	s.control("POST", "/sim/automation", order, nil)
	calls.next(t)
	s.control("POST", "/sim/advance", map[string]any{"by": "2h"}, nil)
	lines := s.sim.lines.Load()
	discovered := s.sim.keys.published("acme")
	if err := s.sim.Close(); err != nil {
		t.Fatal(err)
	}

	n := s.again(o)
	if err := n.sim.Damaged(); err != nil {
		t.Fatal(err)
	}
	n.query(`{requests(filter:{subject:{values:["before"]}}){nodes{id}}}`).is(t, 200, request)
	if n.sim.lines.Load() < lines || n.sim.clock.now() != noon.Add(2*time.Hour) {
		t.Errorf("%d lines, it is %v", n.sim.lines.Load(), n.sim.clock.now())
	}
	var at struct{ PictureURI string }
	n.mutate("appOfferingUpdate", "appOffering", "pictureUri", map[string]any{"id": offering, "cardDescription": "c"}, &at)
	if at.PictureURI != n.base+strings.TrimPrefix(picture.PictureURI, s.base) {
		t.Errorf("the picture is at %s", at.PictureURI)
	}
	n.do("GET", at.PictureURI, "").is(t, 200, "picture")
	n.do("GET", n.sim.ExpiringURL(file.Key), "").is(t, 200, "one")
	n.do("GET", link, "").is(t, 403, "expired") // its time has passed, though not its signature

	// The provider's webhooks are confirmed still, and sign with keys that are published at the new address.
	n.request("after")
	opened(t, changes.next(t), "ES256", func(token *jwt.Token) (any, error) {
		if token.Header["kid"] != discovered[0].kid {
			t.Errorf("the key %v instead of %v", token.Header["kid"], discovered[0].kid)
		}
		return n.discoveredKey(token)
	})
	if state := n.sim.hooks.list(); len(state) != 7 {
		t.Errorf("webhooks: %+v, with %s", state, sub.id)
	}

	// The customer's credentials are good, and the rules call with the customer's key.
	n.exchange(client, secret).is(t, 200)
	n.exchange(client, secret+"x").is(t, 401)
	p := &provided{n, s.hooks, s.subs}
	p.hooks[eventSecrets].next(t) // of initech
	for want := range 2 {
		n.control("POST", "/sim/automation", order, nil)
		_, claims := opened(t, calls.next(t), "ES256", publicKey("ES256", text(policy, "public_key")))
		if claims["iss"] != n.base+"/accounts/globex" {
			t.Errorf("call %d: %v", want, claims)
		}
	}
	again := p.told()
	if sent, _ := again[partPolicy].(map[string]any); sent["public_key"] != policy["public_key"] || sent["issuer"] != n.base+"/accounts/globex" || again[partApplication] != nil {
		t.Errorf("the provider is told: %v", again)
	}
	if len(p.hooks[eventSecrets].got) != 0 {
		t.Error("the provider is told twice")
	}
	n.refused("/sim/automation", map[string]any{"app": "acme_widget", "customer": "initech"}).is(t, 409, "disabled by the provider")
	n.refused("/sim/install", map[string]any{"app": "acme_widget", "customer": "globex"}).is(t, 409, "already")
	n.control("POST", "/sim/remove", map[string]any{"app": "acme_widget", "customer": "globex"}, nil)
	globex, _ := n.sim.Account("globex")
	if rules := globex.All("AutomationRule"); len(rules) != 0 {
		t.Errorf("rules of what is removed: %v", rules)
	}
}

// A service that is started again listens where it was, or elsewhere where that is taken.
func TestPortOfBefore(t *testing.T) {
	o := Options{State: filepath.Join(t.TempDir(), "sim.state")}
	run := func() string {
		t.Helper()
		r, err := Start(t.Context(), "127.0.0.1:0", o)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.Post(r.URL+"/sim/policies", "application/json", strings.NewReader(`{"account":"acme"}`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		return r.URL
	}
	first := run()
	if second := run(); second != first {
		t.Errorf("at %s, and before at %s", second, first)
	}
	l, err := net.Listen("tcp", strings.TrimPrefix(first, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if third := run(); third == first {
		t.Error("two at one address")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// Where nobody sets the base, the first request tells it, and what was kept moves there.
func TestKeptBaseIsLearned(t *testing.T) {
	o := Options{State: filepath.Join(t.TempDir(), "sim.state")}
	s := start(t, o)
	a, _ := s.sim.Account("acme")
	a.Put("Team", map[string]any{"name": "T", "remarks": "at " + s.base + "/storage/x"})
	if err := s.sim.Close(); err != nil {
		t.Fatal(err)
	}
	n, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(n)
	defer server.Close()
	for range 2 {
		resp, err := http.Get(server.URL + "/accounts/acme/.well-known/openid-configuration")
		if err != nil {
			t.Fatal(err)
		}
		var out struct{ Issuer string }
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || out.Issuer != server.URL+"/accounts/acme" {
			t.Errorf("%v: %+v", err, out)
		}
		resp.Body.Close()
	}
	var teams []map[string]any
	if a, ok := n.Account("acme"); ok {
		teams = a.All("Team")
	}
	if len(teams) == 0 || teams[len(teams)-1]["remarks"] != "at "+server.URL+"/storage/x" {
		t.Errorf("%v", teams)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
}
