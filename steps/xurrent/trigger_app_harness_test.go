package xurrent_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/journal"
	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
	"currant/steps/flow"
	"currant/steps/xurrent"
	"currant/steps/xurrent/verify"
)

const (
	providerIssuer = "https://provider.xurrent.com"
	betaIssuer     = "https://beta.xurrent.com"
)

// oddCustomer has an id from which no address follows.
const oddCustomer = "odd_id"

// acmeKey and betaKey are those of the customers' policies; signer is the provider's.
var acmeKey, betaKey = newKey(), newKey()

// store is the engine's, which can be made to fail.
type store struct {
	lang.Kept
	failGet, failUpdate atomic.Bool
	forgot              atomic.Int64 // looks at what was removed
}

var errDisk = errors.New("the disk is full")

func (s *store) Get(ctx context.Context, key string) ([]byte, error) {
	if s.failGet.Load() {
		return nil, errDisk
	}
	return s.Kept.Get(ctx, key)
}

func (s *store) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	if s.failUpdate.Load() {
		return errDisk
	}
	return s.Kept.Update(ctx, key, change)
}

func (s *store) ReplaceKept(ctx context.Context, key string, value []byte) error {
	if s.failUpdate.Load() {
		return errDisk
	}
	return lang.ReplaceKept(ctx, s.Kept, key, value)
}

func (s *store) Keys(ctx context.Context, prefix string) ([]string, error) {
	if strings.HasSuffix(prefix, "/removed/") {
		s.forgot.Add(1)
	}
	return s.Kept.Keys(ctx, prefix)
}

// apps is a blueprint with a runbook for each trigger of apps, behind the HTTP server.
type apps struct {
	*hook
	kept      *store
	customers xurrent.Customers
	// installed is what the provider's account knows of acme's installation of survey.
	node, created string
	asked         atomic.Int64
}

// appOptions are further arguments of the triggers.
type appOptions struct {
	secrets, installation, automation, configuration string
	// issuer is that of the provider's policy; http where it is a simulated account's.
	issuer string
	// accounts are the addresses of customers' accounts, with {account}.
	accounts string
	level    slog.Level
	// bare leaves out the policy of the provider, and those of the customers.
	bare bool
}

