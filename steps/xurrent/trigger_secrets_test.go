package xurrent_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each part of a delivery is optional, and what is absent stays; three parts replace, secrets merge.
func TestP66PartsOfASecretsDelivery(t *testing.T) {
	a := newApps(t, appOptions{})
	check := func(client, authorization, policy string, secrets map[string]string) {
		t.Helper()
		app, err := a.customers.Token(t.Context(), "acme", "survey", "client_credentials")
		if err != nil || (app == nil) != (client == "") || app != nil && app.ClientSecret != client {
			t.Errorf("client credentials %+v, %v", app, err)
		}
		app, err = a.customers.Token(t.Context(), "acme", "survey", "authorization_code")
		if err != nil || (app == nil) != (authorization == "") || app != nil && app.ClientSecret != authorization {
			t.Errorf("authorization code %+v, %v", app, err)
		}
		p, err := a.customers.Policy(t.Context(), "acme", "survey")
		if err != nil || (p == nil) != (policy == "") || p != nil && p.ID != policy {
			t.Errorf("policy %+v, %v", p, err)
		}
		for name, want := range secrets {
			if got, ok, err := a.customers.Secret(t.Context(), "acme", "survey", name); err != nil || got != want || ok != (want != "") {
				t.Errorf("%s is %q %v, %v", name, got, ok, err)
			}
		}
	}
	application := func(secret string) object { return object{"nodeID": "n", "client_id": "abc", "client_secret": secret} }
	check("", "", "", map[string]string{"api_token": ""})
	a.bring("acme", object{"application": application("s1")})
	check("s1", "", "", nil)
	a.bring("acme", object{"secrets": object{"api_token": "t1", "other": "o1"}, "application": nil, "policy": nil})
	check("s1", "", "", map[string]string{"api_token": "t1", "other": "o1"})
	a.bring("acme", object{"authorization_application": application("s2"), "secrets": nil})
	check("s1", "s2", "", map[string]string{"api_token": "t1"})
	a.bring("acme", policyPart(acmeKey))
	check("s1", "s2", "NG1lPolicy", map[string]string{"api_token": "t1", "other": "o1"})
	a.bring("acme", nil)
	check("s1", "s2", "NG1lPolicy", map[string]string{"api_token": "t1", "other": "o1"})
	if got, err := a.customers.Token(t.Context(), "beta", "survey", "client_credentials"); got != nil || err != nil {
		t.Errorf("of another customer: %+v, %v", got, err)
	}
}

func TestP67SecretsMerge(t *testing.T) {
	a := newApps(t, appOptions{})
	a.bring("acme", object{"secrets": object{"a": "1", "b": "2", "c": "3"}, "application": object{"nodeID": "n", "client_id": "x", "client_secret": "y"}})
	a.bring("acme", object{"secrets": object{"b": "new", "c": nil, "d": 4, "e": object{"f": true}}, "application": object{"client_id": "x2", "client_secret": "y2"}})
	for name, want := range map[string]string{"a": "1", "b": "new", "c": "3", "d": "4", "e": `{"f":true}`} {
		if got, ok, err := a.customers.Secret(t.Context(), "acme", "survey", name); err != nil || !ok || got != want {
			t.Errorf("%s is %q %v, %v", name, got, ok, err)
		}
	}
	// Replaced as a whole: nothing of the former one is left.
	if app, err := a.customers.Token(t.Context(), "acme", "survey", "client_credentials"); err != nil || app.NodeID != "" || app.ClientID != "x2" || app.ClientSecret != "y2" {
		t.Errorf("%+v, %v", app, err)
	}
}

func TestP68CustomerPolicy(t *testing.T) {
	a := newApps(t, appOptions{level: slog.LevelInfo})
	policy := func(changes object) object {
		p := policyPart(acmeKey)
		for k, v := range changes {
			p["policy"].(object)[k] = v
		}
		return p
	}
	for _, c := range []struct {
		sent                        object
		algorithm, issuer, audience string
	}{
		{policy(nil), "ES256", "https://acme.xurrent.com", ""},
		{policy(object{"issuer": nil, "audience": ""}), "ES256", "https://acme.xurrent.com", ""},
		{policy(object{"issuer": "https://acme.4me.com", "audience": "us"}), "ES256", "https://acme.4me.com", "us"},
		{policy(object{"algorithm": "rs512"}), "RS512", "https://acme.xurrent.com", ""},
	} {
		a.bring("acme", c.sent)
		p, err := a.customers.Policy(t.Context(), "acme", "survey")
		if err != nil || p.Algorithm != c.algorithm || p.Issuer != c.issuer || p.Audience != c.audience || p.PublicKeyPEM != pemOf(acmeKey) {
			t.Errorf("%+v, %v", p, err)
		}
	}
	// One that nothing can be verified by loses nothing else of its delivery; no token is accepted by it.
	for _, bad := range []object{{"algorithm": "hs256"}, {"algorithm": "none"}, {"algorithm": nil}, {"public_key": nil}, {"public_key": "x"}, {"algorithm": "rs256"}} {
		sent := policy(bad)
		sent["secrets"] = object{"with": fmt.Sprint(bad)}
		a.bring("acme", sent)
		if got, _, err := a.customers.Secret(t.Context(), "acme", "survey", "with"); err != nil || got != fmt.Sprint(bad) {
			t.Errorf("%v: %q, %v", bad, got, err)
		}
		a.wants(401, "not authorized", "rule?customer_account_id=acme", "d", a.sign(acmeKey, acme, object{"data": ruleData(nil)}))
	}
	if !strings.Contains(a.log.String(), "the webhook policy of a customer cannot be used") {
		t.Error("the log does not tell that the policy cannot be used")
	}
	a.bring("acme", policy(nil))
	a.wants(200, "job_uuid", "rule?customer_account_id=acme", "d", a.sign(acmeKey, acme, object{"data": ruleData(nil)}))
}

