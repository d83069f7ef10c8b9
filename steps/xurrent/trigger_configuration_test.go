package xurrent_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// visit is the way to the configuration page, with changes of its parameters and of the token's claims.
func (a *apps) visit(params, claims map[string]string) string {
	c := object{"iss": providerIssuer, "data": "NG1lInstance"}
	for k, v := range claims {
		c[k] = v
	}
	q := url.Values{"nodeID": {"NG1lInstance"}, "account_id": {"acme"}, "confirmation_url": {providerIssuer + "/app_instances/31/confirm?code=abc"},
		"created_at": {"2026-02-01T11:00:00+01:00"}, "X-4me-Signature": {token(signer, es256, a.claims(c))}}
	for k, v := range params {
		if q.Set(k, v); v == missing {
			q.Del(k)
		}
	}
	return "configure?" + q.Encode()
}

// A customer comes, verified by the provider's policy, and is sent back.
func TestConfigurationVisit(t *testing.T) {
	a := newApps(t, appOptions{configuration: "respond {\n status = 303\n headers = { Location = trigger.confirmation_url }\n}"})
	path := a.visit(nil, nil)
	w := a.answers(303, "", a.request(http.MethodGet, path, "", ""))
	if got := w.Header().Get("Location"); got != providerIssuer+"/app_instances/31/confirm?code=abc" || w.Header().Get("X-Job-Uuid") == "" {
		t.Errorf("%v", w.Header())
	}
	// The page loaded again is the same visit.
	if again := a.answers(303, "", a.request(http.MethodGet, path, "", "")); again.Header().Get("X-Job-Uuid") != w.Header().Get("X-Job-Uuid") || a.runs() != 1 {
		t.Errorf("%v, %d runs", again.Header(), a.runs())
	}
	a.answers(303, "", a.request(http.MethodGet, a.visit(map[string]string{"confirmation_url": "https://acme.xurrent.com/confirm"}, nil), "", ""))
	a.answers(405, "", a.request(http.MethodPost, path, "", "{}"))
	a.later(2 * time.Minute)
	a.answers(401, "", a.request(http.MethodGet, path, "", ""))
	if a.runs() != 2 {
		t.Errorf("%d runs", a.runs())
	}
}

// Beside the token anyone can change the address: what it says is compared with the provider's account.
func TestConfigurationIsNotForged(t *testing.T) {
	a := newApps(t, appOptions{})
	type changes = map[string]string
	for name, path := range map[string]string{
		"another installation":         a.visit(changes{"nodeID": "NG1lOther"}, nil),
		"a token of another":           a.visit(nil, changes{"data": "NG1lOther"}),
		"both of another":              a.visit(changes{"nodeID": "NG1lOther"}, changes{"data": "NG1lOther"}),
		"another customer":             a.visit(changes{"account_id": "beta"}, nil),
		"no customer":                  a.visit(changes{"account_id": missing}, nil),
		"another time":                 a.visit(changes{"created_at": "2026-02-01T10:00:01Z"}, nil),
		"no time":                      a.visit(changes{"created_at": "yesterday"}, nil),
		"a way back elsewhere":         a.visit(changes{"confirmation_url": "https://evil.io/x"}, nil),
		"a way back that looks right":  a.visit(changes{"confirmation_url": "https://provider.xurrent.com.evil.io/x"}, nil),
		"a way back with a user":       a.visit(changes{"confirmation_url": "https://provider.xurrent.com@evil.io/x"}, nil),
		"a way back without TLS":       a.visit(changes{"confirmation_url": "http://provider.xurrent.com/x"}, nil),
		"a way back that is a script":  a.visit(changes{"confirmation_url": "javascript:alert(1)"}, nil),
		"a way back to another":        a.visit(changes{"confirmation_url": "https://beta.xurrent.com/x"}, nil),
		"no signature":                 a.visit(changes{"X-4me-Signature": missing}, nil),
		"another's signature":          a.visit(changes{"X-4me-Signature": token(acmeKey, es256, a.claims(object{"iss": providerIssuer, "data": "NG1lInstance"}))}, nil),
		"another issuer":               a.visit(nil, changes{"iss": acme}),
		"two customers":                a.visit(nil, nil) + "&account_id=beta",
		"a webhook's token, no nodeID": a.visit(changes{"X-4me-Signature": token(signer, es256, a.claims(object{"iss": providerIssuer, "data": secretsData("acme", nil)}))}, nil),
	} {
		w := a.request(http.MethodGet, path, "", "")
		if w.Code != 401 || strings.TrimSpace(w.Body.String()) != `{"error":"The request is not authorized."}` {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if a.runs() != 0 {
		t.Errorf("%d runs", a.runs())
	}
	a.answers(200, "job_uuid", a.request(http.MethodGet, a.visit(nil, nil), "", ""))
	// A token that is refused asks nobody.
	asked := a.asked.Load()
	a.answers(401, "", a.request(http.MethodGet, a.visit(nil, changes{"iss": acme}), "", ""))
	if a.asked.Load() != asked {
		t.Error("the account was asked for a token that is refused")
	}
}
