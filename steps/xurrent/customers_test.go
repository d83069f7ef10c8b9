package xurrent

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// No name of a customer, an app or a secret leads to what is another's.
func TestCustomersAreApart(t *testing.T) {
	kept := newHeap()
	names := []string{"a", "a/b", "b", "a/own", "own", "..", "%2F", "a%2Fb", "secrets", "é", ""}
	type place struct{ provider, customer, app, name string }
	var places []place
	for _, provider := range []string{"x/1", "x/2"} {
		for _, customer := range names {
			for _, app := range names {
				for _, name := range names {
					places = append(places, place{provider, customer, app, name})
				}
			}
		}
	}
	for _, p := range places {
		if err := customersOf(kept, p.provider).SetOwn(t.Context(), p.customer, p.app, p.name, strings.Join([]string{p.provider, p.customer, p.app, p.name}, "|")); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range places {
		got, _, err := customersOf(kept, p.provider).Own(t.Context(), p.customer, p.app, p.name)
		if want := strings.Join([]string{p.provider, p.customer, p.app, p.name}, "|"); err != nil || got != want {
			t.Fatalf("%+v: %q, %v", p, got, err)
		}
		if _, ok, err := customersOf(kept, p.provider).Secret(t.Context(), p.customer, p.app, p.name); ok || err != nil {
			t.Fatalf("%+v: what a customer typed is there, %v", p, err)
		}
	}
	c := customersOf(kept, "x/1")
	if err := c.Forget(t.Context(), "a", "a"); err != nil {
		t.Fatal(err)
	}
	if n := len(kept.vals); n != len(places)-len(names) {
		t.Errorf("%d are left of %d", n, len(places))
	}
}

// What is kept of a connection's customers does not depend on its credentials.
func TestProviderOfAConnection(t *testing.T) {
	args := func(pairs ...string) cty.Value {
		v := map[string]cty.Value{}
		for i := 0; i+1 < len(pairs); i += 2 {
			v[pairs[i]] = cty.StringVal(pairs[i+1])
		}
		return cty.ObjectVal(v)
	}
	var d Deps
	for _, c := range []struct {
		args cty.Value
		want string
	}{
		{args("account_id", "wdc", "personal_access_token", "x"), "graphql.xurrent.com/wdc"},
		{args("account_id", "wdc", "client_id", "y", "client_secret", "z"), "graphql.xurrent.com/wdc"},
		{args("account_id", "wdc", "stage", "QA", "region", "uk"), "graphql.uk.xurrent.qa/wdc"},
		{args("account_id", "wdc", "graphql_endpoint", "https://G.example/graphql", "oauth2_endpoint", "https://o.example/token"), "g.example/wdc"},
	} {
		if got, err := d.provider(c.args); err != nil || got != c.want {
			t.Errorf("%q, want %q, %v", got, c.want, err)
		}
	}
	d.Environment.GraphQL, d.Environment.OAuth2, d.Environment.Issuer = "http://127.0.0.1:1/graphql", "http://127.0.0.1:1/token", "http://127.0.0.1:1/accounts/{account}"
	if got, err := d.provider(args("account_id", "wdc")); err != nil || got != "simulated/wdc" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := d.issuerAt(args("account_id", "wdc"), "acme"); err != nil || got != "http://127.0.0.1:1/accounts/acme" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := (Deps{}).issuerAt(args("account_id", "wdc", "region", "uk"), "acme"); err != nil || got != "https://acme.uk.xurrent.com" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := (Deps{}).issuerAt(args("account_id", "wdc"), "evil.io/x"); err == nil {
		t.Errorf("%q", got)
	}
}

// The secret of one app is found without saying which; of two, neither is.
func TestCustomerSecret(t *testing.T) {
	kept, connection := newHeap(), cty.ObjectVal(map[string]cty.Value{"account_id": cty.StringVal("wdc")})
	c := customersOf(kept, "graphql.xurrent.com/wdc")
	look := func(want string) {
		t.Helper()
		got, ok, err := Deps{}.CustomerSecret(t.Context(), kept, connection, "acme", "key")
		if err != nil || got != want || ok != (want != "") {
			t.Errorf("%q %v, %v", got, ok, err)
		}
	}
	set := func(customer, app, name, value string) {
		t.Helper()
		if err := c.SetOwn(t.Context(), customer, app, name, value); err != nil {
			t.Fatal(err)
		}
	}
	look("")
	set("beta", "survey", "key", "of beta")
	set("acme", "survey", "other", "another")
	look("")
	set("acme", "survey", "key", "k1")
	look("k1")
	// What an account has sent of an app whose reference is "own" is no secret of our own.
	if err := write(t.Context(), kept, c.of("acme", "own").key("key"), entry[oauthApplication]{}); err != nil {
		t.Fatal(err)
	}
	look("k1")
	set("acme", "widget", "key", "k2")
	look("")
}

// What cannot be read is an error that holds nothing of it.
func TestX3UnreadableIsNotShown(t *testing.T) {
	kept := newHeap()
	c := customersOf(kept, "p")
	kept.vals[c.of("acme", "survey").key("token")] = []byte(`{"value":"hunter2"`)
	app, err := c.Token(t.Context(), "acme", "survey", "client_credentials")
	if app != nil || err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "customers/acme/survey/token") {
		t.Errorf("%+v, %v", app, err)
	}
	if app, err = c.Token(t.Context(), "acme", "survey", "authorization_code"); app != nil || err != nil {
		t.Errorf("%+v, %v", app, err)
	}
}

