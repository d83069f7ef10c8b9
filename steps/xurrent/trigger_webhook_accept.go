package xurrent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
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
	body, err := r.JSONText()
	if err != nil {
		return ingress.Event{}, err
	}
	token, signed, err := verify.Envelope(body)
	if err != nil {
		return ingress.Event{}, refusal(http.StatusBadRequest, "The body is not JSON that can be read: %s.", err)
	}
	w := webhook{TriggerDeps: d, t: t, plan: p, issuer: account, data: body, root: "body", header: r.Header}
	if signed {
		policy := p.policy
		policy.IssuerPrefix = account
		verified, err := d.Verifier.Verify(ctx, token, policy)
		if err != nil {
			return ingress.Event{}, ingress.Unauthorized("the signed body, by %s: %s", describe(policy), err)
		}
		w.data, w.root, w.issuer = verified.Data, "data", verified.Issuer
		w.event.Nonce, w.event.NonceUntil = verified.ID, verified.Until
	} else if p.signed {
		return ingress.Event{}, ingress.Unauthorized("the body is not signed, and %s asks for a signature", describe(p.policy))
	}
	w.event.At = r.At
	if err := w.read(ctx); err != nil {
		return ingress.Event{}, err
	}
	return w.event, nil
}

// describe is a policy for the log.
func describe(p verify.Policy) string {
	issuer := "any issuer"
	switch {
	case len(p.Issuers) > 0:
		issuer = "the issuer " + p.Issuers[0]
	case p.IssuerPrefix != "":
		issuer = "the account " + p.IssuerPrefix
	}
	if p.Key == nil {
		return "the policy of " + issuer
	}
	return "the " + p.Algorithm + " policy of " + issuer
}

// refusal is an answer whose text the caller may read.
func refusal(status int, format string, args ...any) *ingress.Refusal {
	return &ingress.Refusal{Status: status, Message: fmt.Sprintf(format, args...)}
}

// webhook is one delivery on its way to an event.
type webhook struct {
	TriggerDeps
	t    *ingress.Trigger
	plan *webhookPlan
	// issuer is whose the delivery is: verified, or that of the connection's account.
	issuer string
	data   []byte
	root   string // what errors call data
	header http.Header
	event  ingress.Event
}

// dataLimits bound an event before it becomes a value; its bytes are bounded already.
var dataLimits = lang.DataLimits{Bytes: 256 << 10, Depth: 64, Elements: 30_000}

// fieldsType is what an event has; all but its name may be missing.
var fieldsType = func() cty.Type {
	attrs, optional := map[string]cty.Type{"payload": cty.DynamicPseudoType}, []string{"payload"}
	for _, name := range numbersOf {
		attrs[name] = cty.Number
		optional = append(optional, name)
	}
	for _, name := range textsOf {
		attrs[name] = cty.String
		if name != "event" {
			optional = append(optional, name)
		}
	}
	return cty.ObjectWithOptionalAttrs(attrs, optional)
}()

// verifyEvent asks whether the receiver is one (PLATFORM 6.9).
const verifyEvent = "webhook.verify"

func (w *webhook) read(ctx context.Context) error {
	if len(w.data) == 0 {
		return refusal(http.StatusUnprocessableEntity, "The token has no claim \"data\".")
	}
	v, err := lang.ParseJSON(w.data, dataLimits)
	if err != nil {
		return refusal(http.StatusUnprocessableEntity, "%s: %s.", w.root, err)
	}
	attrs, ok := plainFields(v)
	if !ok {
		fields, err := ingress.Fit(v, fieldsType, nil, w.root)
		if err != nil {
			return err
		}
		attrs = fields.AsValueMap()
	}
	name := attrs["event"].AsString()
	if name == "" {
		return refusal(http.StatusUnprocessableEntity, "%s.event: the name of an event is required; it is empty.", w.root)
	}
	if callback := callbackOf(attrs["payload"]); name == verifyEvent && callback != "" {
		return w.confirm(ctx, attrs, callback)
	}
	if err := w.delivery(attrs); err != nil {
		return err
	}
	if len(w.plan.events) > 0 && !slices.Contains(w.plan.events, name) {
		w.event.Discard = fmt.Sprintf("Discarded: the event %q is none of those that start a run.", cut(name))
		return nil
	}
	if err := w.payload(attrs); err != nil {
		return err
	}
	w.ignored(v)
	w.event.Value = cty.ObjectVal(attrs)
	return nil
}

// payload puts the payload into its declared type, and all of it beside that where the type leaves any out.
func (w *webhook) payload(attrs map[string]cty.Value) error {
	attrs["raw_payload"] = cty.NullVal(cty.DynamicPseudoType)
	if !w.plan.hasSchema {
		return nil
	}
	payload := attrs["payload"]
	if payload.IsNull() {
		payload = cty.EmptyObjectVal
	}
	typed, err := ingress.Fit(payload, w.plan.schema, w.plan.defaults, w.root+".payload")
	if err != nil {
		return err
	}
	attrs["payload"] = typed
	if leavesOut(payload, w.plan.schema) {
		attrs["raw_payload"] = payload
	}
	return nil
}

// ignored tells which fields an event has that triggers do not put out. Their values may be private.
func (w *webhook) ignored(v cty.Value) {
	if !w.Log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	var names []string
	for name := range v.Type().AttributeTypes() {
		if !fieldsType.HasAttribute(name) {
			names = append(names, cut(name))
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		w.Log.Debug("Ignored unexpected fields in webhook", "blueprint", w.t.Blueprint, "runbook", w.t.Runbook, "fields", names[:min(len(names), 50)])
	}
}

// confirm answers webhook.verify: the webhook becomes active when its callback was called. No run starts.
func (w *webhook) confirm(ctx context.Context, attrs map[string]cty.Value, callback string) error {
	webhook := fmt.Sprintf("%s (%s)", cut(textIn(attrs["name"])), cut(textIn(attrs["webhook_nodeID"])))
	var err error = &verify.Rejected{Reason: "the body is not signed, and the trigger belongs to no connection whose account's host the callback could be compared with"}
	if w.issuer != "" {
		err = w.Verifier.Callback(ctx, callback, w.issuer)
	}
	var rejected *verify.Rejected
	switch {
	case errors.As(err, &rejected):
		r := refusal(http.StatusUnprocessableEntity, "%s.payload.callback: an https address on the account's host is required.", w.root)
		r.Reason = fmt.Sprintf("webhook %s: %s", webhook, rejected)
		return r
	case err != nil:
		r := refusal(http.StatusBadGateway, "Unable to verify webhook %s: its callback failed.", webhook)
		r.Reason = fmt.Sprintf("the callback of webhook %s: %s", webhook, err)
		return r
	}
	w.event.Discard = "Webhook verification handled: " + webhook
	return nil
}
