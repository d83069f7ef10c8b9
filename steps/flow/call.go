package flow

import (
	"context"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// Call runs another runbook of the blueprint.
var Call = steps.Action(steps.Kind{
	Name:   "call",
	Effect: steps.Idempotent, // the key starts the run once
	Doc:    "Runs another runbook of the blueprint, as a run of its own, and waits for its outputs. If that run fails, the step fails with the same kind.",
	Examples: []steps.Example{{
		Title: "Use another runbook's outputs",
		HCL: `step "call" "collect" {
  runbook = runbook.collect
  input   = { request_id = 7001 }
}`,
	}, {
		Title: "Start it and go on",
		HCL: `step "call" "later" {
  runbook = runbook.collect
  input   = { request_id = 7001 }
  wait    = false
}`,
	}},
	Check:  checkCall,
	Output: callType,
}, call)

type callArgs struct {
	Runbook lang.Ref  `hcl:"runbook,runbook" doc:"The runbook, as runbook.NAME."`
	Input   cty.Value `hcl:"input,optional" doc:"What its trigger takes as input."`
	Wait    bool      `hcl:"wait,optional" default:"true" doc:"Whether to wait for its end."`
}

func call(ctx context.Context, c *steps.Call, a callArgs) (cty.Value, error) {
	name, err := runbookName(c.Args)
	if err != nil {
		return cty.NilVal, err
	}
	if c.Runs == nil {
		return cty.NilVal, steps.Errorf(steps.InternalError, "runs cannot be started here")
	}
	id := string(c.Cursor)
	if c.Cursor == nil {
		if id, err = start(ctx, c, name, a); err != nil {
			return cty.NilVal, err
		}
		if !a.Wait {
			return called(id, cty.NullVal(cty.EmptyObject)), nil
		}
	}
	// The run may have ended already, where an earlier life of the runner had started it.
	r, ended, err := c.Runs.Result(ctx, id)
	if err != nil {
		return cty.NilVal, err
	}
	if !ended {
		return cty.NilVal, parked(name, id)
	}
	if err := outcome(name, r); err != nil {
		return cty.NilVal, err
	}
	outputs := r.Outputs
	if outputs == cty.NilVal {
		outputs = cty.NullVal(cty.DynamicPseudoType)
	}
	return called(id, outputs), nil
}

// start starts the run once per step: an attempt that is repeated finds the run of the one before it. Only
// where a retry comes after a run that has failed does it take another.
func start(ctx context.Context, c *steps.Call, name string, a callArgs) (string, error) {
	s := steps.StartRun{Runbook: name, Key: c.Key, Input: a.Input}
	if a.Wait {
		s.Parent, s.ParentPath = c.Run, c.Path
	}
	id, err := c.Runs.Start(ctx, s)
	if err != nil || c.Attempt < 2 || !a.Wait {
		return id, err
	}
	r, ended, err := c.Runs.Result(ctx, id)
	if err != nil || !ended || outcome(name, r) == nil {
		return id, err
	}
	s.Key = fmt.Sprintf("%s#%d", c.Key, c.Attempt)
	return c.Runs.Start(ctx, s)
}

func parked(name, id string) error {
	return &steps.Park{Run: id, Cursor: []byte(id), Reason: fmt.Sprintf("waits for run %s of the runbook %s", id, name)}
}

func called(id string, outputs cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"job_uuid": cty.StringVal(id), "outputs": outputs})
}

// outcome is the error of a run that did not end well. A discarded one is no error: nothing was to be done.
func outcome(name string, r steps.RunResult) error {
	if r.Err != nil {
		e := steps.Errorf(r.Err.Kind, "runbook %s failed: %s", name, r.Err.Message)
		e.Status = r.Err.Status
		return e
	}
	switch r.Status {
	case "failed":
		return steps.Errorf(steps.FailError, "runbook %s failed", name)
	case "cancelled":
		return steps.Errorf(steps.CancelledError, "runbook %s was cancelled", name)
	}
	return nil
}

// runbookName is the name that the interpreter put where the reference was written.
func runbookName(args cty.Value) (string, error) {
	name, ok := text(steps.Arg(args, "runbook"))
	if !ok || name == "" {
		return "", steps.Errorf(steps.InternalError, "the runbook's name is missing")
	}
	return name, nil
}

// runbookOf is what the runbook that a step names takes and gives; false where that is not known.
func runbookOf(c *steps.Check) (steps.RunbookType, bool) {
	a := c.Body.Attr("runbook")
	if a == nil || c.Runbook == nil {
		return steps.RunbookType{}, false
	}
	ref, diag := a.Reference()
	if diag != nil {
		return steps.RunbookType{}, false
	}
	return c.Runbook(ref.Name)
}

func callType(c *steps.Check) cty.Type {
	outputs := cty.DynamicPseudoType
	wait, known := steps.Known(c.Args, "wait")
	switch {
	case known && wait.False():
		outputs = cty.EmptyObject
	case known:
		if r, ok := runbookOf(c); ok && r.Outputs != cty.NilType {
			outputs = r.Outputs
		}
	}
	return cty.Object(map[string]cty.Type{"job_uuid": cty.String, "outputs": outputs})
}

func checkCall(c *steps.Check) hcl.Diagnostics { return checkInput(c) }

// checkInput reports an input that does not fit the trigger of the runbook that a step names.
func checkInput(c *steps.Check) hcl.Diagnostics {
	r, ok := runbookOf(c)
	if !ok || r.Input == cty.NilType || r.Input == cty.DynamicPseudoType {
		return nil
	}
	v := steps.Arg(c.Args, "input")
	if v == cty.NilVal {
		return nil
	}
	if v.IsKnown() && v.IsNull() && r.Input.IsObjectType() {
		// As the trigger has it: a schema whose attributes are all optional needs no input.
		v = cty.EmptyObjectVal
	}
	_, err := lang.Convert(v, r.Input)
	switch {
	case err == nil:
		return nil
	case c.Body.Attr("input") == nil:
		return hcl.Diagnostics{lang.Error(c.Body.Range, "Missing argument", "The runbook needs an \"input\": %s.", err)}
	}
	return hcl.Diagnostics{lang.Error(steps.At(c.Body, "input"), "Incorrect value type",
		"Inappropriate value for \"input\": %s.", reason(v, err))}
}
