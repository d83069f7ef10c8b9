package flow

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"currant/engine/lang"
	"currant/steps"
)

// Switch runs the block whose text is the value.
var Switch = steps.Select(steps.Kind{
	Name: "switch",
	Doc:  "Runs the first `case` that matches the value, or else `default`. A case matches by its label, or by any value of its `match` list; numbers and booleans are compared as text.",
	Examples: []steps.Example{{
		Title: "One answer per status",
		HCL: `step "switch" "status" {
  value = trigger.input.status
  case "completed" {
    step "log" "done" { message = "Done." }
  }
  case {
    match = ["declined", "rejected"]
    step "log" "refused" { message = "Refused." }
  }
  default {
    step "log" "other" { message = "Not there yet." }
  }
}`,
	}},
	Check:  checkSwitch,
	Output: switchType,
}, chooseSwitch)

type switchArgs struct {
	Value   cty.Value    `hcl:"value,optional" doc:"What is compared: a text, number or boolean; null matches no case."`
	Cases   []switchCase `hcl:"case,block" doc:"A block for one value, its label, or for those of its match list."`
	Default lang.Steps   `hcl:"default,block,optional" doc:"Runs if no case matches."`
}

type switchCase struct {
	Text  *string    `hcl:"text,label,optional" doc:"The text that the value must be equal to."`
	Match cty.Value  `hcl:"match,optional" type:"list(any)" doc:"Values of which one must be equal; instead of a label."`
	Steps lang.Steps `hcl:",steps"`
}

// chooseSwitch takes the first case that matches. Which one it is says something of the value, so what is
// answered of it carries the value's marks.
func chooseSwitch(a switchArgs) (string, int, cty.Value, error) {
	if a.Value == cty.NilVal {
		a.Value = cty.NullVal(cty.DynamicPseudoType)
	}
	value, marks := a.Value.UnmarkDeep()
	text, ok := asText(value)
	if !ok && !value.IsNull() {
		return "", 0, cty.NilVal, steps.Errorf(steps.InputError, "value: a text, number or boolean is needed, not %s", value.Type().FriendlyName())
	}
	for i, c := range a.Cases {
		if c.Text != nil {
			if ok && *c.Text == text {
				return "case", i, switchResult(cty.StringVal(text), marks), nil
			}
			continue
		}
		for _, m := range elements(c.Match) {
			m, own := m.UnmarkDeep()
			if t, known := asText(m); known && ok && t == text {
				return "case", i, switchResult(m, marks, own), nil
			}
		}
	}
	return "default", 0, switchResult(cty.NullVal(cty.String), marks), nil
}

func switchResult(matched cty.Value, marks ...cty.ValueMarks) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"matched": matched.WithMarks(marks...)})
}

// asText is a value as the text that it is compared by.
func asText(v cty.Value) (string, bool) {
	if v.IsNull() || !v.IsKnown() || !v.Type().IsPrimitiveType() {
		return "", false
	}
	s, err := convert.Convert(v, cty.String)
	if err != nil {
		return "", false
	}
	return s.AsString(), true
}

// switchType is text where all cases have labels; the values of a match list may have any type.
func switchType(c *steps.Check) cty.Type {
	matched := cty.String
	for _, b := range c.Body.BlocksOf("case") {
		if len(b.Labels) == 0 {
			matched = cty.DynamicPseudoType
		}
	}
	return cty.Object(map[string]cty.Type{"matched": matched})
}

func checkSwitch(c *steps.Check) hcl.Diagnostics {
	diags := steps.Required(c.Body, "value")
	cases := c.Body.BlocksOf("case")
	if len(cases) == 0 && c.Body.Block("default") == nil {
		diags = append(diags, lang.Error(c.Body.Range, "Missing block", "A \"switch\" needs a \"case\" block."))
	}
	seen := map[string]hcl.Range{}
	for _, b := range cases {
		match := b.Body.Attr("match")
		switch {
		case len(b.Labels) > 0 && match != nil:
			diags = append(diags, lang.Error(match.NameRange, "Conflicting arguments", "A case has a label or a \"match\" list, not both."))
		case len(b.Labels) == 0 && match == nil:
			diags = append(diags, lang.Error(b.Range, "Missing label", "A \"case\" needs a label, the text to match, or a \"match\" list."))
		case len(b.Labels) > 0:
			if first, dup := seen[b.Labels[0]]; dup {
				diags = append(diags, lang.Error(b.LabelRanges[0], "Duplicate case",
					"There is a case %q at line %d already: this one would never run.", b.Labels[0], first.Start.Line))
				continue
			}
			seen[b.Labels[0]] = b.Range
		}
	}
	if v := steps.Arg(c.Args, "value"); v != cty.NilVal {
		if t := v.Type(); t != cty.DynamicPseudoType && !t.IsPrimitiveType() {
			diags = append(diags, lang.Error(steps.At(c.Body, "value"), "Incorrect value type",
				"Inappropriate value for \"value\": a text, number or boolean is needed, not %s.", t.FriendlyName()))
		}
	}
	return diags
}
