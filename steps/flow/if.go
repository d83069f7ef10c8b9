package flow

import (
	"github.com/hashicorp/hcl/v2"

	"currant/engine/lang"
	"currant/steps"
)

// If runs one of two blocks.
var If = steps.Select(steps.Kind{
	Name: "if",
	Doc:  "Runs `then` if the condition is true, and `else` if it is false. A block that is not written runs nothing.",
	Examples: []steps.Example{{
		Title: "Only urgent requests are announced",
		HCL: `step "if" "urgent" {
  condition = trigger.input.impact == "top"
  then {
    step "log" "yes" { message = "Urgent." }
  }
  else {
    step "log" "no" { message = "It can wait." }
  }
}`,
	}},
	Check: checkIf,
}, chooseIf)

type ifArgs struct {
	Condition bool       `hcl:"condition" doc:"What decides; it may not be null."`
	Then      lang.Steps `hcl:"then,block,optional" doc:"Runs if the condition is true."`
	Else      lang.Steps `hcl:"else,block,optional" doc:"Runs if the condition is false."`
}

type ifResult struct {
	Result bool `hcl:"result" doc:"The condition."`
}

func chooseIf(a ifArgs) (string, int, ifResult, error) {
	if a.Condition {
		return "then", 0, ifResult{Result: true}, nil
	}
	return "else", 0, ifResult{}, nil
}

func checkIf(c *steps.Check) hcl.Diagnostics {
	if c.Body.Block("then") == nil && c.Body.Block("else") == nil {
		return hcl.Diagnostics{lang.Error(c.Body.Range, "Missing block", "An \"if\" needs a \"then\" block, an \"else\" block, or both.")}
	}
	return nil
}
