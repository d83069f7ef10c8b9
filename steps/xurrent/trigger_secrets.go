package xurrent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// SecretsChanged is the trigger kind as long as nothing verifies signatures.
var SecretsChanged = NewSecretsChanged(TriggerDeps{})

// NewSecretsChanged is the trigger kind that brings the secrets of installations.
func NewSecretsChanged(d TriggerDeps) *ingress.Kind {
	return ingress.Define[secretsArgs](d.receiving(ingress.Kind{
		Name:       "secrets_changed",
		Doc:        "A customer's account has sent secrets of an app: credentials, the policy of its webhook, secret fields. They are stored, sealed, before the run; the run sees none of them.",
		Endpoint:   true,
		App:        true,
		Connection: connectionType,
		Examples: []lang.Example{{
			Title: "The secrets of the blueprint's apps",
			HCL:   `trigger "secrets_changed" {}`,
		}, {
			Title: "Of certain apps",
			HCL:   `trigger "secrets_changed" { app_references = ["survey"] }`,
		}},
		Check: checkReferences,
		Output: func(*ingress.Check) cty.Type {
			return cty.Object(map[string]cty.Type{"customer_account_id": cty.String, "app_reference": cty.String, "webhook": appWebhook})
		},
	}, TriggerDeps.acceptSecrets))
}

type secretsArgs struct {
	account
	AppReferences []string `hcl:"app_references,optional" doc:"References of apps; by default those of the blueprint, or any where it has none. Secrets of other apps are discarded."`
}

// checkReferences reports a list of apps that would accept nothing, or holds what no app is called.
func checkReferences(c *ingress.Check) (diags hcl.Diagnostics) {
	v, ok := quotable(c.Args, "app_references")
	if !ok {
		return nil
	}
	if v.LengthInt() == 0 {
		return hcl.Diagnostics{lang.Error(steps.At(c.Body, "app_references"), "Invalid value for \"app_references\"",
			"An empty list would accept nothing: name an app, or leave \"app_references\" out.")}
	}
	for it := v.ElementIterator(); it.Next(); {
		if _, el := it.Element(); !isAppID(textIn(el)) {
			return hcl.Diagnostics{lang.Error(steps.At(c.Body, "app_references"), "Invalid value for \"app_references\"",
				"Each element is the reference of an app: not empty, and without blanks.")}
		}
	}
	return nil
}

func planSecrets(t *ingress.Trigger) *appPlan {
	return planApp(t, func(p *appPlan, a secretsArgs) {
		if p.apps = a.AppReferences; p.apps == nil {
			p.apps = appsIn(t.Scope)
		}
	})
}

// secretsEvent is the event of secrets_changed.
const secretsEvent = "app_instance.secrets-update"

// acceptSecrets keeps what a delivery brings (PLATFORM 7.3), before anything else is asked: whoever has sent it
// does not have it any more. An error after that makes the sender send it again.
func (d TriggerDeps) acceptSecrets(ctx context.Context, t *ingress.Trigger, r *ingress.Request) (ingress.Event, error) {
	p := planSecrets(t)
	customers, err := d.customers(t, r, p)
	if err != nil {
		return ingress.Event{}, err
	}
	w, attrs, err := d.openProvider(ctx, t, r, customers)
	if err != nil || attrs == nil || w.other(attrs["event"].AsString(), []string{secretsEvent}) {
		return w.event, err
	}
	payload, err := ingress.Fit(attrs["payload"], secretsPayload, nil, w.root+".payload")
	if err != nil {
		return ingress.Event{}, err
	}
	customer, app, err := w.named(payload)
	if err != nil || w.mismatch(p, app) {
		return w.event, err
	}
	brought := secretsDelivery{Customer: customer, App: app, Instance: textIn(attrs["object_nodeID"]), Line: lineIn(payload.GetAttr("audit_line_id")),
		Application: applicationIn(payload.GetAttr("application")), Authorization: applicationIn(payload.GetAttr("authorization_application"))}
	if brought.Secrets, err = w.secretsIn(payload.GetAttr("secrets")); err != nil {
		return ingress.Event{}, err
	}
	if brought.Policy, err = w.policyIn(payload.GetAttr("policy"), customer, app); err != nil {
		return ingress.Event{}, err
	}
	if err := customers.storeOnce(ctx, brought, w.event); err != nil {
		return ingress.Event{}, fmt.Errorf("the secrets of app %s for customer %s: %w", cut(app), cut(customer), err)
	}
	w.forget(ctx, customers, p)
	w.event.Context = p.context(customer, app)
	w.event.Value = cty.ObjectVal(map[string]cty.Value{
		"customer_account_id": cty.StringVal(customer), "app_reference": cty.StringVal(app), "webhook": appWebhookOf(attrs)})
	return w.event, nil
}

// entryTaken is the entry of an installation that lists the tokens whose secrets were stored.
const entryTaken = "taken"

// maxTaken is how many of them are remembered; a token is accepted for a few minutes.
const maxTaken = 64

// takenToken is a token whose secrets were stored. The short names are part of the stored format.
type takenToken struct {
	Digest string    `json:"d"`          // of its id
	Until  time.Time `json:"u,omitzero"` // when it is accepted no longer; zero is never
}

