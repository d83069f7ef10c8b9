package xurrent_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"currant/steps/xurrent"
	"currant/steps/xurrent/sim"
)

// An app is installed, called and removed in the simulated account, which signs as PLATFORM section 7 says.
func TestAppsOfTheSimulatedAccount(t *testing.T) {
	account, err := sim.Start(t.Context(), "127.0.0.1:0", sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { account.Close() })
	control := func(path string, order, answer any) {
		t.Helper()
		resp, err := http.Post(account.URL+path, "application/json", strings.NewReader(text(order)))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(answer); err != nil || resp.StatusCode > 299 {
			t.Fatalf("%s: %d %v %v", path, resp.StatusCode, answer, err)
		}
	}
	var policy struct {
		ID, Algorithm, Issuer string
		PublicKeyPEM          string `json:"public_key_pem"`
	}
	control("/sim/policies", object{"account": "wdc", "algorithm": "es256"}, &policy)
	a := newApps(t, appOptions{bare: true, issuer: policy.Issuer, accounts: sim.AddressesOf(account.URL).Issuer})
	if err := a.customers.SetProviderPolicy(t.Context(), xurrent.WebhookPolicy{ID: policy.ID, Algorithm: policy.Algorithm, PublicKeyPEM: policy.PublicKeyPEM, Issuer: policy.Issuer}); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(a.h)
	t.Cleanup(srv.Close)
	in := srv.URL + "/inbound/test/"
	var answer any
	control("/sim/install", object{"provider": "wdc", "app": "survey", "customer": "acme", "secrets": object{"api_token": "t"}, "policy": policy.ID,
		"deliver_to": object{"secrets": in + "secrets", "installation": in + "installed", "automation": in + "rule?customer_account_id={account}"}}, &answer)
	a.has(true)
	if n := a.runs(); n < 2 {
		t.Errorf("%d runs: %v\n%s", n, answer, last(a.log.String()))
	}
	before := a.runs()
	control("/sim/automation", object{"provider": "wdc", "app": "survey", "customer": "acme", "payload": object{"text": "x"}}, &answer)
	if n := a.runs() - before; n != 1 {
		t.Errorf("%d runs: %v\n%s", n, answer, last(a.log.String()))
	}
	control("/sim/remove", object{"provider": "wdc", "app": "survey", "customer": "acme"}, &answer)
	if n := a.runs() - before; n != 2 {
		t.Errorf("%d runs: %v\n%s", n, answer, last(a.log.String()))
	}
	keys, err := a.kept.Keys(t.Context(), "xurrent/test/provider/removed/")
	if err != nil || len(keys) != 1 {
		t.Errorf("%v, %v", keys, err)
	}
}
