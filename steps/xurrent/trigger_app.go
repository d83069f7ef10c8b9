package xurrent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
	"currant/steps/xurrent/verify"
)

// appPlan is what the arguments of an app's trigger say, made ready once.
type appPlan struct {
	// apps are the references that the trigger serves; none is any.
	apps      []string
	events    []string
	schema    cty.Type
	defaults  *typeexpr.Defaults
	hasSchema bool
	// provider names the connection's account, once it could be told.
	provider atomic.Pointer[string]
	// forgot is when the trigger has looked for removed installations.
	forgot atomic.Pointer[time.Time]
}

// planApp makes a trigger's arguments, of type A, ready.
func planApp[A any](t *ingress.Trigger, fill func(*appPlan, A)) *appPlan {
	return t.Prepare(func() any {
		var a A
		t.Kind.Spec().Decode(t.Args, &a)
		p := &appPlan{}
		p.schema, p.defaults, p.hasSchema = t.Body.TypeOf("payload_schema")
		fill(p, a)
		return p
	}).(*appPlan)
}

// appsIn are the references of a blueprint's apps, sorted; none where it has none.
func appsIn(scope *lang.Scope) (out []string) {
	if scope == nil {
		return nil
	}
	apps, ok := scope.Lookup("app")
	if !ok || !apps.Type().IsObjectType() {
		return nil
	}
	for it := apps.ElementIterator(); it.Next(); {
		_, app := it.Element()
		if v, ok := steps.Known(app, "reference"); ok {
			out = append(out, textIn(v))
		}
	}
	slices.Sort(out)
	return out
}

// serves says whether events of an app are for the trigger.
func (p *appPlan) serves(app string) bool { return len(p.apps) == 0 || slices.Contains(p.apps, app) }

// context is that of a run (PLATFORM 7.3): where the trigger serves one app, the customer says enough.
func (p *appPlan) context(customer, app string) string {
	if len(p.apps) == 1 {
		return customer
	}
	return app + "@" + customer
}

// connectionOf is the arguments of the connection that a trigger belongs to.
func connectionOf(t *ingress.Trigger) (cty.Value, error) {
	if t.Connection == nil {
		return cty.NilVal, fmt.Errorf("the trigger of %s/%s belongs to no connection", t.Blueprint, t.Runbook)
	}
	return t.Connection()
}

// customers are those of the account that the trigger belongs to.
func (d TriggerDeps) customers(t *ingress.Trigger, r *ingress.Request, p *appPlan) (Customers, error) {
	if r.Kept == nil {
		return Customers{}, errors.New("this runner keeps nothing of customers")
	}
	if known := p.provider.Load(); known != nil {
		return customersOf(r.Kept, *known), nil
	}
	args, err := connectionOf(t)
	if err != nil {
		return Customers{}, err
	}
	provider, err := d.Provider(args)
	if err != nil {
		return Customers{}, fmt.Errorf("the account of the trigger of %s/%s: %w", t.Blueprint, t.Runbook, err)
	}
	p.provider.Store(&provider)
	return customersOf(r.Kept, provider), nil
}

// usable is a policy that is kept, ready to verify by. Whose it is, is for the log: an unknown customer is
// answered as a wrong signature is.
func usable(policy *webhookPolicy, whose string) (out verify.Policy, err error) {
	if policy == nil {
		return out, ingress.Unauthorized("no webhook policy is kept of %s", whose)
	}
	if out, err = policy.verifiable(); err != nil {
		return out, ingress.Unauthorized("the webhook policy of %s %s", whose, err)
	}
	return out, nil
}

