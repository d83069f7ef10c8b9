package flow

import (
	"context"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// Finish ends the run as finished.
var Finish = steps.Action(steps.Kind{
	Name: "finish",
	Doc:  "Ends the run as finished, from wherever it stands; no later step runs but those of a `finally` around it.",
	Examples: []steps.Example{{
		Title: "Nothing to do",
		HCL: `step "finish" "none" {
  when    = length(trigger.input.people) == 0
  message = "Nobody to ask."
}`,
	}},
}, finish)

const finished = "Runbook execution completed"

type finishArgs struct {
	Message cty.Value `hcl:"message,optional" type:"string" default:"Runbook execution completed" doc:"Why. A sensitive text is masked."`
}

func finish(_ context.Context, _ *steps.Call, a finishArgs) (steps.None, error) {
	return steps.None{}, &steps.Finish{Message: message(a.Message, finished)}
}
