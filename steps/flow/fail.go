package flow

import (
	"context"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// Fail ends the run as failed, or leads to the catch of a try around it.
var Fail = steps.Action(steps.Kind{
	Name: "fail",
	Doc:  "Fails here. A `try` around it catches the error; otherwise the run is failed.",
	Examples: []steps.Example{{
		Title: "Refuse what cannot be",
		HCL: `step "fail" "empty" {
  when    = trigger.input.text == ""
  message = "The text is empty."
  kind    = "input"
}`,
	}},
}, fail)

type failArgs struct {
	Message cty.Value `hcl:"message,optional" type:"string" default:"Stopped" doc:"Why. A sensitive text is masked."`
	Kind    string    `hcl:"kind,optional" default:"fail" enum:"input|auth|graphql|mutation|http|network|timeout|not_found|decode|fail|interrupted|cancelled|internal" doc:"The error's kind, for catch and for the on of a retry."`
}

func fail(_ context.Context, _ *steps.Call, a failArgs) (steps.None, error) {
	kind := steps.FailError
	if a.Kind != "" {
		kind = steps.ErrorKind(a.Kind)
	}
	return steps.None{}, steps.Errorf(kind, "%s", message(a.Message, "Stopped"))
}