// Stored before discard_when is asked; never put out.
func TestP69SecretsOfADiscardedEvent(t *testing.T) {
	a := newApps(t, appOptions{secrets: "app_references = [\"survey\"]\n discard_when = true"})
	w := a.bring("acme", object{"secrets": object{"api_token": "hunter2"}})
	if w.Body.String() != "Discarded: discard_when is true." || a.runs() != 0 {
		t.Errorf("%s, %d runs", w.Body, a.runs())
	}
	if got, ok, err := a.customers.Secret(t.Context(), "acme", "survey", "api_token"); err != nil || !ok || got != "hunter2" {
		t.Errorf("%q %v, %v", got, ok, err)
	}
}

func TestP69Output(t *testing.T) {
	a := newApps(t, appOptions{})
	ev := a.event("secrets", "", a.sign(signer, providerIssuer, object{"data": secretsData("acme", object{"secrets": object{"api_token": "hunter2"}})}))
	const want = `{"app_reference":"survey","customer_account_id":"acme","webhook":{"delivery":"0a1b","delivery_origin":null,` +
		`"event":"app_instance.secrets-update","person":{"id":6,"name":"Howard Tanner","nodeID":"NG1lp"}}}`
	if got := shown(t, ev.Value); got != want || ev.Delivery != "0a1b" || ev.Nonce == "" {
		t.Errorf("got %s, %+v", got, ev)
	}
	tr, _ := a.e.Route("test", "secrets")
	if !ev.Value.Type().Equals(tr.Output) {
		t.Errorf("%#v, declared %#v", ev.Value.Type(), tr.Output)
	}
}

// Secrets of an app that the trigger does not serve are not kept.
func TestP73SecretsOfAnotherApp(t *testing.T) {
	a := newApps(t, appOptions{})
	sent := secretsData("acme", object{"secrets": object{"api_token": "hunter2"}, "app_offering": object{"reference": "widget"}})
	a.wants(200, "App reference 'widget' is different from 'survey'.", "secrets", "d", a.sign(signer, providerIssuer, object{"data": sent}))
	if _, ok, err := a.customers.Secret(t.Context(), "acme", "widget", "api_token"); ok || err != nil || a.runs() != 0 {
		t.Errorf("kept %v, %v, %d runs", ok, err, a.runs())
	}
	a.bring("acme", object{"secrets": object{"api_token": "hunter2"}})
	if a.runs() != 1 {
		t.Errorf("%d runs", a.runs())
	}
}

// What cannot be kept is answered 5xx, and starts nothing: the sender sends it again.
func TestX7SecretsAreStoredBeforeTheAnswer(t *testing.T) {
	a := newApps(t, appOptions{})
	sent := a.sign(signer, providerIssuer, object{"data": secretsData("acme", object{"application": object{"client_id": "abc", "client_secret": "hunter2"}})})
	a.kept.failUpdate.Store(true)
	w := a.wants(503, "The runner cannot take the event now", "secrets", "d", sent)
	if w.Header().Get("Retry-After") == "" || a.runs() != 0 {
		t.Errorf("%v, %d runs", w.Header(), a.runs())
	}
	a.kept.failUpdate.Store(false)
	a.kept.failGet.Store(true)
	a.wants(503, "", "secrets", "d", sent)
	a.kept.failGet.Store(false)
	// Nor is a build that keeps nothing one that takes secrets.
	a.srv.Kept = nil
	a.wants(503, "", "secrets", "d", sent)
	a.srv.Kept = a.kept
	if app, err := a.customers.Token(t.Context(), "acme", "survey", "client_credentials"); app != nil || err != nil || a.runs() != 0 {
		t.Errorf("%+v, %v, %d runs", app, err, a.runs())
	}
	a.wants(200, "job_uuid", "secrets", "d", sent)
	if app, err := a.customers.Token(t.Context(), "acme", "survey", "client_credentials"); err != nil || app == nil || app.ClientSecret != "hunter2" {
		t.Errorf("%+v, %v", app, err)
	}
	// They are there after a kill, and sealed: what the data directory holds is not the secret.
	files, err := os.ReadDir(a.dir)
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(a.dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "hunter2") {
			t.Errorf("%s holds the secret", f.Name())
		}
	}
}