// storeOnce is Store, once for a token that has an id: one that is sent again may not bring back what newer
// deliveries have replaced. Runs are started later, so that nobody else has looked at the id yet.
func (c Customers) storeOnce(ctx context.Context, d secretsDelivery, ev ingress.Event) error {
	if ev.Nonce == "" {
		return c.Store(ctx, d)
	}
	sum := sha256.Sum256([]byte(ev.Nonce))
	this, key := takenToken{Digest: hex.EncodeToString(sum[:]), Until: ev.NonceUntil}, c.of(d.Customer, d.App).key(entryTaken)
	once := func(old []byte) ([]byte, error) {
		var taken []takenToken
		if old != nil && json.Unmarshal(old, &taken) != nil {
			return nil, fmt.Errorf("what is kept under %s cannot be read; was it written by another version of Currant?", key)
		}
		if slices.ContainsFunc(taken, func(t takenToken) bool { return t.Digest == this.Digest }) {
			return old, nil
		}
		if err := c.Store(ctx, d); err != nil {
			return nil, err
		}
		taken = slices.DeleteFunc(taken, func(t takenToken) bool { return !t.Until.IsZero() && t.Until.Before(ev.At) })
		taken = append(taken, this)
		return json.Marshal(taken[max(0, len(taken)-maxTaken):])
	}
	err := c.kept.Update(ctx, key, once)
	if errors.Is(err, lang.ErrKeptDamaged) { // better to take one twice, within its minutes, than none any more
		if err := drop(ctx, c.kept, key); err != nil {
			return err
		}
		return c.kept.Update(ctx, key, once)
	}
	return err
}

// secretsPayload is what a delivery of secrets may have (PLATFORM 7.3).
var secretsPayload = func() cty.Type {
	application := cty.ObjectWithOptionalAttrs(map[string]cty.Type{"nodeID": cty.String, "client_id": cty.String, "client_secret": cty.String}, []string{"nodeID"})
	policy := map[string]cty.Type{"nodeID": cty.String, "audience": cty.String, "algorithm": cty.String, "public_key": cty.String, "issuer": cty.String}
	return cty.ObjectWithOptionalAttrs(map[string]cty.Type{
		"audit_line_id":             cty.DynamicPseudoType, // whatever it is, the secrets are wanted
		"app_offering":              cty.Object(map[string]cty.Type{"reference": cty.String}),
		"customer_account_id":       cty.String,
		"application":               application,
		"authorization_application": application,
		"policy":                    cty.ObjectWithOptionalAttrs(policy, []string{"nodeID", "audience", "algorithm", "public_key", "issuer"}),
		"secrets":                   cty.DynamicPseudoType,
	}, []string{"audit_line_id", "application", "authorization_application", "policy", "secrets"})
}()

// lineIn is the number of an audit line, or 0 of what is none.
func lineIn(v cty.Value) int64 {
	if v.IsNull() || v.Type() != cty.Number {
		return 0
	}
	n, accuracy := v.AsBigFloat().Int64()
	if accuracy != big.Exact || n < 0 {
		return 0
	}
	return n
}

func applicationIn(v cty.Value) *oauthApplication {
	if v.IsNull() {
		return nil
	}
	return &oauthApplication{NodeID: textIn(v.GetAttr("nodeID")), ClientID: textIn(v.GetAttr("client_id")), ClientSecret: textIn(v.GetAttr("client_secret"))}
}

// policyIn is a customer's policy. One that nothing can be verified by is kept too, for the rest of the delivery
// would be lost with it; the log says so.
func (w *delivery) policyIn(v cty.Value, customer, app string) (*webhookPolicy, error) {
	if v.IsNull() {
		return nil, nil
	}
	p := &webhookPolicy{ID: textIn(v.GetAttr("nodeID")), Algorithm: strings.ToUpper(textIn(v.GetAttr("algorithm"))),
		PublicKeyPEM: textIn(v.GetAttr("public_key")), Issuer: textIn(v.GetAttr("issuer")), Audience: textIn(v.GetAttr("audience"))}
	if p.Issuer == "" {
		args, err := connectionOf(w.t)
		if err != nil {
			return nil, err
		}
		if p.Issuer, err = w.IssuerAt(args, customer); err != nil {
			p.Issuer = "" // of an id that is no name of a host
		}
	}
	if _, err := p.verifiable(); err != nil {
		w.Log.Warn("the webhook policy of a customer "+err.Error(), "customer", cut(customer), "app", cut(app))
	}
	return p, nil
}

// secretsIn are the secret fields that were entered. What is no text is kept as its JSON; a null brings nothing.
func (w *delivery) secretsIn(v cty.Value) (map[string]string, error) {
	if v.IsNull() {
		return nil, nil
	}
	if !v.Type().IsObjectType() {
		return nil, refusal(http.StatusUnprocessableEntity, "%s.payload.secrets: an object is required.", w.root)
	}
	out := map[string]string{}
	for name, el := range v.AsValueMap() {
		switch {
		case el.IsNull():
		case el.Type() == cty.String:
			out[name] = el.AsString()
		default:
			b, err := lang.ToJSON(el)
			if err != nil {
				return nil, refusal(http.StatusUnprocessableEntity, "%s.payload.secrets: a value cannot be kept.", w.root)
			}
			out[name] = string(b)
		}
	}
	return out, nil
}
