package xurrent_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"currant/engine/ingress"
)

// endpoint is one of an app's, with what it accepts.
type endpoint struct {
	path string
	data object
}

func (a *apps) endpoints() map[string]endpoint {
	return map[string]endpoint{"secrets": {"secrets", secretsData("acme", nil)}, "installed": {"installed", changedData("app_instance.update", "survey", "acme")},
		"rule": {fromAcme, ruleData(object{"text": "x"})}}
}

// goodClaims are such that the endpoint accepts them from its signer.
func (a *apps) goodClaims(e endpoint, changes object) object {
	c := object{"iss": providerIssuer, "data": e.data}
	if e.path == fromAcme {
		c["iss"] = acme
	}
	for k, v := range changes {
		c[k] = v
	}
	return a.claims(c)
}

func (e endpoint) signed(claims object) string {
	if e.path == fromAcme {
		return body(token(acmeKey, es256, claims))
	}
	return body(token(signer, es256, claims))
}

// A plain body is never accepted, however it is dressed; nor is one whose policy is not kept. The answers are
// one and the same.
func TestJ13AppsTakeSignedBodiesOnly(t *testing.T) {
	a, bare := twoCustomers(t, appOptions{}), newApps(t, appOptions{bare: true})
	before := a.runs()
	for name, e := range a.endpoints() {
		plain := text(e.data)
		inner := strings.TrimSuffix(strings.TrimPrefix(plain, "{"), "}")
		claims := a.goodClaims(e, nil)
		raw := base64.RawURLEncoding.EncodeToString
		for dress, sent := range map[string]string{
			"plain": plain, "empty": "{}", "a list": "[" + plain + "]", "jwt null": `{"jwt":null,` + inner + `}`, "jwt an object": `{"jwt":` + plain + `}`,
			"capitals": `{"JWT":"a.b.c",` + inner + `}`, "claims": text(claims), "jwt inside": `{"data":{"jwt":"a.b.c"},` + inner + `}`,
			"alg none":         body(raw([]byte(`{"alg":"none"}`)) + "." + raw([]byte(text(claims))) + "."),
			"HS256":            body(token(signer, `{"alg":"HS256"}`, claims)),
			"another key":      body(token(betaKey, es256, claims)),
			"expired":          e.signed(a.goodClaims(e, object{"exp": 1})),
			"another issuer":   e.signed(a.goodClaims(e, object{"iss": "https://provider.xurrent.com.evil.io"})),
			"below the issuer": e.signed(a.goodClaims(e, object{"iss": claims["iss"].(string) + "/webhook_policies/1"})),
			"no issuer":        e.signed(a.goodClaims(e, object{"iss": missing})),
			"too large":        body(strings.Repeat("A", 161<<10)),
		} {
			w := a.request("POST", e.path, "d", sent)
			if w.Code != 401 || strings.TrimSpace(w.Body.String()) != `{"error":"The request is not authorized."}` {
				t.Errorf("%s, %s: %d %s", name, dress, w.Code, w.Body)
			}
		}
		unknown := bare.request("POST", e.path, "d", e.signed(claims))
		if unknown.Code != 401 || strings.TrimSpace(unknown.Body.String()) != `{"error":"The request is not authorized."}` {
			t.Errorf("%s without a policy: %d %s", name, unknown.Code, unknown.Body)
		}
		for sent, status := range map[string]int{"": 400, "{": 400, strings.Repeat(" ", 257<<10): 413} {
			if w := a.request("POST", e.path, "d", sent); w.Code != status {
				t.Errorf("%s, %d bytes: %d %s", name, len(sent), w.Code, w.Body)
			}
		}
	}
	if n := a.runs() - before + bare.runs(); n != 0 {
		t.Errorf("%d runs", n)
	}
	for name, e := range a.endpoints() {
		a.wants(200, "job_uuid", e.path, name, e.signed(a.goodClaims(e, nil)))
	}
	log := a.log.String() + bare.log.String()
	for _, part := range []string{"no webhook policy is kept of the provider test/provider", "no webhook policy is kept of customer acme for app survey", "the signature is not of the key"} {
		if !strings.Contains(log, part) {
			t.Errorf("the log does not say %q", part)
		}
	}
}

// Too large for any reader, before any claim is read (PLATFORM 6.4).
func TestP49AppCaps(t *testing.T) {
	a := twoCustomers(t, appOptions{})
	for _, e := range a.endpoints() {
		big := a.goodClaims(e, object{"x": strings.Repeat("x", 130<<10)})
		a.wants(401, "", e.path, "d", e.signed(big))
		a.wants(413, "", e.path, "d", e.signed(a.goodClaims(e, object{"x": strings.Repeat("x", 256<<10)})))
	}
	if !strings.Contains(a.log.String(), "larger than 160 KiB") {
		t.Error(last(a.log.String()))
	}
	e := a.endpoints()["rule"]
	a.wants(200, "job_uuid", e.path, "d", e.signed(a.goodClaims(e, object{"x": strings.Repeat("x", 64<<10)})))
}

// A plain body where a policy is kept is refused, and so is a signed one where none is: app triggers discover no
// keys.
func TestP50AppPolicies(t *testing.T) {
	a, bare := twoCustomers(t, appOptions{}), newApps(t, appOptions{bare: true})
	for name, e := range a.endpoints() {
		a.wants(401, "", e.path, "d", text(e.data))
		bare.wants(401, "", e.path, "d", body(token(signer, `{"alg":"ES256","kid":"k1"}`, a.goodClaims(e, nil))))
		a.wants(200, "job_uuid", e.path, name, e.signed(a.goodClaims(e, nil)))
	}
}

