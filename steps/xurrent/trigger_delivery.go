package xurrent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps/xurrent/verify"
)

// delivery is one delivery of a webhook, of whichever trigger, on its way to an event: first whose it is, then
// what it says.
type delivery struct {
	TriggerDeps
	t *ingress.Trigger
	// issuer is whose the delivery is: verified or, of an unsigned one, that of the connection's account.
	issuer string
	data   []byte
	root   string // what errors call data
	header http.Header
	event  ingress.Event
}

// open begins with a delivery: whether it has a token, and which. Without one it is what the body says.
func (d TriggerDeps) open(t *ingress.Trigger, r *ingress.Request) (w delivery, token string, signed bool, err error) {
	body, err := r.JSONText()
	if err != nil {
		return delivery{}, "", false, err
	}
	token, signed, err = verify.Envelope(body)
	if err != nil {
		return delivery{}, "", false, refusal(http.StatusBadRequest, "The body is not JSON that can be read: %s.", err)
	}
	return delivery{TriggerDeps: d, t: t, data: body, root: "body", header: r.Header, event: ingress.Event{At: r.At}}, token, signed, nil
}

// verify takes what the token says, if the policy accepts it, in place of the body.
func (w *delivery) verify(ctx context.Context, token string, policy verify.Policy) error {
	verified, err := w.Verifier.Verify(ctx, token, policy)
	if err != nil {
		return ingress.Unauthorized("the signed body, by %s: %s", describe(policy), err)
	}
	w.data, w.root, w.issuer = verified.Data, "data", verified.Issuer
	w.event.Nonce, w.event.NonceUntil = verified.ID, verified.Until
	return nil
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

// fields are those of the event, each of its type, null where it is missing. Others are left out, and named in
// the log.
func (w *delivery) fields() (map[string]cty.Value, error) {
	if len(w.data) == 0 {
		return nil, refusal(http.StatusUnprocessableEntity, "The token has no claim \"data\".")
	}
	v, err := lang.ParseJSON(w.data, dataLimits)
	if err != nil {
		return nil, refusal(http.StatusUnprocessableEntity, "%s: %s.", w.root, err)
	}
	attrs, ok := plainFields(v)
	if !ok {
		fields, err := ingress.Fit(v, fieldsType, nil, w.root)
		if err != nil {
			return nil, err
		}
		attrs = fields.AsValueMap()
	}
	if attrs["event"].AsString() == "" {
		return nil, refusal(http.StatusUnprocessableEntity, "%s.event: the name of an event is required; it is empty.", w.root)
	}
	w.ignored(v)
	return attrs, nil
}

// ignored tells which fields an event has that triggers do not put out. Their values may be private.
func (w *delivery) ignored(v cty.Value) {
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

// verifyEvent asks whether the receiver is one (PLATFORM 6.9).
const verifyEvent = "webhook.verify"

// confirmed answers webhook.verify: the webhook becomes active when its callback was called. No run starts.
// false: it is another event; a webhook.verify without a callback is one like any other.
func (w *delivery) confirmed(ctx context.Context, attrs map[string]cty.Value) (bool, error) {
	callback := callbackOf(attrs["payload"])
	if attrs["event"].AsString() != verifyEvent || callback == "" {
		return false, nil
	}
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
		return true, r
	case err != nil:
		r := refusal(http.StatusBadGateway, "Unable to verify webhook %s: its callback failed.", webhook)
		r.Reason = fmt.Sprintf("the callback of webhook %s: %s", webhook, err)
		return true, r
	}
	w.event.Discard = "Webhook verification handled: " + webhook
	return true, nil
}

// other discards an event that the trigger is not for; false where it is. No names are all events.
func (w *delivery) other(name string, events []string) bool {
	if len(events) == 0 || slices.Contains(events, name) {
		return false
	}
	w.event.Discard = fmt.Sprintf("Discarded: the event %q is none of those that start a run.", cut(name))
	return true
}

// callbackOf is the address in the payload of webhook.verify, or "".
func callbackOf(payload cty.Value) string {
	if !payload.Type().IsObjectType() || payload.IsNull() || !payload.Type().HasAttribute("callback") {
		return ""
	}
	return textIn(payload.GetAttr("callback"))
}

func textIn(v cty.Value) string {
	if v.Type() != cty.String || v.IsNull() {
		return ""
	}
	return v.AsString()
}

// cut is a text of a delivery, fit to be shown.
func cut(s string) string { return outbound.EscapeLog(s, 200) }