// openSigned begins with the delivery of an app: its fields, after a policy has accepted its signature. There are
// no fields where nothing is left to do, for it was a webhook.verify. find gives the policy that is kept, or nil,
// and whose it is.
func (d TriggerDeps) openSigned(ctx context.Context, t *ingress.Trigger, r *ingress.Request, find func() (*webhookPolicy, string, error)) (delivery, map[string]cty.Value, error) {
	w, token, signed, err := d.open(t, r)
	if err != nil {
		return w, nil, err
	}
	// Before it is looked for: what an unsigned body is answered does not depend on who is known.
	if !signed {
		return w, nil, ingress.Unauthorized("the body is not signed, and a trigger of the kind %s takes no other", t.Kind.Name)
	}
	kept, whose, err := find()
	if err != nil {
		return w, nil, err
	}
	policy, err := usable(kept, whose)
	if err != nil {
		return w, nil, err
	}
	if err := w.verify(ctx, token, policy); err != nil {
		return w, nil, err
	}
	attrs, err := w.fields()
	if err != nil {
		return w, nil, err
	}
	if done, err := w.confirmed(ctx, attrs); done {
		return w, nil, err
	}
	return w, attrs, w.ids(attrs)
}

// openProvider is openSigned of a webhook of the provider's own account.
func (d TriggerDeps) openProvider(ctx context.Context, t *ingress.Trigger, r *ingress.Request, customers Customers) (delivery, map[string]cty.Value, error) {
	return d.openSigned(ctx, t, r, func() (*webhookPolicy, string, error) {
		policy, err := customers.ProviderPolicy(ctx)
		return policy, "the provider " + customers.provider, err
	})
}

// mismatch discards an event of an app that the trigger does not serve (PLATFORM 7.4); false where it does.
func (w *delivery) mismatch(p *appPlan, app string) bool {
	if p.serves(app) {
		return false
	}
	names := make([]string, len(p.apps))
	for i, name := range p.apps {
		names[i] = "'" + name + "'"
	}
	w.event.Discard = fmt.Sprintf("App reference '%s' is different from %s.", cut(app), strings.Join(names, ", "))
	return true
}

// maxAppID is the length of a customer's account id and of an app's reference, in bytes. References have 161
// characters at most (PLATFORM 7.1).
const maxAppID = 256

// isAppID says whether a text can be a customer's account id, or an app's reference.
func isAppID(s string) bool {
	return s != "" && len(s) <= maxAppID && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsGraphic(r) || unicode.IsSpace(r)
	})
}

// named is whose installation, of which app, a payload is about.
func (w *delivery) named(payload cty.Value) (customer, app string, err error) {
	customer, app = textIn(payload.GetAttr("customer_account_id")), textIn(payload.GetAttr("app_offering").GetAttr("reference"))
	for _, id := range [][2]string{{"customer_account_id", customer}, {"app_offering.reference", app}} {
		if !isAppID(id[1]) {
			return "", "", refusal(http.StatusUnprocessableEntity, "%s.payload.%s: a name of at most %d bytes without blanks is required.", w.root, id[0], maxAppID)
		}
	}
	return customer, app, nil
}

// appWebhookOf is what app triggers tell of the delivery.
func appWebhookOf(attrs map[string]cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"event": attrs["event"], "delivery": attrs["delivery"], "delivery_origin": attrs["delivery_origin"],
		"person": cty.ObjectVal(map[string]cty.Value{"id": attrs["person_id"], "nodeID": attrs["person_nodeID"], "name": attrs["person_name"]}),
	})
}

// forgetEvery is how often a trigger looks for installations that were removed long ago: it reads all removals.
const forgetEvery = time.Hour

// forget forgets installations that were removed long ago. It is no reason to refuse a delivery that it fails.
func (w *delivery) forget(ctx context.Context, customers Customers, p *appPlan) {
	last, at := p.forgot.Load(), w.event.At
	if last != nil && !at.Before(*last) && at.Sub(*last) < forgetEvery || !p.forgot.CompareAndSwap(last, &at) {
		return
	}
	if err := customers.forgetRemoved(ctx, w.event.At); err != nil {
		w.Log.Warn("installations that were removed cannot be forgotten yet", "provider", customers.provider, "error", err)
	}
}
