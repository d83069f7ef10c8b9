package flow

import (
	"context"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// Log writes a line to the run's log.
var Log = steps.Action(steps.Kind{
	Name: "log",
	Doc:  "Writes a line to the run's log. Sensitive values in it are masked.",
	Examples: []steps.Example{{
		Title: "A line with data",
		HCL: `step "log" "seen" {
  level   = "debug"
  message = "Got ${length(trigger.input.people)} people."
  data    = trigger.input.people
}`,
	}},
}, log)

type logArgs struct {
	Message cty.Value `hcl:"message" type:"string" doc:"The line."`
	Level   string    `hcl:"level,optional" default:"info" enum:"debug|info|warn|error" doc:"How much it matters."`
	Data    cty.Value `hcl:"data,optional" doc:"A value that is kept with the line."`
}

func log(_ context.Context, c *steps.Call, a logArgs) (steps.None, error) {
	line := steps.Line{Level: a.Level, Message: message(a.Message, "")}
	if line.Level == "" {
		line.Level = "info"
	}
	if a.Data != cty.NilVal && !a.Data.IsNull() {
		line.Data = a.Data
	}
	c.Lines = append(c.Lines, line)
	return steps.None{}, nil
}
