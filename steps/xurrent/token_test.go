package xurrent

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
	"currant/steps/xurrent/sim"
)

func TestToken(t *testing.T) {
	s := newShop(t)
	s.deliver(secretsDelivery{Customer: "acme", App: "survey", Application: &oauthApplication{NodeID: "n1", ClientID: "cc", ClientSecret: "secret-cc"}})
	s.deliver(secretsDelivery{Customer: "acme", App: "survey", Authorization: &oauthApplication{NodeID: "n2", ClientID: "ac", ClientSecret: "secret-ac"}})
	s.deliver(secretsDelivery{Customer: "globex", App: "survey", Application: &oauthApplication{NodeID: "n3", ClientID: "gl", ClientSecret: "secret-gl"}})
	k := newToken(s.deps)
	for _, tc := range []struct{ src, id, secret, node string }{
		{"", "cc", "secret-cc", "n1"},
		{"grant = \"authorization_code\"", "ac", "secret-ac", "n2"},
		{"customer_account_id = \"globex\"", "gl", "secret-gl", "n3"},
		{"customer_account_id = \"acme\"\napp_reference = \"survey\"", "cc", "secret-cc", "n1"},
	} {
		got := s.must(k, tc.src)
		secret := got.GetAttr("client_secret")
		if !lang.HasMark(secret) {
			t.Errorf("%s: the client secret is not sensitive", tc.src)
		}
		text, _ := secret.Unmark()
		if got.GetAttr("client_id").AsString() != tc.id || text.AsString() != tc.secret || got.GetAttr("oauth_application_nodeID").AsString() != tc.node {
			t.Errorf("%s: %#v", tc.src, got)
		}
	}
	if n := s.requests("/graphql"); n != 0 {
		t.Errorf("the account was asked %d times for what is stored", n)
	}
}

// Credentials that have not come yet are waited for, an hour at most; the waiting is counted apart from what
// else puts the run back, and survives a restart, for it is in the cursor.
func TestTokenIsWaitedFor(t *testing.T) {
	s := newShop(t)
	k := newToken(s.deps)
	const reason = "Required credentials not available yet: client_credentials of app survey for customer acme"
	c := s.attempt(k, "", nil)
	for range maxAwaits {
		_, err := k.Do(t.Context(), c)
		c.Cursor = waits(t, c, err, reason)
		c.Now = c.Now.Add(awaitPause)
	}
	_, err := k.Do(t.Context(), c)
	fails(t, err, steps.NotFoundError, reason)
	s.deliver(secretsDelivery{Customer: "acme", App: "other", Application: &oauthApplication{ClientID: "x", ClientSecret: "y"}})
	if _, err = k.Do(t.Context(), c); err == nil {
		t.Error("another app's credentials were taken")
	}
	s.deliver(secretsDelivery{Customer: "acme", App: "survey", Application: &oauthApplication{ClientID: "x", ClientSecret: "y"}})
	if _, err = k.Do(t.Context(), c); err != nil {
		t.Errorf("the control: %v", err)
	}
}

// A look before its minute, for something has come, neither counts nor moves the minute: 60 looks remain, and an
// hour after the first the waiting is over, however often it looked.
func TestP74EarlyLooksDoNotCount(t *testing.T) {
	s := newShop(t)
	k := newToken(s.deps)
	c := s.attempt(k, "", nil)
	looks := 0
	for range maxAwaits {
		var at time.Time
		for early := range 5 {
			_, err := k.Do(t.Context(), c)
			var p *steps.Park
			if !errors.As(err, &p) || p.Kept != s.customers.of("acme", "survey").prefix() || early > 0 && !p.Until.Equal(at) {
				t.Fatalf("look %d: %#v, want it to wait until %s", looks, err, at)
			}
			at, c.Cursor, c.Now = p.Until, p.Cursor, c.Now.Add(time.Second)
			looks++
		}
		c.Now = at
	}
	if began := c.Now.Add(-maxAwaits * awaitPause); looks != 5*maxAwaits || c.Begun.After(began) {
		t.Errorf("%d looks", looks)
	}
	c.Now = c.Now.Add(-time.Second)
	_, err := k.Do(t.Context(), c)
	waitsUntil(t, err, c.Now.Add(time.Second))
	c.Now = c.Now.Add(time.Second)
	_, err = k.Do(t.Context(), c)
	fails(t, err, steps.NotFoundError, "looked 61 times")
}

func waitsUntil(t *testing.T, err error, at time.Time) {
	t.Helper()
	var p *steps.Park
	if !errors.As(err, &p) || !p.Until.Equal(at) {
		t.Errorf("%#v, want it to wait until %s", err, at)
	}
}