func newApps(t testing.TB, o appOptions) *apps {
	t.Helper()
	if o.secrets == "" {
		o.secrets = `app_references = ["survey"]`
	}
	if o.issuer == "" {
		o.issuer = providerIssuer
	}
	if o.accounts == "" {
		o.accounts = "https://{account}.xurrent.com"
	}
	a := &apps{hook: &hook{t: t, dir: filepath.Join(t.TempDir(), "data")}, node: "NG1lInstance", created: "2026-02-01T10:00:00Z"}
	a.now = func() time.Time {
		a.mu.Lock()
		defer a.mu.Unlock()
		return time.Now().Add(a.turn)
	}
	log := slog.New(slog.NewTextHandler(&a.log, &slog.HandlerOptions{Level: o.level}))
	v := verify.New(verify.Options{Outbound: outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, Now: a.now, Log: log, InsecureIssuer: o.issuer})
	t.Cleanup(v.Close)
	d := xurrent.TriggerDeps{Verifier: v, Log: log,
		Issuer:   func(cty.Value) (string, error) { return o.issuer, nil },
		Provider: func(cty.Value) (string, error) { return "test/provider", nil },
		IssuerAt: func(_ cty.Value, customer string) (string, error) {
			if customer == oddCustomer {
				return "", errors.New("it is no name of a host")
			}
			return strings.ReplaceAll(o.accounts, "{account}", customer), nil
		},
		Installed: func(_ context.Context, _ cty.Value, customer, app string) (string, string, error) {
			a.asked.Add(1)
			if customer != "acme" || app != "survey" {
				return "", "", nil
			}
			return a.node, a.created, nil
		}}
	kinds, err := steps.NewRegistry([]*steps.Kind{flow.Log}, []*steps.ConnectionKind{xurrent.ConnectionKind(xurrent.Deps{})})
	if err != nil {
		t.Fatal(err)
	}
	triggers, err := ingress.NewRegistry(xurrent.NewSecretsChanged(d), xurrent.NewInstallationChanged(d), xurrent.NewAutomationWebhook(d), xurrent.NewConfiguration(d))
	if err != nil {
		t.Fatal(err)
	}
	options := compile.Options{Steps: kinds, Triggers: triggers}
	text := "connection \"xurrent\" \"c\" {\n account_id = \"provider\"\n personal_access_token = \"pat-secret\"\n}\n"
	for _, rb := range [][3]string{{"secrets", "secrets_changed", o.secrets}, {"installed", "installation_changed", o.installation},
		{"rule", "automation_webhook", "app_reference = \"survey\"\n" + o.automation}, {"configure", "configuration", "app_reference = \"survey\"\n" + o.configuration}} {
		text += fmt.Sprintf("runbook %q {\n trigger %q {\n%s\n}\n step \"log\" \"l\" { message = \"hi\" }\n}\n", rb[0], rb[1], rb[2])
	}
	bp, diags := blueprint(t, options, text)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	e, err := engine.New(engine.Options{Dir: a.dir, Compile: options, Log: log, MaxQueued: 1 << 30, Journal: journal.Options{Now: a.now}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	if err := e.Load(t.Context(), bp); err != nil {
		t.Fatal(err)
	}
	a.e, a.kept = e, &store{Kept: e.Kept()}
	a.srv = &ingress.Server{Route: e.Route, Accept: e.Accept, Log: log, Now: a.now, Kept: a.kept, Limits: ingress.Limits{InFlight: 10_000}}
	a.h = a.srv.Handler()
	a.customers = xurrent.CustomersOf(a.kept, "test/provider")
	if o.bare {
		return a
	}
	if err := a.customers.SetProviderPolicy(t.Context(), xurrent.WebhookPolicy{ID: "p", Algorithm: "ES256", PublicKeyPEM: pemOf(signer), Issuer: o.issuer}); err != nil {
		t.Fatal(err)
	}
	return a
}

// request sends one to a runbook's endpoint, with a query.
func (a *apps) request(method, path, delivery, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/inbound/test/"+path, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	if delivery != "" {
		r.Header.Set("X-Xurrent-Delivery", delivery)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	return w
}

// wants posts and checks the status and a part of the answer.
func (a *apps) wants(status int, part, path, delivery, body string, headers ...string) *httptest.ResponseRecorder {
	a.t.Helper()
	return a.answers(status, part, a.request(http.MethodPost, path, delivery, body, headers...))
}

func (a *apps) answers(status int, part string, w *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	a.t.Helper()
	if w.Code != status || !strings.Contains(w.Body.String(), part) {
		a.t.Errorf("answer %d %s, want %d %s\n%s", w.Code, w.Body, status, part, last(a.log.String()))
	}
	return w
}

// event is what a trigger makes of a body.
func (a *apps) event(runbook, query, body string) ingress.Event {
	a.t.Helper()
	tr, ok := a.e.Route("test", runbook)
	if !ok {
		a.t.Fatal("no route")
	}
	r := httptest.NewRequest(http.MethodPost, "/x"+query, nil)
	r.Header.Set("X-Xurrent-Delivery", "0a1b")
	ev, err := tr.Receive(a.t.Context(), &ingress.Request{Method: http.MethodPost, Header: r.Header, Query: r.URL.Query(), Body: []byte(body), At: a.now(), Kept: a.kept})
	if err != nil {
		a.t.Fatal(err)
	}
	return ev
}

// sign is a body with claims of an issuer.
func (a *apps) sign(k *ecdsa.PrivateKey, issuer string, changes object) string {
	c := object{"iss": issuer}
	maps.Copy(c, changes)
	return body(token(k, es256, a.claims(c)))
}

// secretsData is a delivery of secrets for a customer of survey with further members of its payload.
func secretsData(customer string, more object) object {
	payload := object{"audit_line_id": 9, "audit_line_nodeID": "NG1l", "customer_account_id": customer,
		"app_offering": object{"reference": "survey", "id": 2, "nodeID": "NG1lOffering"}}
	maps.Copy(payload, more)
	return object{"event": "app_instance.secrets-update", "object_id": 31, "object_nodeID": "NG1lInstance", "account_id": "provider",
		"account": providerIssuer, "person_id": 6, "person_nodeID": "NG1lp", "person_name": "Howard Tanner", "payload": payload}
}

// bring delivers secrets, as the provider's account does.
func (a *apps) bring(customer string, more object) *httptest.ResponseRecorder {
	a.t.Helper()
	return a.wants(200, "", "secrets", fmt.Sprint("s", a.now().UnixNano()), a.sign(signer, providerIssuer, object{"data": secretsData(customer, more)}))
}

// policyPart is a customer's policy in a delivery of secrets.
func policyPart(k *ecdsa.PrivateKey) object {
	return object{"policy": object{"nodeID": "NG1lPolicy", "audience": nil, "algorithm": "es256", "public_key": pemOf(k)}}
}

// ruleData is the call of a rule.
func ruleData(payload any) object {
	return object{"event": "automation_rule", "name": "Survey app", "object_id": 114, "object_nodeID": "NG1lRule", "account_id": "acme", "account": acme,
		"person_id": 6, "person_name": "Howard Tanner", "payload": payload}
}

// changedData is one of app_instance.*.
func changedData(event, reference, customer string) object {
	return object{"event": event, "object_nodeID": "NG1lInstance", "person_id": 5689, "person_name": "Tom Waters", "payload": object{
		"app_offering": object{"reference": reference, "id": 2, "nodeID": "NG1lOffering", "updated": true}, "customer_account_id": customer,
		"disabled": false, "enabled_by_customer": true, "suspended": false,
		"customer_representative": object{"id": 568, "nodeID": "NG1lr", "sourceID": "87123", "name": "Tom Waters", "disabled": false,
			"account": object{"id": customer, "name": "Acme Inc."}}}}
}
