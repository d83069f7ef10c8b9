package engine_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"currant/engine/ingress"
)

const customerSecretBlueprint = `
connection "xurrent" "provider" {
  account_id            = "wna-it"
  personal_access_token = "t"
}

runbook "make" {
  trigger "manual" {
    input_schema = object({ customer = string, app = string })
  }
  step "secret_set" "s" {
    name                = "hook"
    value               = random_secret(24)
    customer_account_id = trigger.input.customer
    app_reference       = trigger.input.app
  }
}

runbook "hook" {
  trigger "json_endpoint" {
    auth "hmac" {
      header = "X-Sig"
      secret = customer_secret(request.query_params.customer, "hook")
    }
  }
  step "log" "l" { message = "called" }
}
`

// A secret that a run has made and kept with a customer lets that customer, and no other, call an endpoint.
func TestCustomerSecretFromRunToEndpoint(t *testing.T) {
	w := newWorld(t)
	w.open()
	w.load(customerSecretBlueprint)
	w.run()
	for _, customer := range []string{"wdc", "acme"} {
		w.ends(w.start("make", object("customer", customer, "app", "helper")), "finished")
	}
	secret := func(customer string) string {
		keys, err := w.e.Kept().Keys(t.Context(), "xurrent/")
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if !strings.Contains(key, "/"+customer+"/helper/own/hook") {
				continue
			}
			b, err := w.e.Kept().Get(t.Context(), key)
			var e struct{ Value string }
			if err != nil || json.Unmarshal(b, &e) != nil {
				t.Fatal(err)
			}
			return e.Value
		}
		t.Fatalf("no secret of %s among %q", customer, keys)
		return ""
	}
	srv := &ingress.Server{Route: w.e.Route, Accept: w.e.Accept, Kept: w.e.Kept(), Log: slog.New(slog.NewTextHandler(w.log, nil))}
	call := func(customer, secret string) int {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(`{}`))
		r := httptest.NewRequest("POST", "/inbound/test/hook?customer="+customer, strings.NewReader(`{}`))
		r.Header.Set("X-Sig", hex.EncodeToString(mac.Sum(nil)))
		answer := httptest.NewRecorder()
		srv.Handler().ServeHTTP(answer, r)
		return answer.Code
	}
	wdc, acme := secret("wdc"), secret("acme")
	if len(wdc) != 32 || wdc == acme {
		t.Errorf("secrets of %d and %d characters", len(wdc), len(acme))
	}
	for _, c := range []struct {
		customer, secret string
		want             int
	}{{"wdc", wdc, 200}, {"acme", acme, 200}, {"wdc", acme, 401}, {"none", wdc, 401}, {"wdc%2Fhelper", wdc, 401}} {
		if got := call(c.customer, c.secret); got != c.want {
			t.Errorf("%s: %d, want %d\n%s", c.customer, got, c.want, w.log)
		}
	}
	w.ends(w.start("make", object("customer", "wdc", "app", "second")), "finished")
	if got := call("wdc", wdc); got != 401 {
		t.Errorf("%d, although two apps have the secret", got)
	}
	w.stop()
	for _, s := range []string{wdc, acme} {
		if strings.Contains(w.log.String(), s) {
			t.Error("a secret is in the log")
		}
	}
}
