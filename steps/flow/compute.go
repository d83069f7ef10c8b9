package flow

import (
	"context"

	"github.com/zclconf/go-cty/cty"

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