// No secret of a delivery is in a log, an answer or a refusal, at debug level, in any of its forms.
func TestX7SecretsAreNowhereShown(t *testing.T) {
	a := newApps(t, appOptions{level: slog.LevelDebug})
	const canary = `canary/"7Qz+hunter2`
	app := object{"nodeID": "n", "client_id": "abc", "client_secret": canary}
	var answers strings.Builder
	send := func(k object, changes object) {
		c := object{"data": secretsData("acme", k)}
		for name, v := range changes {
			c[name] = v
		}
		answers.WriteString(a.request("POST", "secrets", fmt.Sprint("d", a.now().UnixNano()), a.sign(signer, providerIssuer, c)).Body.String())
	}
	all := object{"application": app, "authorization_application": app, "secrets": object{"api_token": canary, "x": []string{canary}}}
	send(all, nil)
	send(all, object{"exp": 1})
	send(object{"application": object{"client_id": object{"x": canary}, "client_secret": canary}}, nil)
	send(object{"application": object{"client_secret": canary}}, nil)
	send(object{"secrets": []string{canary}}, nil)
	send(object{"secrets": canary}, nil)
	send(object{"secrets": object{"a": canary}, "policy": object{"algorithm": "ES256", "public_key": canary}}, nil)
	send(object{"secrets": object{"a": canary}, "policy": canary, "customer_account_id": ""}, nil)
	send(object{"secrets": object{"a": canary}, "app_offering": object{"reference": "other"}}, nil)
	plain := secretsData("acme", all)
	answers.WriteString(a.request("POST", "secrets", "d", text(plain)).Body.String())
	a.kept.failUpdate.Store(true)
	send(all, nil)
	quoted := text(canary)
	shown := a.log.String() + answers.String()
	for _, form := range []string{canary, "hunter2", quoted[1 : len(quoted)-1], url.QueryEscape(canary), hex.EncodeToString([]byte(canary)),
		base64.StdEncoding.EncodeToString([]byte(canary)), base64.RawURLEncoding.EncodeToString([]byte(canary))[:12]} {
		if strings.Contains(shown, form) {
			t.Errorf("%q is shown", form)
		}
	}
	if a.runs() != 2 || !strings.Contains(shown, "422") || !strings.Contains(shown, errDisk.Error()) {
		t.Errorf("%d runs; the cases did not happen: %s", a.runs(), last(shown))
	}
}

// A token that is sent again, as another delivery or as the same, does not bring back what newer ones have replaced.
// A delivery that is sent anew does, for a person may want that.
func TestJ6OldSecretsDoNotComeBack(t *testing.T) {
	a := newApps(t, appOptions{})
	application := func(secret string) object {
		return object{"application": object{"client_id": "abc", "client_secret": secret}, "secrets": object{"key": secret}}
	}
	check := func(want string) {
		t.Helper()
		app, err := a.customers.Token(t.Context(), "acme", "survey", "client_credentials")
		key, _, other := a.customers.Secret(t.Context(), "acme", "survey", "key")
		if err != nil || other != nil || app == nil || app.ClientSecret != want || key != want {
			t.Errorf("%+v, %q, want %q: %v, %v", app, key, want, err, other)
		}
	}
	old := a.sign(signer, providerIssuer, object{"data": secretsData("acme", application("old"))})
	a.kept.failUpdate.Store(true)
	a.wants(503, "", "secrets", "d1", old)
	a.kept.failUpdate.Store(false)
	a.wants(200, "job_uuid", "secrets", "d1", old) // what was not stored is not taken
	check("old")
	a.bring("acme", application("new"))
	check("new")
	a.wants(401, "not authorized", "secrets", "d2", old)
	check("new")
	a.wants(200, "job_uuid", "secrets", "d1", old)
	check("new")
	for n := range 70 { // the list of tokens does not grow for ever
		a.bring("acme", object{"secrets": object{"other": fmt.Sprint(n)}})
	}
	kept, err := a.kept.Get(t.Context(), "xurrent/test/provider/customers/acme/survey/taken")
	if err != nil || len(kept) == 0 || len(kept) > 12<<10 || strings.Count(string(kept), `"d":`) != 64 {
		t.Errorf("%d bytes, %d tokens, %v", len(kept), strings.Count(string(kept), `"d":`), err)
	}
	a.bring("acme", application("old"))
	check("old")
}
