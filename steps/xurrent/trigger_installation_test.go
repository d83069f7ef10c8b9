package xurrent_test

import (
	"fmt"
	"testing"
	"time"

	"currant/steps/xurrent"
)

func (a *apps) changed(event, reference string, changes object) string {
	d := changedData(event, reference, "acme")
	for k, v := range changes {
		d[k] = v
	}
	return a.sign(signer, providerIssuer, object{"data": d})
}

// The output has all fields, null where the event has none (PLATFORM 7.4).
func TestInstallationOutput(t *testing.T) {
	a := newApps(t, appOptions{})
	ev := a.event("installed", "", a.changed("app_instance.update", "survey", nil))
	const want = `{"app_offering":{"id":2,"nodeID":"NG1lOffering","reference":"survey","updated":true},"app_reference":"survey","customer_account_id":"acme",` +
		`"customer_representative":{"account":{"id":"acme","name":"Acme Inc."},"disabled":false,"id":568,"name":"Tom Waters","nodeID":"NG1lr","sourceID":"87123"},` +
		`"disabled":false,"enabled_by_customer":true,"suspended":false,` +
		`"webhook":{"delivery":"0a1b","delivery_origin":null,"event":"app_instance.update","person":{"id":5689,"name":"Tom Waters","nodeID":null}}}`
	if got := shown(t, ev.Value); got != want {
		t.Errorf("got %s", got)
	}
	tr, _ := a.e.Route("test", "installed")
	if !ev.Value.Type().Equals(tr.Output) {
		t.Errorf("%#v, declared %#v", ev.Value.Type(), tr.Output)
	}
	least := object{"payload": object{"customer_account_id": "acme", "app_offering": object{"reference": "survey"}}}
	ev = a.event("installed", "", a.changed("app_instance.delete", "survey", least))
	if !ev.Value.Type().Equals(tr.Output) || !ev.Value.GetAttr("customer_representative").IsNull() || !ev.Value.GetAttr("suspended").IsNull() {
		t.Errorf("the least: %s", shown(t, ev.Value))
	}
	for name, payload := range map[string]any{"data.payload:": nil, "data.payload.app_offering": object{"customer_account_id": "acme"},
		"data.payload.customer_account_id":    object{"app_offering": object{"reference": "survey"}},
		"data.payload.app_offering.reference": object{"customer_account_id": "acme", "app_offering": object{"reference": " "}},
		"data.payload.suspended":              object{"customer_account_id": "acme", "app_offering": object{"reference": "survey"}, "suspended": "hunter2"}} {
		a.wants(422, name, "installed", "d", a.changed("app_instance.update", "survey", object{"payload": payload}))
	}
}

// An event of another app is discarded, with 200: it is nobody's mistake.
func TestP73AnotherApp(t *testing.T) {
	a := newApps(t, appOptions{installation: `app_reference = "survey"`})
	w := a.wants(200, "App reference 'widget' is different from 'survey'.", "installed", "d1", a.changed("app_instance.create", "widget", nil))
	if w.Header().Get("X-Job-Uuid") != "" || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || a.runs() != 0 {
		t.Errorf("%v, %d runs", w.Header(), a.runs())
	}
	a.wants(200, "job_uuid", "installed", "d2", a.changed("app_instance.create", "survey", nil))
}

// One webhook for each event that the trigger takes.
func TestEventsOfInstallationsAreSubscribed(t *testing.T) {
	for events, want := range map[string]string{
		``:                                 "[app_instance.create app_instance.update app_instance.delete]",
		`events = ["app_instance.update"]`: "[app_instance.update]",
		`events = ["app_instance.delete"]`: "[app_instance.delete]",
		`events = ["app_instance.delete", "app_instance.create"]`: "[app_instance.delete app_instance.create]",
	} {
		a := newApps(t, appOptions{installation: events})
		tr, _ := a.e.Route("test", "installed")
		need, ok := xurrent.NeedOf(tr, "https://x.test/")
		if got := fmt.Sprint(need.Events); !ok || got != want || need.Endpoint != "https://x.test/inbound/test/installed" {
			t.Errorf("%s: %s at %s, want %s", events, got, need.Endpoint, want)
		}
	}
}

func TestInstallationEvents(t *testing.T) {
	a := newApps(t, appOptions{installation: `events = ["app_instance.create"]`})
	a.wants(200, `Discarded: the event "app_instance.update"`, "installed", "d1", a.changed("app_instance.update", "survey", nil))
	a.wants(200, `Discarded: the event "app_instance.secrets-update"`, "installed", "d2", a.sign(signer, providerIssuer, object{"data": secretsData("acme", nil)}))
	a.wants(200, `Discarded: the event "app_instance.create"`, "secrets", "d3", a.changed("app_instance.create", "survey", nil))
	if n := a.runs(); n != 0 {
		t.Errorf("%d runs", n)
	}
	a.wants(200, "job_uuid", "installed", "d4", a.changed("app_instance.create", "survey", nil))
}

