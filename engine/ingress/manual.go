package ingress

import (
	"time"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// Manual is started by a person or by a `call` step.
var Manual = Define[manualArgs](Kind{
	Name: "manual",
	Doc:  "The runbook is started by a person (the console, or `currant run`) or by a `call` step of another runbook.",
	Examples: []lang.Example{{
		Title: "A runbook that is called with an input",
		HCL: `trigger "manual" {
  input_schema = object({ request_id = number, note = optional(string, "Done.") })
}`,
	}, {
		Title: "A runbook without input",
		HCL:   `trigger "manual" {}`,
	}},
	Output: func(c *Check) cty.Type {
		t, _, _ := inputType(c.Body)
		return cty.Object(map[string]cty.Type{"input": t.WithoutOptionalAttributesDeep()})
	},
	Start: startManual,
})

type manualArgs struct {
	InputSchema lang.TypeConstraint `hcl:"input_schema,optional" doc:"The type of the input. Without it any input is taken."`
}

func inputType(b *lang.Body) (cty.Type, *typeexpr.Defaults, bool) { return b.TypeOf("input_schema") }

func startManual(t *Trigger, input cty.Value, at time.Time) (Event, error) {
	if input == cty.NilVal {
		input = cty.NullVal(cty.DynamicPseudoType)
	}
	want, defaults, declared := inputType(t.Body)
	if declared {
		if want.IsObjectType() && input.IsNull() {
			// So that a schema whose attributes are all optional needs no input.
			input = cty.EmptyObjectVal
		}
		fitted, err := Fit(input, want, defaults, "input")
		if err != nil {
			return Event{}, err
		}
		input = fitted
	}
	return Event{Value: cty.ObjectVal(map[string]cty.Value{"input": input}), At: at}, nil
}
