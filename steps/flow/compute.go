package flow

import (
	"context"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// Compute names values.
var Compute = steps.Action(steps.Kind{
	Name: "compute",
	Doc:  "Evaluates its attributes once and keeps them: any names but those that every step accepts.",
	Examples: []steps.Example{{
		Title: "Two values for later steps",
		HCL: `step "compute" "who" {
  name  = upper(trigger.input.name)
  words = split(" ", trigger.input.name)
}`,
	}},
	Check: func(c *steps.Check) (diags hcl.Diagnostics) {
		if a := c.Body.Attr("connection"); a != nil {
			diags = append(diags, lang.Error(a.NameRange, "Unsupported argument", "A compute step uses no connection, and none of its values may have a name that every step accepts. Call it something else."))
		}
		return diags
	},
	Output: func(c *steps.Check) cty.Type {
		attrs := map[string]cty.Type{}
		for name, v := range attributes(steps.Arg(c.Args, "values")) {
			attrs[name] = v.Type()
		}
		return cty.Object(attrs)
	},
}, func(_ context.Context, _ *steps.Call, a computeArgs) (cty.Value, error) {
	return cty.ObjectVal(attributes(a.Values)), nil
})

type computeArgs struct {
	Values cty.Value `hcl:"values,remain,optional" doc:"A name, and its value."`
}
