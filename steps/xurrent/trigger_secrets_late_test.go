package xurrent_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"currant/engine/lang"
)

// A customer whose account's address does not follow from its id loses nothing but an unusable policy.
func TestP68PolicyOfAnOddCustomer(t *testing.T) {
	a := newApps(t, appOptions{level: slog.LevelInfo})
	sent := policyPart(acmeKey)
	sent["secrets"] = object{"api_token": "t"}
	a.bring(oddCustomer, sent)
	if got, ok, err := a.customers.Secret(t.Context(), oddCustomer, "survey", "api_token"); got != "t" || !ok || err != nil {
		t.Errorf("%q %v, %v", got, ok, err)
	}
	if !strings.Contains(a.log.String(), "cannot be used: it names no issuer") {
		t.Error("the log does not tell that the policy cannot be used")
	}
	path := "rule?customer_account_id=" + oddCustomer
	a.wants(401, "not authorized", path, "d", a.sign(acmeKey, acme, object{"data": ruleData(nil)}))
	sent["policy"].(object)["issuer"] = acme
	a.bring(oddCustomer, sent)
	a.wants(200, "job_uuid", path, "d", a.sign(acmeKey, acme, object{"data": ruleData(nil)}))
}

// A delivery that comes late, for it failed at first, replaces nothing that a newer one has brought.
func TestP66LateDeliveryReplacesNothingNewer(t *testing.T) {
	a := newApps(t, appOptions{})
	at := func(line any, text string, more ...string) {
		t.Helper()
		app := func() object { return object{"client_id": "c", "client_secret": text} }
		secrets := object{"key": text}
		for _, name := range more {
			secrets[name] = text
		}
		p := policyPart(acmeKey)
		p["policy"].(object)["nodeID"] = text
		a.bring("acme", object{"audit_line_id": line, "application": app(), "authorization_application": app(), "policy": p["policy"], "secrets": secrets})
	}
	check := func(want string) {
		t.Helper()
		for _, grant := range []string{"client_credentials", "authorization_code"} {
			if app, err := a.customers.Token(t.Context(), "acme", "survey", grant); err != nil || app == nil || app.ClientSecret != want {
				t.Errorf("%s: %+v, %v; want %q", grant, app, err, want)
			}
		}
		if p, err := a.customers.Policy(t.Context(), "acme", "survey"); err != nil || p == nil || p.ID != want {
			t.Errorf("%+v, %v; want %q", p, err, want)
		}
		if got, _, err := a.customers.Secret(t.Context(), "acme", "survey", "key"); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	at(20, "new")
	at(15, "late", "only")
	check("new")
	if got, _, err := a.customers.Secret(t.Context(), "acme", "survey", "only"); err != nil || got != "late" {
		t.Errorf("what only the late one has brought: %q, %v", got, err)
	}
	at(20, "again") // a person has sent it anew
	check("again")
	at(9007199254740993, "newer")
	check("newer")
	at(9007199254740992, "late")
	check("newer")
	for n, line := range []any{nil, "12", 1.5, -4, object{}, true} { // no number that could be compared
		at(line, fmt.Sprint("unknown", n))
		check(fmt.Sprint("unknown", n))
	}
}

// What is damaged in the store is replaced by what the account sends, and does not hold it up.
func TestX7DamagedSecretsAreReplaced(t *testing.T) {
	a := newApps(t, appOptions{})
	brought := object{"application": object{"client_id": "c", "client_secret": "s"}, "secrets": object{"api_token": "k"}}
	brought["policy"] = policyPart(acmeKey)["policy"]
	a.bring("acme", brought)
	damage := func() (n int) {
		t.Helper()
		keys, err := a.kept.Keys(t.Context(), "xurrent/test/provider/customers/acme/")
		if err != nil || len(keys) != 4 {
			t.Fatal(keys, err)
		}
		for _, key := range keys {
			if err := a.e.Store().Keep(t.Context(), key, []byte("damaged")); err != nil {
				t.Fatal(err)
			}
		}
		return len(keys)
	}
	damage()
	if _, err := a.customers.Token(t.Context(), "acme", "survey", "client_credentials"); !errors.Is(err, lang.ErrKeptDamaged) {
		t.Error(err)
	}
	a.bring("acme", brought)
	a.has(true)
	a.wants(200, "job_uuid", "rule?customer_account_id=acme", "d", a.sign(acmeKey, acme, object{"data": ruleData(nil)}))

	// And it is forgotten as what is whole.
	damage()
	a.wants(200, "job_uuid", "installed", "d1", a.changed("app_instance.delete", "survey", nil))
	removals, err := a.kept.Keys(t.Context(), "xurrent/test/provider/removed/")
	if err != nil || len(removals) != 1 {
		t.Fatal(removals, err)
	}
	if err := a.e.Store().Keep(t.Context(), removals[0], []byte("damaged")); err != nil {
		t.Fatal(err)
	}
	left := func() int {
		t.Helper()
		keys, err := a.kept.Keys(t.Context(), "xurrent/test/provider/customers/acme/")
		if err != nil {
			t.Fatal(err)
		}
		return len(keys)
	}
	a.later(2 * time.Hour)
	a.bring("beta", nil) // the removal's time begins anew
	a.later(29 * 24 * time.Hour)
	a.bring("beta", nil)
	if n := left(); n != 4 {
		t.Errorf("%d entries are left before their time", n)
	}
	a.later(25 * time.Hour)
	a.bring("beta", nil)
	if n := left(); n != 0 {
		t.Errorf("%d entries are left", n)
	}
}

// What was removed long ago is looked for once an hour, not at every delivery.
func TestRemovedInstallationsAreLookedForNowAndThen(t *testing.T) {
	a := newApps(t, appOptions{})
	for range 20 {
		a.bring("acme", nil)
	}
	if n := a.kept.forgot.Load(); n != 1 {
		t.Errorf("%d looks at 20 deliveries", n)
	}
	a.later(61 * time.Minute)
	for range 20 {
		a.bring("acme", nil)
	}
	if n := a.kept.forgot.Load(); n != 2 {
		t.Errorf("%d looks after an hour", n)
	}
	a.later(-61 * time.Minute) // the clock was set back
	a.bring("acme", nil)
	if n := a.kept.forgot.Load(); n != 3 {
		t.Errorf("%d looks after the clock was set back", n)
	}
}
