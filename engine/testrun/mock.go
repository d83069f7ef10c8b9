package testrun

import (
	"errors"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/steps"
)

// mock is one `mock` block.
type mock struct {
	at    target
	block *lang.Block
}

// errorType is what a mocked error is.
var errorType = cty.Object(map[string]cty.Type{"kind": cty.String, "message": cty.String, "status": cty.Number})

// callUnknown is what a mock sees of the call that it answers.
var callUnknown = cty.ObjectVal(map[string]cty.Value{"arguments": cty.DynamicVal, "index": cty.UnknownVal(cty.Number), "attempt": cty.UnknownVal(cty.Number)})

// mock checks one mock block.
func (b *binder) mock(rb *compile.Runbook, bl *lang.Block) *mock {
	at, n := b.step(rb, bl)
	if n == nil {
		return nil
	}
	m := &mock{at: at, block: bl}
	k := n.Kind
	if k.Pager == nil && (k.Do == nil || k.Effect == steps.Pure && k.EffectOf == nil) {
		b.report(lang.Error(bl.Range, "Step cannot be mocked", "A step of kind %q does nothing outside the run: it is executed in a test as it is.", k.Name))
		return nil
	}
	if bl.Body.Attr("error") == nil || bl.Body.Attr("output") != nil && bl.Body.Attr("records") != nil {
		b.report(steps.ExactlyOne(bl.Body, "output", "records")...)
	}
	scope := b.static().Child(map[string]cty.Value{"call": callUnknown})
	expect := b.expectOf(n)
	for _, a := range bl.Body.Attrs {
		v, diags := m.value(a, n, expect, scope)
		b.report(diags...)
		if a.Name == "error" && v.IsKnown() && v.IsNull() && !diags.HasErrors() && !m.answers() {
			b.report(m.nothing(a))
		}
	}
	return m
}

// answers says whether the mock has an answer beside its error.
func (m *mock) answers() bool {
	return m.block.Body.Attr("output") != nil || m.block.Body.Attr("records") != nil
}

// nothing is the mistake of a mock whose error is null and that has no answer.
func (m *mock) nothing(at *lang.Attr) *hcl.Diagnostic {
	return lang.Error(at.Expr.Range(), "The mock answers nothing", "The error is null, and there is no answer beside it: write output = { ... } too, or records = [...] of a step that gets its items page by page.")
}

// value evaluates an attribute of the mock and makes it what the step's kind gives; expect are the statuses that the
// step takes for no error (isExpected).
func (m *mock) value(a *lang.Attr, n *compile.Node, expect cty.Value, scope *lang.Scope) (cty.Value, hcl.Diagnostics) {
	v, diags := scope.Eval(a.Expr, cty.DynamicPseudoType)
	if diags.HasErrors() {
		return v, diags
	}
	var err error
	switch a.Name {
	case "output":
		if n.Kind.Pager != nil && paged(n) {
			return v, hcl.Diagnostics{lang.Error(a.NameRange, "Unsupported argument", "The step %q gets its items page by page: write records = [...].", n.Name)}
		}
		if v, err = fit(v, n.Output); err == nil {
			v = marked(v, n.Unknown)
			err = neverOutput(v, n, expect)
		}
	case "records":
		if n.Kind.Pager == nil || !paged(n) {
			return v, hcl.Diagnostics{lang.Error(a.NameRange, "Unsupported argument", "The step %q gives no list of records: write output = { ... }.", n.Name)}
		}
		if v, err = fit(v, cty.List(itemType(n))); err == nil {
			err = neverRecords(v)
		}
	case "error":
		v, err = fitError(v)
	case "delay":
		_, err = durationOf(v)
	}
	if err == nil {
		return v, nil
	}
	at := a.Expr.Range()
	var off *misfit
	if errors.As(err, &off) {
		at = placeOf(a.Expr, off.path)
	}
	summary := "The step never gives this"
	if a.Name == "error" || a.Name == "delay" {
		summary = "Invalid value for \"" + a.Name + "\""
	}
	return v, hcl.Diagnostics{lang.Error(at, summary, "%s", sentence(err.Error()))}
}

// paged says whether a Pager's output is made of items; one that asks for a single object has the object's own.
func paged(n *compile.Node) bool {
	return n.Output.IsObjectType() && n.Output.HasAttribute("count")
}

// itemType is the type of a Pager's items, as far as it is known.
func itemType(n *compile.Node) cty.Type {
	p := n.Kind.Pager
	if b := n.BlockOf(p.Each, 0); b != nil {
		return b.Item.Type()
	}
	list := cty.DynamicPseudoType
	if b := n.BlockOf(p.EachPage, 0); b != nil {
		list = b.Item.Type()
	} else {
		for name, t := range n.Output.AttributeTypes() {
			if name != "collected" && t.IsListType() {
				list = t
			}
		}
	}
	if list.IsListType() {
		return list.ElementType()
	}
	return cty.DynamicPseudoType
}

func durationOf(marked cty.Value) (time.Duration, error) {
	v, _ := marked.Unmark()
	switch {
	case !v.IsKnown():
		return 0, nil
	case v.IsNull() || v.Type() != cty.String:
		return 0, &misfit{text: "a duration is needed, such as \"5m\""}
	}
	d, err := lang.ParseDuration(v.AsString())
	if err != nil {
		return 0, &misfit{text: err.Error()}
	}
	return d, nil
}
