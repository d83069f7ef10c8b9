package run

import (
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// Apply takes in something that happened. Advance then goes on from it.
func (m *Machine) Apply(now time.Time, ev Event) {
	m.now = now
	switch ev := ev.(type) {
	case Outcome:
		m.outcome(ev)
	case RunEnded:
		if len(m.flight) > 0 {
			if m.ended == nil {
				m.ended = map[string]bool{}
			}
			m.ended[ev.ID] = true
		}
		for _, path := range sorted(m.waiting) {
			if a := m.waiting[path]; a != nil && a.rec.Await == ev.ID {
				m.resume(a)
			}
		}
	case KeptChanged:
		for _, a := range m.flight { // it may come to wait for them, of what it saw before
			if !slices.Contains(a.told, ev.Prefix) {
				a.told = append(a.told, ev.Prefix)
			}
		}
		for _, path := range sorted(m.waiting) {
			if a := m.waiting[path]; a != nil && a.rec.Kept == ev.Prefix {
				m.resume(a)
			}
		}
	case Cancelled:
		m.cancelled(ev.Reason)
	case Decision:
		for _, path := range sorted(m.held) {
			if a := m.held[path]; a != nil {
				m.decide(a, ev.Do)
			}
		}
	}
	if len(m.flight) == 0 {
		m.ended = nil
	}
}

func (m *Machine) outcome(o Outcome) {
	a := m.flight[o.Path]
	if a == nil {
		return
	}
	delete(m.flight, o.Path)
	if a.node.Kind.Pager != nil {
		m.paged(a, o.Page, o.Err)
		return
	}
	if o.Err != nil && a.frame.stop != nil {
		m.giveUp(a, a.frame.stop)
		return
	}
	m.settled(a, o.Value, o.Err)
}

func (m *Machine) cancelled(reason string) {
	if m.stop != nil || m.end != nil {
		return
	}
	if reason == "" {
		reason = "the run was cancelled"
	}
	err := &steps.Error{Kind: steps.CancelledError, Message: reason, Final: true}
	m.out.put(m.root, cancelPath, &Record{Status: Value, Err: err})
	m.stopRun(err)
}

// decide carries out what a person said of a step that was held.
func (m *Machine) decide(a *activation, do string) {
	delete(m.held, a.path)
	a.rec.Reason = ""
	switch do {
	case "repeat":
		m.execute(a)
	case "skip":
		m.completed(a, cty.NullVal(a.node.Output))
	default:
		m.failed(a, steps.Errorf(steps.InterruptedError, "the runner stopped while the step was in flight, and a person said that it failed"))
	}
}

// runEnded evaluates the outputs and sets the result.
func (m *Machine) runEnded(err error) {
	r := &Result{Status: "finished", At: m.now, Outputs: cty.EmptyObjectVal}
	switch e := err.(type) {
	case nil:
		r.Outputs, r.Err = m.outputs(false)
	case *steps.Finish:
		r.Message = e.Message
		r.Outputs, _ = m.outputs(true)
	case *steps.Error:
		r.Err = e
	}
	if r.Err != nil {
		r.Status = "failed"
		if r.Err.Final && r.Err.Kind == steps.CancelledError {
			r.Status = "cancelled"
		}
	}
	m.end = r
}

// outputs evaluates the runbook's outputs. A run that a finish step ended early may lack what they need:
// those are null then.
func (m *Machine) outputs(early bool) (cty.Value, *steps.Error) {
	vals := map[string]cty.Value{}
	for _, o := range m.rb.Outputs {
		v, diags := m.scopeOf(m.root, o.Needs, "output."+o.Name, m.now).Eval(o.Expr, cty.DynamicPseudoType)
		if diags.HasErrors() {
			if !early {
				err := m.inputErrorAt(o.Expr.Range(), diags)
				err.Step = ""
				return cty.EmptyObjectVal, err
			}
			v = cty.NullVal(cty.DynamicPseudoType)
		}
		if o.Sensitive && !lang.IsSensitive(v) {
			v = lang.MarkSensitive(v)
		}
		vals[o.Name] = v
	}
	return cty.ObjectVal(vals), nil
}