// The same jti under another delivery is refused; eight at once start one run (J11).
func TestJ11AppEventsStartOneRun(t *testing.T) {
	a := twoCustomers(t, appOptions{})
	for name, e := range a.endpoints() {
		before := a.runs()
		sent := e.signed(a.goodClaims(e, nil))
		var taken, refused atomic.Int64
		var senders errgroup.Group
		for i := range 8 {
			senders.Go(func() error {
				switch w := a.request("POST", e.path, fmt.Sprint(name, i), sent); w.Code {
				case 200:
					taken.Add(1)
				case 401:
					refused.Add(1)
				default:
					t.Errorf("%s: %d %s", name, w.Code, w.Body)
				}
				return nil
			})
		}
		_ = senders.Wait() // none of them returns an error
		if n := a.runs() - before; n != 1 || taken.Load() != 1 || refused.Load() != 7 {
			t.Errorf("%s: %d runs, %d taken, %d refused", name, n, taken.Load(), refused.Load())
		}
	}
}

// What is refused, discarded or fails uses up no jti: the true one then still runs.
func TestJ12AppEventsAfterFailures(t *testing.T) {
	a := twoCustomers(t, appOptions{automation: "payload_schema = object({ text = string })\n discard_when = trigger.payload.text == \"drop\""})
	for name, e := range a.endpoints() {
		before := a.runs()
		claims := a.goodClaims(e, nil)
		a.wants(401, "", e.path, name, body(token(stranger, es256, claims)))
		a.wants(422, "X-Xurrent-Delivery", e.path, "", e.signed(claims))
		if e.path == fromAcme {
			claims["data"] = ruleData(object{"text": nil})
			a.wants(422, "payload.text", e.path, name, e.signed(claims))
			claims["data"] = ruleData(object{"text": "drop"})
			a.wants(200, "Discarded: discard_when is true.", e.path, name, e.signed(claims))
			claims["data"] = e.data
		}
		a.kept.failGet.Store(true)
		a.wants(503, "", e.path, name, e.signed(claims))
		a.kept.failGet.Store(false)
		accept := a.srv.Accept
		a.srv.Accept = func(context.Context, *ingress.Trigger, ingress.Event) (ingress.Receipt, error) {
			return ingress.Receipt{}, &ingress.Refusal{Status: 503, Message: "full"}
		}
		a.wants(503, "full", e.path, name, e.signed(claims))
		a.srv.Accept = accept
		if n := a.runs() - before; n != 0 {
			t.Errorf("%s: %d runs", name, n)
		}
		a.wants(200, "job_uuid", e.path, name, e.signed(claims))
		a.wants(401, "", e.path, name+" again", e.signed(claims))
	}
}

// What app triggers answer (PLATFORM 6.11, LANGUAGE section 4).
func TestP64AppAnswers(t *testing.T) {
	a := twoCustomers(t, appOptions{})
	for name, e := range a.endpoints() {
		sent := e.signed(a.goodClaims(e, nil))
		w := a.wants(200, `{"job_uuid":"`, e.path, name, sent)
		if id := w.Header().Get("X-Job-Uuid"); len(id) != 36 || !strings.Contains(w.Body.String(), id) {
			t.Errorf("%v %s", w.Header(), w.Body)
		}
		if again := a.wants(200, "", e.path, name, sent); again.Body.String() != w.Body.String() {
			t.Errorf("%s, then %s", w.Body, again.Body)
		}
		if again := a.wants(200, "", e.path, name+"2", e.signed(a.goodClaims(e, nil)), "X-Xurrent-Delivery-Origin", name); again.Body.String() != w.Body.String() {
			t.Errorf("redelivery: %s, then %s", w.Body, again.Body)
		}
	}
}

// What lacks an event or a delivery is refused.
func TestP65AppFields(t *testing.T) {
	a := twoCustomers(t, appOptions{})
	for _, e := range a.endpoints() {
		a.wants(422, "X-Xurrent-Delivery", e.path, "", e.signed(a.goodClaims(e, nil)))
		a.wants(422, "data.event", e.path, "d", e.signed(a.goodClaims(e, object{"data": object{"payload": object{}}})))
		a.wants(422, `no claim \"data\"`, e.path, "d", e.signed(a.goodClaims(e, object{"data": missing})))
	}
}

// webhook.verify of each: first whose it is, then its callback on the issuer's host; no run.
func TestP61AppVerify(t *testing.T) {
	account, canary := newAccount(t), newAccount(t)
	a := newApps(t, appOptions{issuer: account.URL})
	policy := policyPart(acmeKey)
	policy["policy"].(object)["issuer"] = account.URL
	a.wants(200, "job_uuid", "secrets", "s", a.sign(signer, account.URL, object{"data": secretsData("acme", policy)}))
	before := a.runs()
	callback := account.URL + "/webhooks/42/verify?code=abc"
	for _, e := range a.endpoints() {
		signed := func(callback string) string {
			return e.signed(a.goodClaims(e, object{"iss": account.URL, "data": verifying(callback)}))
		}
		asked := len(account.requests())
		a.wants(401, "", e.path, "d", text(verifying(callback)))
		a.wants(401, "", e.path, "d", body(token(stranger, es256, a.goodClaims(e, object{"iss": account.URL, "data": verifying(callback)}))))
		a.wants(422, "data.payload.callback", e.path, "d", signed(canary.URL+"/x"))
		if n := len(account.requests()) - asked; n != 0 {
			t.Errorf("%s: %d requests", e.path, n)
		}
		a.wants(200, "Webhook verification handled: Request status (NG1l)", e.path, "", signed(callback))
		if n := len(account.requests()) - asked; n != 1 {
			t.Errorf("%s: %d requests", e.path, n)
		}
	}
	if len(canary.requests()) != 0 || a.runs() != before {
		t.Errorf("canary %v, %d runs", canary.requests(), a.runs()-before)
	}
}
