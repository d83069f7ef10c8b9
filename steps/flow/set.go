package flow

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// Set gives states of the run new values.
var Set = steps.Action(steps.Kind{
	Name: "set",
	Doc:  "Gives states of the run new values: each attribute is the name of a declared state. All values are computed before any is set.",
	Examples: []steps.Example{{
		Title: "Count up",
		HCL:   `step "set" "next" { n = state.n + 1 }`,
	}},
	SetsState: true,
	Check:     checkSet,
	Output:    setType,
}, set)

type setArgs struct {
	Values cty.Value `hcl:"values,remain,optional" doc:"A declared state's name, and its new value."`
}

// set leaves the values as they are: the interpreter, which knows the declared types, converts them.
func set(_ context.Context, c *steps.Call, a setArgs) (cty.Value, error) {
	values := attributes(a.Values)
	if c.States == nil {
		c.States = make(map[string]cty.Value, len(values))
	}
	maps.Copy(c.States, values)
	return cty.ObjectVal(values), nil
}

// attributes are the values of an object by name; its own marks pass to each.
func attributes(v cty.Value) map[string]cty.Value {
	if v == cty.NilVal {
		return nil
	}
	v, marks := v.Unmark()
	if !v.IsKnown() || v.IsNull() {
		return nil
	}
	out := v.AsValueMap()
	for name, x := range out {
		out[name] = x.WithMarks(marks)
	}
	return out
}

func checkSet(c *steps.Check) (diags hcl.Diagnostics) {
	values := attributes(steps.Arg(c.Args, "values"))
	for _, a := range c.Body.Attrs {
		if a.Field != c.Body.Spec.Remain {
			continue
		}
		want, ok := c.States[a.Name]
		if !ok {
			known := slices.Sorted(maps.Keys(c.States))
			diags = append(diags, lang.Error(a.NameRange, "Reference to undeclared state",
				"There is no state named %q in this runbook.%s", a.Name, lang.DidYouMean(a.Name, known)))
			continue
		}
		v, ok := values[a.Name]
		if !ok || want == cty.NilType {
			continue
		}
		if _, err := lang.Convert(v, want); err != nil {
			diags = append(diags, lang.Error(a.Expr.Range(), "Incorrect value type",
				"Inappropriate value for the state %q: %s.", a.Name, reason(v, err)))
		}
	}
	return diags
}

// reason is why a value could not be converted; of a sensitive one, not in the converter's words, for they
// may quote it.
func reason(v cty.Value, err error) string {
	if _, marks := v.UnmarkDeep(); len(marks) > 0 {
		return "the value does not fit the type"
	}
	return err.Error()
}

func setType(c *steps.Check) cty.Type {
	attrs := map[string]cty.Type{}
	for _, a := range c.Body.Attrs {
		if a.Field == c.Body.Spec.Remain {
			attrs[a.Name] = cty.DynamicPseudoType
			if t, ok := c.States[a.Name]; ok && t != cty.NilType {
				attrs[a.Name] = t
			}
		}
	}
	return cty.Object(attrs)
}
