package flow

import (
	"github.com/hashicorp/hcl/v2"

	"currant/engine/lang"
	"currant/steps"
)

// Parallel runs all its branches at once.
var Parallel = parallel(steps.Kind{
	Name: "parallel",
	Doc:  "Runs its branches at once and goes on when all have ended. Steps in a branch may not set a state.",
	Examples: []steps.Example{{
		Title: "Tell two teams at once",
		HCL: `step "parallel" "tell" {
  branch "desk" {
    step "log" "desk" { message = "To the desk." }
  }
  branch "lab" {
    step "log" "lab" { message = "To the lab." }
  }
}`,
	}},
	Check: checkParallel,
})

func parallel(k steps.Kind) *steps.Kind {
	kind := steps.Holder[parallelArgs, steps.None](k)
	kind.Fork = &steps.Fork{Block: "branch"}
	return kind
}

type parallelArgs struct {
	Branches []branch `hcl:"branch,block" doc:"One of the sequences that run at once."`
}

type branch struct {
	Name  string     `hcl:"name,label,name" doc:"The branch's name, unique in the step."`
	Steps lang.Steps `hcl:",steps"`
}

// checkParallel leaves branches of one name to the compiler, which gives branches their place.
func checkParallel(c *steps.Check) hcl.Diagnostics {
	if c.Body.Block("branch") == nil {
		return hcl.Diagnostics{lang.Error(c.Body.Range, "Missing block", "A \"parallel\" needs a \"branch\" block.")}
	}
	return nil
}
