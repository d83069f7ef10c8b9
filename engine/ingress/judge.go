package ingress

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// Validate is Check, Output and CheckPerEvent in one. It returns the type of `trigger`.
func (k *Kind) Validate(c *Check) (cty.Type, hcl.Diagnostics) {
	output := cty.DynamicPseudoType
	if k.Output != nil {
		output = k.Output(c)
	}
	var diags hcl.Diagnostics
	if k.Check != nil {
		diags = k.Check(c)
	}
	scope := c.Scope.Child(map[string]cty.Value{"trigger": cty.UnknownVal(output)})
	return output, append(diags, CheckPerEvent(c.Body, scope)...)
}

// CheckPerEvent checks the expressions of a trigger that are evaluated for each event, in a static scope in
// which `trigger` is an unknown of the trigger's output type: context, discard_when, deduplication_id, those
// of respond, and any other lazy one.
func CheckPerEvent(b *lang.Body, scope *lang.Scope) (diags hcl.Diagnostics) {
	responds := map[*lang.Attr]bool{}
	if bl := b.Block("respond"); bl != nil && bl.Body != nil {
		for _, a := range bl.Body.Attrs {
			responds[a] = true
		}
	}
	for _, a := range b.Lazies() {
		if responds[a] {
			continue
		}
		t := cty.DynamicPseudoType
		if want, ok := perEvent[a.Name]; ok && b.Attr(a.Name) == a {
			t = want
		}
		_, d := scope.Eval(a.Expr, t)
		diags = append(diags, d...)
	}
	return append(diags, checkRespond(b, scope)...)
}

// perEvent are the arguments that are evaluated from `trigger`, for each event.
var perEvent = map[string]cty.Type{"context": cty.String, "discard_when": cty.Bool, "deduplication_id": cty.String}

// Receive makes an event of a request: the kind authenticates and parses it, then it is judged. The error is
// a *Refusal or a failure of ours.
func (t *Trigger) Receive(ctx context.Context, r *Request) (Event, error) {
	if t.Kind.Accept == nil {
		return Event{}, planned(t.Kind)
	}
	ev, err := t.Kind.Accept(ctx, t, r)
	if err != nil {
		return Event{}, err
	}
	if ev.At.IsZero() {
		ev.At = r.At
	}
	return t.Judge(ev)
}

// Judge completes an event, of whatever kind, by the arguments that are evaluated from `trigger`: whether it
// is discarded and, where the kind has not said it, which delivery and which context it is.
//
// An expression that fails is a *Refusal with status 422, for no run can be started: the caller reads the
// summary, the log everything.
func (t *Trigger) Judge(ev Event) (Event, error) {
	if ev.Discard != "" {
		return ev, nil
	}
	scope := t.eventScope(ev)
	discard, err := t.argument(scope, "discard_when")
	if err != nil {
		return Event{}, err
	}
	if discard != cty.NilVal && discard.True() {
		ev.Discard = "Discarded: discard_when is true."
		return ev, nil
	}
	if ev.Delivery == "" {
		if ev.Delivery, err = t.name(scope, "deduplication_id"); err != nil {
			return Event{}, err
		}
	}
	context, err := t.name(scope, "context")
	if err != nil {
		return Event{}, err
	}
	if context != "" {
		ev.Context = context
	}
	return ev, nil
}

// scopeWith is a scope for the expressions of one event, with a budget of its own.
func (t *Trigger) scopeWith(at time.Time, vars map[string]cty.Value) *lang.Scope {
	return t.Scope.WithEval(t.newEval(at), vars)
}

func (t *Trigger) newEval(at time.Time) *lang.Eval {
	ev := lang.NewEval(lang.EvalLimits{})
	ev.Now = func() (time.Time, bool) { return at, true }
	ev.Seed = t.Blueprint + "/" + t.Runbook
	return ev
}

func (t *Trigger) eventScope(ev Event) *lang.Scope {
	return t.scopeWith(ev.At, map[string]cty.Value{"trigger": ev.Value})
}

// argument evaluates one of perEvent. It is cty.NilVal where it is not written or null.
func (t *Trigger) argument(scope *lang.Scope, name string) (cty.Value, error) {
	if t.Body == nil {
		return cty.NilVal, nil
	}
	a := t.Body.Attr(name)
	if a == nil {
		return cty.NilVal, nil
	}
	marked, diags := scope.Eval(a.Expr, perEvent[name])
	if diags.HasErrors() {
		return cty.NilVal, t.failed(name, diags)
	}
	v, marks := marked.Unmark()
	if !v.IsKnown() || v.IsNull() {
		return cty.NilVal, nil
	}
	return v.WithMarks(marks), nil
}

func (t *Trigger) failed(what string, diags hcl.Diagnostics) *Refusal {
	summary := "unknown error"
	if errs := diags.Errs(); len(errs) > 0 {
		if d, ok := errs[0].(*hcl.Diagnostic); ok {
			summary = d.Summary
		}
	}
	r := refuse(http.StatusUnprocessableEntity, "%s of runbook %q cannot be evaluated for this event: %s.", what, t.Runbook, strings.TrimSuffix(summary, "."))
	r.Reason = diagText(diags)
	return r
}

// maxName is the length of a delivery or a context that is kept as it is, in bytes.
const maxName = 256

// name is the text of an argument that names something in the journal. A long or sensitive one is kept as
// its digest: names are stored, and shown, in clear.
func (t *Trigger) name(scope *lang.Scope, argument string) (string, error) {
	marked, err := t.argument(scope, argument)
	if err != nil || marked == cty.NilVal {
		return "", err
	}
	v, _ := marked.Unmark()
	text := v.AsString()
	if text != "" && (len(text) > maxName || marked.IsMarked()) {
		sum := sha256.Sum256([]byte(text))
		return "sha256:" + hex.EncodeToString(sum[:]), nil
	}
	return text, nil
}

func diagText(diags hcl.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		if d.Subject != nil {
			fmt.Fprintf(&b, "%s:%d,%d: ", d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column)
		}
		fmt.Fprintf(&b, "%s: %s", strings.TrimSuffix(d.Summary, "."), d.Detail)
	}
	return b.String()
}
