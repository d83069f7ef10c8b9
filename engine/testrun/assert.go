package testrun

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
)

// assert is one `assert` block.
type assert struct{ block *lang.Block }

// assert checks one assert block.
func (b *binder) assert(rb *compile.Runbook, bl *lang.Block) *assert {
	scope := b.static().Child(map[string]cty.Value{"run": runUnknown(rb)})
	for _, a := range bl.Body.Attrs {
		_, diags := scope.Eval(a.Expr, assertTypes[a.Name])
		b.report(diags...)
	}
	return &assert{bl}
}

var assertTypes = map[string]cty.Type{"condition": cty.Bool, "error_message": cty.String}

// judges says whether the assert looks at how the run ended.
func (a *assert) judges() bool {
	condition := a.block.Body.Attr("condition")
	if condition == nil {
		return false
	}
	for _, t := range lang.References(condition.Expr) {
		if t.RootName() != "run" {
			continue
		}
		if len(t) < 2 {
			return true
		}
		if part, ok := t[1].(hcl.TraverseAttr); ok && (part.Name == "status" || part.Name == "error") {
			return true
		}
	}
	return false
}

// check asks the condition.
func (a *assert) check(w *world, run cty.Value) hcl.Diagnostics {
	condition := a.block.Body.Attr("condition")
	scope := w.scope(map[string]cty.Value{"run": run})
	v, diags := scope.Eval(condition.Expr, cty.Bool)
	if diags.HasErrors() {
		return diags
	}
	v, _ = v.Unmark()
	if v.IsKnown() && !v.IsNull() && v.True() {
		return nil
	}
	message := "The condition is false."
	if v.IsNull() {
		message = "The condition is null."
	}
	if m := a.block.Body.Attr("error_message"); m != nil {
		text, diags := scope.Eval(m.Expr, cty.String)
		switch plain, _ := text.Unmark(); {
		case diags.HasErrors():
			return diags
		case lang.IsSensitive(text):
			message = "(sensitive value)"
		case !plain.IsNull() && plain.IsKnown():
			message = plain.AsString()
		}
	}
	d := lang.Error(condition.Expr.Range(), "Assertion failed", "%s", message)
	d.Expression, d.EvalContext = condition.Expr, scope.Context()
	return hcl.Diagnostics{d}
}
