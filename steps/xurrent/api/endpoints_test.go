package api

import (
	"strings"
	"testing"

	"currant/steps"
)

func TestP1DomainsByStageAndRegion(t *testing.T) {
	for _, c := range []struct{ stage, region, token, graphql, issuer string }{
		{"Prod", "", "https://oauth.xurrent.com/token", "https://graphql.xurrent.com", "https://acme.xurrent.com"},
		{"", "", "https://oauth.xurrent.com/token", "https://graphql.xurrent.com", "https://acme.xurrent.com"},
		{"Prod", "us", "https://oauth.us.xurrent.com/token", "https://graphql.us.xurrent.com", "https://acme.us.xurrent.com"},
		{"QA", "au", "https://oauth.au.xurrent.qa/token", "https://graphql.au.xurrent.qa", "https://acme.au.xurrent.qa"},
		{"QA", "", "https://oauth.xurrent.qa/token", "https://graphql.xurrent.qa", "https://acme.xurrent.qa"},
		{"Demo", "au", "https://oauth.xurrent-demo.com/token", "https://graphql.xurrent-demo.com", "https://acme.xurrent-demo.com"},
	} {
		e, err := Config{AccountID: "acme", Stage: c.stage, Region: c.region}.Endpoints()
		if err != nil || e.Token != c.token || e.GraphQL != c.graphql || e.Issuer != c.issuer {
			t.Errorf("%s %s: %+v, %v", c.stage, c.region, e, err)
		}
	}
	e, _ := Config{AccountID: "acme", Region: "uk"}.Endpoints()
	if e.REST != "https://api.uk.xurrent.com" || e.Domain != "uk.xurrent.com" {
		t.Errorf("%+v", e)
	}
	for _, c := range []Config{
		{AccountID: "acme", Stage: "prod"}, {AccountID: "acme", Region: "eu"}, {AccountID: "acme@evil.example"},
		{AccountID: "acme", GraphQLEndpoint: "ftp://x", OAuth2Endpoint: "https://x/token"},
		{AccountID: "acme", OAuth2Endpoint: "https://user:pass@x/token"},
	} {
		_, err := c.Endpoints()
		failed(t, err, steps.InputError)
	}
}

func TestP2EndpointPrecedence(t *testing.T) {
	own := Config{AccountID: "acme", Stage: "QA", GraphQLEndpoint: "https://g.example/x", OAuth2Endpoint: "https://o.example/t", RESTEndpoint: "https://r.example"}
	e, err := own.Endpoints()
	if err != nil || e.GraphQL != "https://g.example/x" || e.Token != "https://o.example/t" || e.REST != "https://r.example" || e.Issuer != "https://acme.xurrent.qa" {
		t.Errorf("own: %+v, %v", e, err)
	}
	// Each for itself.
	own.OAuth2Endpoint = " "
	if e, _ = own.Endpoints(); e.Token != "https://oauth.xurrent.qa/token" || e.GraphQL != "https://g.example/x" {
		t.Errorf("one only: %+v", e)
	}
	// The runner's own environment is a simulated account: nothing may reach another one.
	own.Environment = Environment{GraphQL: "http://127.0.0.1:1/graphql", OAuth2: "http://127.0.0.1:1/oauth/token", Issuer: "http://127.0.0.1:1/accounts/{account}"}
	e, err = own.Endpoints()
	if err != nil || e.Issuer != "http://127.0.0.1:1/accounts/acme" {
		t.Errorf("environment: %+v, %v", e, err)
	}
	for _, a := range []string{e.GraphQL, e.Token, e.Introspect, e.REST} {
		if !strings.HasPrefix(a, "http://127.0.0.1:1/") {
			t.Errorf("an address outside of the environment: %s", a)
		}
	}
	own.Environment.OAuth2 = ""
	_, err = own.Endpoints()
	failed(t, err, steps.InputError, "both GraphQL and OAuth2")
}

func TestP3IntrospectKeepsSchemeHostAndPort(t *testing.T) {
	for token, want := range map[string]string{
		"https://oauth.xurrent.com/token":      "https://oauth.xurrent.com/introspect",
		"https://oauth.example:8443/a/b/token": "https://oauth.example:8443/introspect",
		"https://oauth.example:443/token?x=1":  "https://oauth.example/introspect",
		"http://127.0.0.1:80/token":            "http://127.0.0.1/introspect",
		"http://127.0.0.1:443/token":           "http://127.0.0.1:443/introspect",
		"http://[::1]:8080/token":              "http://[::1]:8080/introspect",
	} {
		e, err := Config{AccountID: "acme", GraphQLEndpoint: "https://g.example", OAuth2Endpoint: token}.Endpoints()
		if err != nil || e.Introspect != want {
			t.Errorf("%s: %s, %v", token, e.Introspect, err)
		}
	}
}

func TestP23KeyChangesWithTheConnection(t *testing.T) {
	base := Config{AccountID: "a", ClientID: "i", ClientSecret: secretCanary, PersonalAccessToken: patCanary,
		GraphQLEndpoint: "https://g.example", OAuth2Endpoint: "https://o.example/t"}
	key := func(edit func(*Config)) string {
		c := base
		edit(&c)
		k, err := c.Key()
		if err != nil {
			t.Fatal(err)
		}
		silent(t, "key", k)
		return k
	}
	same := key(func(*Config) {})
	if again := key(func(c *Config) { c.Timeout = 1; c.RESTEndpoint = "https://r.example" }); again != same {
		t.Error("what is not asked changes the key")
	}
	seen := map[string]bool{same: true}
	for _, edit := range []func(*Config){
		func(c *Config) { c.AccountID = "b" }, func(c *Config) { c.ClientID = "j" }, func(c *Config) { c.ClientSecret += "x" },
		func(c *Config) { c.PersonalAccessToken = "" }, func(c *Config) { c.GraphQLEndpoint += "/x" },
		func(c *Config) { c.OAuth2Endpoint += "x" }, func(c *Config) { c.AccountID, c.ClientID = "ai", "" },
	} {
		k := key(edit)
		if seen[k] {
			t.Error("a change has left the key as it was")
		}
		seen[k] = true
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	good := Config{AccountID: "acme", ClientID: "i", ClientSecret: "s"}
	opened(t, good)
	opened(t, Config{AccountID: "acme", PersonalAccessToken: "p"})
	for _, edit := range []func(*Config){
		func(c *Config) { c.AccountID = " " }, func(c *Config) { c.ClientSecret = "" }, func(c *Config) { c.Stage = "x" },
		func(c *Config) { c.PersonalAccessToken = "a\r\nX-Evil: 1" }, func(c *Config) { c.AccountID = "a\nb" },
	} {
		c := good
		edit(&c)
		_, err := New(c)
		failed(t, err, steps.InputError)
	}
}
