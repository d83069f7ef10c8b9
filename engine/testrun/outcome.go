package testrun

import (
	"errors"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/run"
	"currant/steps"
)

// outcome is how a test's run ended.
type outcome struct {
	status  string // finished, failed, cancelled, held, waiting or discarded
	err     *steps.Error
	outputs cty.Value
	logs    []run.Line
	// discarded is why no run began.
	discarded string
}

// outcomeOf is how a run stands that nothing lets go on.
func outcomeOf(r *runner) *outcome {
	o := &outcome{status: string(r.state), outputs: cty.EmptyObjectVal, logs: r.lines}
	if r.end != nil {
		o.status, o.err, o.outputs = r.end.Status, r.end.Err, r.end.Outputs
	}
	return o
}

// refused is the outcome of a request that starts no run.
func refused(err error) *outcome {
	o := &outcome{status: "discarded", discarded: err.Error(), outputs: cty.EmptyObjectVal, err: steps.Errorf(steps.InputError, "%s", err)}
	var r *ingress.Refusal
	if errors.As(err, &r) {
		o.err.Message, o.err.Status = r.Message, r.Status
		if r.Reason != "" {
			o.err.Message += " (" + r.Reason + ")"
		}
		o.discarded = o.err.Message
	}
	if o.err.Status == 401 {
		o.err.Kind = steps.AuthError
	}
	return o
}

// runErrorType is the type of run.error and of the errors of steps.
var runErrorType = cty.Object(map[string]cty.Type{"message": cty.String, "kind": cty.String, "step": cty.String, "status": cty.Number})

var runLogType = cty.Object(map[string]cty.Type{"level": cty.String, "message": cty.String, "step": cty.String, "data": cty.DynamicPseudoType})

// runUnknown is `run` before the test has run.
func runUnknown(rb *compile.Runbook) cty.Value {
	all := map[string]cty.Value{}
	for name, n := range rb.Nodes {
		output := n.Unknown
		if output == cty.NilVal {
			output = cty.UnknownVal(n.Output)
		}
		all[name] = cty.ObjectVal(map[string]cty.Value{"status": cty.UnknownVal(cty.String), "count": cty.UnknownVal(cty.Number),
			"arguments": cty.DynamicVal, "output": output, "error": cty.UnknownVal(runErrorType), "calls": cty.UnknownVal(cty.List(callType(n)))})
	}
	return cty.ObjectVal(map[string]cty.Value{"status": cty.UnknownVal(cty.String), "outputs": cty.UnknownVal(rb.OutputType),
		"error": cty.UnknownVal(runErrorType), "steps": cty.ObjectVal(all), "logs": cty.UnknownVal(cty.List(runLogType))})
}

// callType is the type of one of the calls of a step.
func callType(n *compile.Node) cty.Type {
	return cty.Object(map[string]cty.Type{"status": cty.String, "arguments": cty.DynamicPseudoType, "output": n.Output, "error": runErrorType})
}

// value is `run` in the conditions of a test.
func (w *world) value(rb *compile.Runbook, o *outcome) cty.Value {
	all := map[string]cty.Value{}
	for name, n := range rb.Nodes {
		all[name] = w.stepValue(target{rb.Name, name}, n, o)
	}
	logs := make([]cty.Value, len(o.logs))
	for i, l := range o.logs {
		data := l.Data
		if data == cty.NilVal {
			data = cty.NullVal(cty.DynamicPseudoType)
		}
		logs[i] = cty.ObjectVal(map[string]cty.Value{"level": cty.StringVal(l.Level), "message": cty.StringVal(l.Message), "step": cty.StringVal(l.Step), "data": data})
	}
	return cty.ObjectVal(map[string]cty.Value{"status": cty.StringVal(o.status), "outputs": outputsValue(rb, o.outputs),
		"error": errorValue(o.err), "steps": cty.ObjectVal(all), "logs": cty.TupleVal(logs)})
}

// outputsValue has all declared outputs: those that the run did not come to are null.
func outputsValue(rb *compile.Runbook, v cty.Value) cty.Value {
	given, attrs := v.AsValueMap(), map[string]cty.Value{}
	for name, t := range rb.OutputType.AttributeTypes() {
		attrs[name] = cty.NullVal(t)
		if g, ok := given[name]; ok {
			attrs[name] = g
		}
	}
	return cty.ObjectVal(attrs)
}

func errorValue(e *steps.Error) cty.Value {
	if e == nil {
		return cty.NullVal(runErrorType)
	}
	attrs := map[string]cty.Value{"message": cty.StringVal(e.Message), "kind": cty.StringVal(string(e.Kind)), "step": cty.NullVal(cty.String), "status": cty.NullVal(cty.Number)}
	if e.Step != "" {
		attrs["step"] = cty.StringVal(e.Step)
	}
	if e.Status != 0 {
		attrs["status"] = cty.NumberIntVal(int64(e.Status))
	}
	return cty.ObjectVal(attrs)
}

// stepValue is run.steps.NAME: how the step's last call ended, and all of them.
func (w *world) stepValue(at target, n *compile.Node, o *outcome) cty.Value {
	done := w.calls.byStep[at]
	attrs := map[string]cty.Value{"status": cty.NullVal(cty.String), "count": cty.NumberIntVal(int64(len(done))),
		"arguments": cty.NullVal(cty.DynamicPseudoType), "output": cty.NullVal(n.Output), "error": errorValue(nil), "calls": cty.EmptyTupleVal}
	if w.calls.skipped[at] {
		attrs["status"] = cty.StringVal("skipped")
	}
	var all []cty.Value
	for _, e := range done {
		one := map[string]cty.Value{"arguments": orNull(e.args), "output": cty.NullVal(n.Output), "error": errorValue(e.err), "status": cty.StringVal(e.statusAtEnd(o))}
		if e.output != cty.NilVal {
			one["output"] = e.output
		}
		all = append(all, cty.ObjectVal(one))
		for name, v := range one {
			attrs[name] = v
		}
	}
	attrs["calls"] = cty.TupleVal(all)
	return cty.ObjectVal(attrs)
}

func orNull(v cty.Value) cty.Value {
	if v == cty.NilVal {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return v
}

func (e *execution) statusAtEnd(o *outcome) string {
	switch {
	case e.status != "running":
		return e.status
	case o.status == string(run.StateHeld):
		return "held"
	}
	return "stopped"
}
