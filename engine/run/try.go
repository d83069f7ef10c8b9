package run

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// Phases of a try.
const (
	phaseDo      = "do"
	phaseCatch   = "catch"
	phaseFinally = "finally"
)

// try runs the guarded block, or after a pause runs it again.
func (m *Machine) try(a *activation) {
	if b := a.node.BlockOf(a.node.Kind.Try.Do, 0); b != nil {
		m.out.delete(a.frame, a.path+".*")
		m.forget(a.frame.scope, b)
		a.rec.Phase, a.rec.Err = phaseDo, nil
		m.out.put(a.frame, a.path, a.rec)
		m.open(a, b, "")
		return
	}
	m.completed(a, tryOutput(nil))
}

// tryEnded decides what follows a try's block. Errors that end the whole run pass catch and retry, but not
// finally.
func (m *Machine) tryEnded(a *activation, f *frame, err error) {
	if a.stop != nil && err != nil && a.rec.Phase != phaseFinally {
		err = a.stop
	}
	switch a.rec.Phase {
	case phaseDo:
		// A timeout of the try is one of its attempt, which is do: retry and catch are for it too.
		delete(m.timed, a.path)
		if a.frame.stop == nil {
			a.stop = nil
		}
		e, isError := err.(*steps.Error)
		catchable := isError && !e.Final && a.frame.stop == nil
		if catchable && e.Step == "" {
			e = m.placed(a, e)
			err = e
		}
		switch {
		case catchable && m.retryTry(a, e):
			return
		case catchable && a.node.BlockOf(a.node.Kind.Try.Catch, 0) != nil:
			a.rec.Phase, a.rec.Err = phaseCatch, e
			m.out.put(a.frame, a.path, a.rec)
			m.openCatch(a, e)
			return
		}
		m.finally(a, nil, err)
	case phaseCatch:
		m.finally(a, a.rec.Err, err)
	case phaseFinally:
		if err == nil {
			err = m.pending(a)
		}
		m.tryDone(a, err)
	}
}

func (m *Machine) openCatch(a *activation, e *steps.Error) *frame {
	f := m.open(a, a.node.BlockOf(a.node.Kind.Try.Catch, 0), "")
	f.binds = map[string]cty.Value{"error": errorValue(e)}
	return f
}

func errorValue(e *steps.Error) cty.Value {
	if e == nil {
		return cty.NullVal(cty.Object(map[string]cty.Type{"message": cty.String, "kind": cty.String, "step": cty.String, "status": cty.Number}))
	}
	status := cty.NullVal(cty.Number)
	if e.Status != 0 {
		status = cty.NumberIntVal(int64(e.Status))
	}
	return cty.ObjectVal(map[string]cty.Value{"message": cty.StringVal(e.Message), "kind": cty.StringVal(string(e.Kind)),
		"step": cty.StringVal(e.Step), "status": status})
}

func tryOutput(e *steps.Error) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"failed": cty.BoolVal(e != nil), "error": errorValue(e)})
}

// retryTry puts the guarded block back for another attempt.
func (m *Machine) retryTry(a *activation, e *steps.Error) bool {
	if a.node.Retry == nil {
		return false
	}
	r, ok := m.retryPolicy(a)
	if !ok || a.rec.Attempt >= r.Attempts || !e.Retryable(r.On) {
		return false
	}
	a.rec.Err = e
	m.pause(a, delay(r, a.rec.Attempt), "retry after "+string(e.Kind)+" error")
	a.rec.Attempt++
	m.trace(a, Trace{Phase: "retry", Err: e, Until: a.rec.Wake})
	return true
}

// finally runs the last block, keeping what was caught and what is still to be passed on.
func (m *Machine) finally(a *activation, caught *steps.Error, err error) {
	b := a.node.BlockOf(a.node.Kind.Try.Finally, 0)
	a.rec.Err = caught
	if b == nil {
		m.tryDone(a, err)
		return
	}
	a.rec.Phase = phaseFinally
	m.hold(a, err)
	m.out.put(a.frame, a.path, a.rec)
	f := m.open(a, b, "")
	f.stop, f.shield = nil, true
}

// hold keeps, in the record, what is to be passed on after finally.
func (m *Machine) hold(a *activation, err error) {
	a.rec.Pending, a.rec.Ending = nil, false
	switch e := err.(type) {
	case *steps.Error:
		a.rec.Pending = e
	case *steps.Finish:
		a.rec.Ending, a.rec.Finish = true, e.Message
	}
}

// pending is what hold kept.
func (m *Machine) pending(a *activation) error {
	switch {
	case a.rec.Pending != nil:
		return a.rec.Pending
	case a.rec.Ending:
		return &steps.Finish{Message: a.rec.Finish}
	}
	return nil
}

func (m *Machine) tryDone(a *activation, err error) {
	caught := a.rec.Err
	if err != nil {
		m.drop(a)
		m.giveUp(a, err)
		return
	}
	a.rec.Wake = time.Time{}
	m.completed(a, tryOutput(caught))
}