// Without app_references secrets_changed serves the blueprint's apps, and any where it has none.
func TestAppsOfABlueprint(t *testing.T) {
	app := func(reference cty.Value) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"reference": reference})
	}
	scope := lang.NewScope(nil, map[string]cty.Value{"app": cty.ObjectVal(map[string]cty.Value{
		"b": app(cty.StringVal("widget")), "a": app(cty.StringVal("survey")), "c": app(cty.UnknownVal(cty.String))})})
	for name, c := range map[string]struct {
		scope *lang.Scope
		want  []string
	}{"two": {scope, []string{"survey", "widget"}}, "none": {lang.NewScope(nil, map[string]cty.Value{"app": cty.EmptyObjectVal}), nil}, "nothing": {nil, nil}} {
		if got := appsIn(c.scope); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	p := &appPlan{apps: appsIn(scope)}
	if !p.serves("survey") || p.serves("other") || !(&appPlan{}).serves("other") || p.context("acme", "survey") != "survey@acme" {
		t.Error("the wrong apps are served")
	}
}

// Which installation a customer has is what the provider's account says.
func TestInstalledOfTheProvider(t *testing.T) {
	s := newShop(t)
	id := s.install(s.offering, "acme", nil)
	connection := cty.ObjectVal(map[string]cty.Value{"account_id": cty.StringVal("wdc"), "client_id": cty.StringVal("id"), "client_secret": cty.StringVal("secret")})
	node, created, err := s.deps.installed(t.Context(), connection, "acme", "survey")
	if err != nil || node != id || !sameTime(created, created) {
		t.Errorf("%q %q, %v", node, created, err)
	}
	for _, other := range [][2]string{{"globex", "survey"}, {"acme", "widget"}} {
		if node, _, err := s.deps.installed(t.Context(), connection, other[0], other[1]); err != nil || node != "" {
			t.Errorf("%v: %q, %v", other, node, err)
		}
	}
}

// A simulated account counts anew when it is started anew: what it sends then is no older than what is kept.
func TestSimulatedAccountsCountAnew(t *testing.T) {
	kept := newHeap()
	for provider, want := range map[string]string{"simulated/wdc": "1", "graphql.xurrent.com/wdc": "2"} {
		c := customersOf(kept, provider)
		for _, line := range []int64{2, 1} {
			if err := c.Store(t.Context(), secretsDelivery{Customer: "acme", App: "survey", Line: line, Secrets: map[string]string{"key": fmt.Sprint(line)}}); err != nil {
				t.Fatal(err)
			}
		}
		if got, _, err := c.Secret(t.Context(), "acme", "survey", "key"); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", provider, got, err, want)
		}
	}
}
