package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
)

// trigger checks the trigger and tells the type of what a call gives it, and of its output.
func (r *builder) trigger() (input, output cty.Type) {
	b := r.body.Block("trigger")
	if b == nil {
		return cty.DynamicPseudoType, cty.DynamicPseudoType // reported as missing
	}
	kind := r.o.Triggers.Kind(b.Label())
	if kind == nil {
		r.report(lang.Error(b.LabelRanges[0], "Unknown trigger kind", "There is no trigger kind %q; there are %s.%s", b.Label(), strings.Join(r.o.Triggers.Names(), ", "), lang.DidYouMean(b.Label(), r.o.Triggers.Names())))
		return cty.DynamicPseudoType, cty.DynamicPseudoType
	}
	body, diags := kind.Spec().Bind(b.Source.Body, b.Range)
	r.report(diags...)
	conn := r.triggerConnection(kind, body)
	args, diags := body.Eval(r.static())
	r.report(diags...)
	check := &ingress.Check{Body: body, Args: args, Scope: r.static(), Unconnected: kind.Connection != "" && conn == ""}
	if kind.Check != nil {
		r.report(kind.Check(check)...)
	}
	output = outputOf(kind, check)
	r.triggerConn = conn
	r.rb.Trigger = &ingress.Trigger{Blueprint: r.bp.Name, Runbook: r.rb.Name, Kind: kind, Body: body, Args: args,
		Output: output, Enabled: r.rb.Enabled}
	return inputOf(kind, body, output), output
}

// triggerConnection is the name of the connection of the blueprint that a trigger belongs to, or "". The
// runbook's own are not there yet.
func (r *builder) triggerConnection(kind *ingress.Kind, body *lang.Body) string {
	if kind.Connection == "" {
		return ""
	}
	user := fmt.Sprintf("A trigger of kind %q", kind.Name)
	if a := body.Attr("connection"); a != nil {
		if ref, d := a.Reference(); d == nil {
			if d := checkReference(ref, r.bp.Connections[ref.Name], kind.Connection, user, slices.Sorted(maps.Keys(r.bp.Connections))); d != nil {
				r.report(d)
			}
			return ref.Name
		}
		return ""
	}
	conn, d := r.theOnly(kind.Connection, user, body.Range)
	switch {
	case d == nil:
		return conn.Name
	case kind.App:
		r.report(d)
	}
	return ""
}

// arguments evaluates a connection's arguments, of one that uses no value of a run.
func (conn *Connection) arguments() (cty.Value, error) {
	v, diags := conn.Body.Eval(conn.Scope)
	if diags.HasErrors() {
		return cty.NilVal, fmt.Errorf("connection %q: %s", conn.Name, firstProblem(diags))
	}
	return v, nil
}

// only evaluates the arguments of the blueprint's only connection of a type.
func (bp *Blueprint) only(kind string) (cty.Value, error) {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(bp.Connections)) {
		if k := bp.Connections[name].Kind; k != nil && k.Name == kind {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return cty.NilVal, fmt.Errorf("the blueprint %q has %d connections of type %q, where one is needed", bp.Name, len(found), kind)
	}
	return bp.Connections[found[0]].arguments()
}

func firstProblem(diags hcl.Diagnostics) string {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			return d.Summary + ": " + d.Detail
		}
	}
	return ""
}

// triggerTexts are the lazy arguments that must be of a certain type.
var triggerTexts = map[string]cty.Type{"discard_when": cty.Bool, "context": cty.String, "deduplication_id": cty.String}

// lazyTrigger checks the trigger's expressions over its own output: discard_when, context and the like.
func (r *builder) lazyTrigger() {
	if r.rb.Trigger == nil {
		return
	}
	scope := r.bp.Scope.Child(map[string]cty.Value{"trigger": cty.UnknownVal(r.rb.Trigger.Output)}).Static(func(root, _ string) string {
		if root != "trigger" && isOfRun(root) {
			return fmt.Sprintf("%q is not there yet: a trigger is asked before its run begins. Use trigger.", root)
		}
		return explainReference(root)
	})
	for _, a := range r.rb.Trigger.Body.Lazies() {
		t, ok := triggerTexts[a.Name]
		if !ok {
			t = cty.DynamicPseudoType
		}
		_, diags := scope.Eval(a.Expr, t)
		r.report(diags...)
	}
}