// has says what is kept of acme's installation.
func (a *apps) has(want bool) {
	a.t.Helper()
	app, err := a.customers.Token(a.t.Context(), "acme", "survey", "client_credentials")
	_, secret, other := a.customers.Secret(a.t.Context(), "acme", "survey", "api_token")
	if err != nil || other != nil || (app != nil) != want || secret != want {
		a.t.Errorf("credentials %v, secret %v, want %v (%v, %v)", app != nil, secret, want, err, other)
	}
}

// What a removed installation has sent is there for the runs that say goodbye, and then forgotten; also where
// its event starts no run.
func TestInstallationIsForgotten(t *testing.T) {
	a := newApps(t, appOptions{installation: `events = ["app_instance.create", "app_instance.update"]`})
	brought := object{"application": object{"client_id": "abc", "client_secret": "s"}, "secrets": object{"api_token": "t"}}
	a.bring("acme", brought)
	a.bring("beta", brought)
	if err := a.customers.SetOwn(t.Context(), "acme", "survey", "key", "k"); err != nil {
		t.Fatal(err)
	}
	own := func(want bool) {
		t.Helper()
		if _, ok, err := a.customers.Own(t.Context(), "acme", "survey", "key"); ok != want || err != nil {
			t.Errorf("own secret %v, %v", ok, err)
		}
	}
	a.wants(200, "Discarded", "installed", "d1", a.changed("app_instance.delete", "survey", nil))
	a.has(true)
	a.later(29 * 24 * time.Hour)
	a.wants(200, "Discarded", "installed", "d2", a.changed("app_instance.delete", "survey", nil)) // told once more: nothing begins anew
	a.has(true)
	own(true)
	a.later(24*time.Hour + time.Minute)
	a.bring("beta", nil)
	a.has(false)
	own(false)
	if app, err := a.customers.Token(t.Context(), "beta", "survey", "client_credentials"); app == nil || err != nil {
		t.Errorf("another customer's: %+v, %v", app, err)
	}
	keys, err := a.kept.Keys(t.Context(), "xurrent/test/provider/removed/")
	if err != nil || len(keys) != 0 {
		t.Errorf("%v, %v", keys, err)
	}
}

// Installed anew: the former installation's credentials are not taken for those that are on their way, in
// whichever order the events come.
func TestInstallationAnew(t *testing.T) {
	brought := object{"application": object{"client_id": "abc", "client_secret": "s"}, "secrets": object{"api_token": "t"}}
	start := func() *apps {
		a := newApps(t, appOptions{})
		a.bring("acme", brought)
		return a
	}
	again := object{"object_nodeID": "NG1lSecond"}
	secondSecrets := func(a *apps) {
		t.Helper()
		d := secretsData("acme", brought)
		d["object_nodeID"] = "NG1lSecond"
		a.wants(200, "job_uuid", "secrets", "second", a.sign(signer, providerIssuer, object{"data": d}))
	}
	remove := func(a *apps) {
		t.Helper()
		a.wants(200, "job_uuid", "installed", "gone", a.changed("app_instance.delete", "survey", nil))
	}
	later := func(a *apps) {
		t.Helper()
		a.later(31 * 24 * time.Hour)
		a.bring("beta", nil)
	}
	t.Run("create before secrets", func(t *testing.T) {
		a := start()
		remove(a)
		if err := a.customers.SetOwn(t.Context(), "acme", "survey", "key", "k"); err != nil {
			t.Fatal(err)
		}
		a.wants(200, "job_uuid", "installed", "n", a.changed("app_instance.create", "survey", again))
		a.has(false)
		secondSecrets(a)
		later(a)
		a.has(true)
		if _, ok, err := a.customers.Own(t.Context(), "acme", "survey", "key"); !ok || err != nil {
			t.Errorf("own secret %v, %v", ok, err)
		}
	})
	t.Run("secrets before create", func(t *testing.T) {
		a := start()
		remove(a)
		secondSecrets(a)
		a.wants(200, "job_uuid", "installed", "n", a.changed("app_instance.create", "survey", again))
		later(a)
		a.has(true)
	})
	t.Run("removal after the new secrets", func(t *testing.T) {
		a := start()
		secondSecrets(a)
		remove(a)
		a.has(true)
		later(a)
		a.has(true)
	})
	t.Run("removed twice", func(t *testing.T) {
		a := start()
		remove(a)
		secondSecrets(a)
		a.wants(200, "job_uuid", "installed", "gone again", a.changed("app_instance.delete", "survey", again))
		a.has(true)
		later(a)
		a.has(false)
	})
}

// What cannot be noted is told again.
func TestX7RemovalIsStoredBeforeTheAnswer(t *testing.T) {
	a := newApps(t, appOptions{})
	sent := a.changed("app_instance.delete", "survey", nil)
	a.kept.failUpdate.Store(true)
	a.wants(503, "", "installed", "d", sent)
	a.kept.failUpdate.Store(false)
	if n := a.runs(); n != 0 {
		t.Errorf("%d runs", n)
	}
	a.wants(200, "job_uuid", "installed", "d", sent)
	if err := a.customers.SetProviderPolicy(t.Context(), xurrent.WebhookPolicy{Algorithm: "HS256", PublicKeyPEM: "x", Issuer: acme}); err == nil {
		t.Error("a policy that can verify nothing is kept")
	}
}
