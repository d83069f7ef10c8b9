package sim

import (
	"strings"
	"testing"
	"time"
)

const form = "application/x-www-form-urlencoded"

func TestP6TokenRequestIsAForm(t *testing.T) {
	s := start(t, Options{Credentials: map[string]string{"abc": "s3cr3t"}})
	good := "client_id=abc&client_secret=s3cr3t&grant_type=client_credentials"
	a := s.do("POST", "/oauth/token", good, "Content-Type", form)
	a.is(t, 200, `"expires_in":3600`, `"token_type":"Bearer"`, `"access_token":"`)
	a.head(t, "Cache-Control", "no-store")

	for name, c := range map[string]struct {
		method, body, media string
		status              int
		code                string
	}{
		"json":          {"POST", `{"client_id":"abc"}`, "application/json", 400, "invalid_request"},
		"no media type": {"POST", good, "", 400, "invalid_request"},
		"get":           {"GET", "", "", 405, "POST"},
		"no grant":      {"POST", "client_id=abc&client_secret=s3cr3t", form, 400, `"invalid_request"`},
		"other grant":   {"POST", strings.Replace(good, "client_credentials", "password", 1), form, 400, `"unsupported_grant_type"`},
		"no secret":     {"POST", "client_id=abc&grant_type=client_credentials", form, 400, `"invalid_request"`},
		"twice":         {"POST", good + "&client_id=abc", form, 400, `"invalid_request"`},
		"no form":       {"POST", "client_id=%zz", form, 400, `"invalid_request"`},
	} {
		t.Run(name, func(t *testing.T) {
			s.do(c.method, "/oauth/token", c.body, "Content-Type", c.media).is(t, c.status, c.code)
		})
	}
}

func TestP11BadCredentialsAre401(t *testing.T) {
	s := start(t, Options{Credentials: map[string]string{"abc": "s3cr3t"}})
	for _, body := range []string{"client_id=abc&client_secret=no&grant_type=client_credentials", "client_id=xyz&client_secret=s3cr3t&grant_type=client_credentials"} {
		s.do("POST", "/oauth/token", body, "Content-Type", form).is(t, 401, `"error":"invalid_client"`, `"error_description"`)
	}
	one, two := s.token("abc", "s3cr3t"), s.token("abc", "s3cr3t")
	if one == two {
		t.Error("two token requests got one token")
	}
	open := start(t, Options{})
	if open.token("any", "pair") == "" {
		t.Error("no token without credentials configured")
	}
}

func TestTokensExpireAndAreRevoked(t *testing.T) {
	s := start(t, Options{TokenLife: time.Minute})
	token := "Bearer " + s.token("a", "b")
	s.query("{me{id}}", "Authorization", token).is(t, 200)
	s.sim.Advance(time.Minute)
	a := s.query("{me{id}}", "Authorization", token)
	a.is(t, 401)
	a.head(t, "WWW-Authenticate", "Bearer")

	token = "Bearer " + s.token("a", "b")
	s.query("{me{id}}", "Authorization", token).is(t, 200)
	s.control("DELETE", "/sim/tokens", nil, nil)
	s.query("{me{id}}", "Authorization", token).is(t, 401)
}

func TestP14Introspection(t *testing.T) {
	s := start(t, Options{})
	var out struct {
		Active bool
		Scopes []string
	}
	token := "Bearer " + s.token("client", "x")
	a := s.do("GET", "/introspect", "", "Authorization", token, "X-Xurrent-Account", "acme")
	a.is(t, 200)
	if a.decode(t, &out); !out.Active || len(out.Scopes) == 0 {
		t.Errorf("a valid token: %+v", out)
	}
	s.control("POST", "/sim/scopes", map[string]any{"client": "client", "scopes": []string{}}, nil)
	out.Scopes = nil
	s.do("GET", "/introspect", "", "Authorization", token).decode(t, &out)
	if !out.Active || out.Scopes == nil || len(out.Scopes) != 0 {
		t.Errorf("a valid token without scopes: %+v", out)
	}
	s.do("GET", "/introspect", "", "Authorization", "Bearer sim-token-1").is(t, 401)
	s.do("POST", "/introspect", "", "Authorization", token).is(t, 405)
}

func TestScopesReachTheRecords(t *testing.T) {
	s := start(t, Options{})
	s.query("{people(first:1){nodes{id}}}").is(t, 200, `"nodes":[{"id"`)
	s.control("POST", "/sim/scopes", map[string]any{"client": "pat-1", "scopes": []string{"request:Read"}}, nil)
	if a := s.query("{people(first:1){nodes{id}}}"); strings.Contains(a.body, `"nodes":[{"id"`) {
		t.Errorf("people were read without their scope: %s", a.body)
	}
}

func TestTokensAreBounded(t *testing.T) {
	k := newTokens(newClock(func() time.Time { return noon }), Options{TokenLife: time.Hour})
	for range maxTokens + 10 {
		k.issue("a")
	}
	if len(k.issued) != maxTokens || len(k.order) != maxTokens {
		t.Errorf("%d tokens are remembered", len(k.issued))
	}
}