func TestInstallationIsNeeded(t *testing.T) {
	s := newShop(t)
	k := newToken(s.deps)
	c := s.attempt(k, "app_reference = \"survey\"", nil)
	for _, trigger := range []cty.Value{cty.NilVal, cty.EmptyObjectVal, cty.ObjectVal(map[string]cty.Value{"customer_account_id": cty.NullVal(cty.String)})} {
		c.Trigger = trigger
		_, err := k.Do(t.Context(), c)
		fails(t, err, steps.InputError, "customer_account_id is empty")
	}
}

// What is kept of the customers of one account is not found from another, whoever opened the connection.
func TestProvidersAreApart(t *testing.T) {
	s := newShop(t)
	s.deliver(secretsDelivery{Customer: "acme", App: "survey", Application: &oauthApplication{ClientID: "x", ClientSecret: "y"}})
	k := newToken(s.deps)
	other, err := ConnectionKind(s.deps).Open(t.Context(), cty.ObjectVal(map[string]cty.Value{
		"account_id": cty.StringVal("other"), "client_id": cty.StringVal("id"), "client_secret": cty.StringVal("secret")}))
	if err != nil {
		t.Fatal(err)
	}
	defer other.(*Account).Close()
	c := s.attempt(k, "", nil)
	c.Connection = other
	if _, err := k.Do(t.Context(), c); err == nil {
		t.Error("found with another provider's connection")
	}
	c.Connection = s.account
	if _, err := k.Do(t.Context(), c); err != nil {
		t.Errorf("the control: %v", err)
	}
	for _, at := range []struct{ args map[string]string }{
		{map[string]string{"account_id": "wdc"}},
		{map[string]string{"account_id": "wdc", "stage": "QA", "region": "uk"}},
		{map[string]string{"account_id": "wdc", "graphql_endpoint": "https://graphql.example.com/x", "oauth2_endpoint": "https://o.example.com/token"}},
	} {
		args := map[string]cty.Value{"personal_access_token": cty.StringVal("pat")}
		for name, v := range at.args {
			args[name] = cty.StringVal(v)
		}
		want, err := Deps{}.provider(cty.ObjectVal(args))
		if err != nil {
			t.Fatal(err)
		}
		opened, err := ConnectionKind(Deps{}).Open(t.Context(), cty.ObjectVal(args))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Deps{}.customersFor(&steps.Call{Connection: opened, Kept: s.kept})
		if err != nil || got.provider != want {
			t.Errorf("%v: %q, %v, want %q", at.args, got.provider, err, want)
		}
	}
}

// A connection of the run, made of a token step's output, signs in with the customer's own credentials.
func TestRunLocalConnectionUsesTheCustomersCredentials(t *testing.T) {
	s := newShop(t)
	customer := newWorld(t, sim.Options{Credentials: map[string]string{"of-acme": "secret-of-acme"}})
	for _, secret := range []string{"secret-of-acme", "secret-of-globex"} {
		s.deliver(secretsDelivery{Customer: "acme", App: "survey", Application: &oauthApplication{ClientID: "of-acme", ClientSecret: secret}})
		token := s.must(newToken(s.deps), "")
		kind := ConnectionKind(customer.deps)
		c, diags := bound(t, kind.Spec(), "account_id = trigger.customer_account_id\nclient_id = step.token.client_id\nclient_secret = step.token.client_secret",
			map[string]cty.Value{"trigger": acme, "step": cty.ObjectVal(map[string]cty.Value{"token": token})})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		opened, err := kind.Open(t.Context(), c.Args)
		if err != nil {
			t.Fatal(err)
		}
		defer opened.(*Account).Close()
		query := newQuery(customer.deps)
		call := s.attempt(query, "object = \"me\"\nfields = \"id\"", nil)
		call.Connection = opened
		_, err = query.Pager.Fetch(t.Context(), call)
		if secret == "secret-of-acme" && err != nil {
			t.Errorf("with the customer's credentials: %v", err)
		}
		if secret != "secret-of-acme" {
			fails(t, err, steps.AuthError, "")
			if strings.Contains(fmt.Sprint(err), secret) {
				t.Errorf("the error shows the secret: %v", err)
			}
		}
	}
}

func TestSecretSet(t *testing.T) {
	s := newShop(t)
	k := newSecretSet(s.deps)
	s.must(k, "name = \"hook/key\"\nvalue = \"one\"")
	s.must(k, "name = \"hook/key\"\nvalue = \"two\"")
	if v, ok, err := s.customers.Own(t.Context(), "acme", "survey", "hook/key"); v != "two" || !ok || err != nil {
		t.Errorf("%q, %v, %v", v, ok, err)
	}
	if _, ok, err := s.customers.Secret(t.Context(), "acme", "survey", "hook/key"); ok || err != nil {
		t.Errorf("it is among what the customer has typed: %v", err)
	}
	_, err := s.do(k, "name = \"k\"\nvalue = \"\"")
	fails(t, err, steps.InputError, "is empty")
	if k.Effect != steps.Idempotent {
		t.Error("to set it twice is to set it once")
	}
}
