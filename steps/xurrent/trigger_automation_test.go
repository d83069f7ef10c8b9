package xurrent_test

import (
	"crypto/ecdsa"
	"strings"
	"testing"
)

// twoCustomers have survey, each with a policy of its own; acme has widget too.
func twoCustomers(t *testing.T, o appOptions) *apps {
	a := newApps(t, o)
	a.bring("acme", policyPart(acmeKey))
	a.bring("beta", policyPart(betaKey))
	widget := newApps(t, appOptions{secrets: `app_references = ["widget"]`})
	widget.srv.Kept, widget.kept = a.kept, a.kept
	other := policyPart(stranger)
	other["app_offering"] = object{"reference": "widget"}
	widget.wants(200, "job_uuid", "secrets", "w", widget.sign(signer, providerIssuer, object{"data": secretsData("acme", other)}))
	return a
}

const fromAcme, fromBeta = "rule?customer_account_id=acme", "rule?customer_account_id=beta"

// The policy is that of the customer in the address and of the configured app.
func TestP71CustomerOfTheAddress(t *testing.T) {
	a := twoCustomers(t, appOptions{})
	call := func(k *ecdsa.PrivateKey, issuer string) string {
		return a.sign(k, issuer, object{"data": ruleData(object{"text": "x"})})
	}
	before := a.runs()
	for _, path := range []string{"rule", "rule?customer_account_id=", "rule?customer_account_id=%20", "rule?customer_account_id=acme&customer_account_id=acme",
		"rule?customer_account_id=nobody", "rule?customer_account_id=Acme", "rule?customer_account_id=acme%00", "rule?customer_account_id=acme%2F..",
		"rule?customer_account_id=" + strings.Repeat("a", 257), "rule?customer_account_id=acme%2Fsurvey", "rule?Customer_account_id=acme", "rule/acme"} {
		w := a.wants(401, `{"error":"The request is not authorized."}`, path, "d", call(acmeKey, acme))
		if strings.TrimSpace(w.Body.String()) != `{"error":"The request is not authorized."}` {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
	a.wants(200, "job_uuid", fromAcme, "d", call(acmeKey, acme))
	a.wants(200, "job_uuid", fromBeta, "e", call(betaKey, betaIssuer))
	if n := a.runs() - before; n != 2 {
		t.Errorf("%d runs", n)
	}
}

// Signed by customer A's policy and sent as customer B, or of another app: refused, whatever the token says.
func TestJ9AnotherCustomersSignature(t *testing.T) {
	a := twoCustomers(t, appOptions{})
	before := a.runs()
	as := func(customer string) object {
		d := ruleData(object{"text": "x", "customer_account_id": customer})
		d["account_id"], d["account"] = customer, "https://"+customer+".xurrent.com"
		return object{"data": d}
	}
	for name, c := range map[string]struct {
		path   string
		key    *ecdsa.PrivateKey
		issuer string
		as     string
	}{
		"acme's as beta":                    {fromBeta, acmeKey, acme, "acme"},
		"acme's as beta, which it calls":    {fromBeta, acmeKey, betaIssuer, "beta"},
		"beta's as acme":                    {fromAcme, betaKey, betaIssuer, "beta"},
		"beta's as acme, which it calls":    {fromAcme, betaKey, acme, "acme"},
		"acme's, called beta's":             {fromAcme, acmeKey, betaIssuer, "acme"},
		"of acme's other app":               {fromAcme, stranger, acme, "acme"},
		"the provider's own":                {fromAcme, signer, providerIssuer, "acme"},
		"the provider's own, called acme's": {fromAcme, signer, acme, "acme"},
	} {
		if w := a.request("POST", c.path, "d", a.sign(c.key, c.issuer, as(c.as))); w.Code != 401 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	// Nor do customers sign for the provider.
	for _, path := range []string{"secrets", "installed"} {
		for _, issuer := range []string{acme, providerIssuer} {
			a.wants(401, "", path, "d", a.sign(acmeKey, issuer, object{"data": secretsData("acme", policyPart(betaKey))}))
		}
	}
	if n := a.runs() - before; n != 0 {
		t.Errorf("%d runs", n)
	}
	a.wants(200, "job_uuid", fromAcme, "d", a.sign(acmeKey, acme, as("acme")))
}

// What the platform adds to a payload is left out; the rest is typed.
func TestP72Payload(t *testing.T) {
	a := twoCustomers(t, appOptions{})
	sent := func(payload any) string { return a.sign(acmeKey, acme, object{"data": ruleData(payload)}) }
	added := object{"text": "a new note", "request_id": 7001, "app_offering": object{"reference": "survey"}, "customer_account_id": "beta"}
	const webhook = `"webhook":{"delivery":"0a1b","delivery_origin":null,"event":"automation_rule","person":{"id":6,"name":"Howard Tanner","nodeID":null}}}`
	ev := a.event("rule", "?customer_account_id=acme", sent(added))
	if got, want := shown(t, ev.Value), `{"app_reference":"survey","customer_account_id":"acme","payload":{"request_id":7001,"text":"a new note"},`+webhook; got != want {
		t.Errorf("got %s", got)
	}
	if got := shown(t, a.event("rule", "?customer_account_id=acme", sent(nil)).Value.GetAttr("payload")); got != "null" {
		t.Errorf("got %s", got)
	}
	typed := twoCustomers(t, appOptions{automation: "payload_schema = object({ text = string, n = optional(number, 3), customer_account_id = optional(string) })"})
	ev = typed.event("rule", "?customer_account_id=acme", sent(added))
	if got := shown(t, ev.Value.GetAttr("payload")); got != `{"customer_account_id":null,"n":3,"text":"a new note"}` {
		t.Errorf("got %s", got)
	}
	tr, _ := typed.e.Route("test", "rule")
	if !ev.Value.Type().Equals(tr.Output) {
		t.Errorf("%#v, declared %#v", ev.Value.Type(), tr.Output)
	}
	typed.wants(422, "data.payload.text: a text is required", fromAcme, "d", sent(object{"text": nil}))
	typed.wants(422, "data.payload.text", fromAcme, "d", sent(nil))
	typed.wants(422, "data.payload: an object", fromAcme, "d", sent("hunter2"))
	typed.wants(200, "job_uuid", fromAcme, "d", sent(object{"text": "x"}))
}

// The context is the customer where the trigger serves one app, and both where it serves more.
func TestP70Context(t *testing.T) {
	secrets := func(a *apps) string {
		return a.event("secrets", "", a.sign(signer, providerIssuer, object{"data": secretsData("acme", nil)})).Context
	}
	installed := func(a *apps) string {
		return a.event("installed", "", a.sign(signer, providerIssuer, object{"data": changedData("app_instance.update", "survey", "acme")})).Context
	}
	one := newApps(t, appOptions{installation: `app_reference = "survey"`})
	more := newApps(t, appOptions{secrets: `app_references = ["survey", "widget"]`})
	any := newApps(t, appOptions{secrets: "discard_when = false"}) // neither named nor in the blueprint
	own := newApps(t, appOptions{secrets: "app_references = [\"survey\"]\n context = trigger.webhook.person.name"})
	for _, c := range []struct{ name, got, want string }{
		{"secrets of one app", secrets(one), "acme"}, {"secrets of two", secrets(more), "survey@acme"}, {"secrets of any", secrets(any), "survey@acme"},
		{"installations of one app", installed(one), "acme"}, {"installations of any", installed(more), "survey@acme"},
		{"a context of one's own", secrets(own), "Howard Tanner"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q", c.name, c.got)
		}
	}
	a := twoCustomers(t, appOptions{})
	if got := a.event("rule", "?customer_account_id=beta", a.sign(betaKey, betaIssuer, object{"data": ruleData(nil)})).Context; got != "beta" {
		t.Errorf("automation: %q", got)
	}
}
