package xurrent

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/steps/xurrent/verify"
)

// webhookPlan is what a trigger's arguments say, made ready once.
type webhookPlan struct {
	// policy is without the issuer's prefix, which the connection tells.
	policy verify.Policy
	// signed says that an unsigned body is refused.
	signed    bool
	events    []string
	schema    cty.Type
	defaults  *typeexpr.Defaults
	hasSchema bool
	err       error
	// account is the address of the connection's account, once it could be told.
	account atomic.Pointer[string]
}

func planWebhook(t *ingress.Trigger) *webhookPlan {
	return t.Prepare(func() any {
		p := &webhookPlan{}
		var a webhookArgs
		t.Kind.Spec().Decode(t.Args, &a)
		p.events, p.signed = a.Events, a.RequireSignature || a.Policy != nil
		p.schema, p.defaults, p.hasSchema = t.Body.TypeOf("payload_schema")
		if a.Policy == nil {
			return p
		}
		p.policy.Algorithm, p.policy.Audience = a.Policy.Algorithm, a.Policy.Audience
		if a.Policy.Issuer != "" {
			p.policy.Issuers = []string{a.Policy.Issuer}
		}
		if a.Policy.Algorithm != "" || a.Policy.PublicKeyPEM != "" {
			// Both: a policy that has lost its key may not become one that accepts any.
			p.policy.Key, p.err = verify.ParseKey(a.Policy.Algorithm, a.Policy.PublicKeyPEM)
		}
		return p
	}).(*webhookPlan)
}

// accountOf is the address of the account that the trigger's connection belongs to, or "".
func (d TriggerDeps) accountOf(t *ingress.Trigger, p *webhookPlan) (string, error) {
	if known := p.account.Load(); known != nil {
		return *known, nil
	}
	if t.Connection == nil || d.Issuer == nil {
		return "", nil
	}
	args, err := t.Connection()
	if err != nil {
		return "", err
	}
	account, err := d.Issuer(args)
	if err != nil {
		return "", err
	}
	p.account.Store(&account)
	return account, nil
}

// acceptWebhook makes an event of a delivery (PLATFORM section 6, LANGUAGE section 4): first whose it is,
// then what it says.
func (d TriggerDeps) acceptWebhook(ctx context.Context, t *ingress.Trigger, r *ingress.Request) (ingress.Event, error) {
	p := planWebhook(t)
	if p.err != nil {
		return ingress.Event{}, fmt.Errorf("the policy of %s/%s: %w", t.Blueprint, t.Runbook, p.err)
	}
	account, err := d.accountOf(t, p)
	if err != nil {
		return ingress.Event{}, fmt.Errorf("the account of the trigger of %s/%s: %w", t.Blueprint, t.Runbook, err)
	}
	w, token, signed, err := d.open(t, r)
	if err != nil {
		return ingress.Event{}, err
	}
	w.issuer = account
	if signed {
		policy := p.policy
		policy.IssuerPrefix = account
		if err := w.verify(ctx, token, policy); err != nil {
			return ingress.Event{}, err
		}
	} else if p.signed {
		return ingress.Event{}, ingress.Unauthorized("the body is not signed, and %s asks for a signature", describe(p.policy))
	}
	if err := w.read(ctx, p); err != nil {
		return ingress.Event{}, err
	}
	return w.event, nil
}

// read makes the event of a webhook trigger.
func (w *delivery) read(ctx context.Context, p *webhookPlan) error {
	attrs, err := w.fields()
	if err != nil {
		return err
	}
	if done, err := w.confirmed(ctx, attrs); done {
		return err
	}
	if err := w.ids(attrs); err != nil {
		return err
	}
	if w.other(attrs["event"].AsString(), p.events) {
		return nil
	}
	if err := w.payload(attrs, p); err != nil {
		return err
	}
	w.event.Value = cty.ObjectVal(attrs)
	return nil
}

// payload puts the payload into its declared type, and all of it beside that where the type leaves any out.
func (w *delivery) payload(attrs map[string]cty.Value, p *webhookPlan) error {
	attrs["raw_payload"] = cty.NullVal(cty.DynamicPseudoType)
	if !p.hasSchema {
		return nil
	}
	payload := attrs["payload"]
	if payload.IsNull() {
		payload = cty.EmptyObjectVal
	}
	typed, err := ingress.Fit(payload, p.schema, p.defaults, w.root+".payload")
	if err != nil {
		return err
	}
	attrs["payload"] = typed
	if leavesOut(payload, p.schema) {
		attrs["raw_payload"] = payload
	}
	return nil
}
