package run

import (
	"slices"
	"time"

	"currant/engine/lang"
	"currant/steps"
)

// stopRun stops everything; finally blocks still run.
func (m *Machine) stopRun(err error) {
	m.stop = err
	m.stopFrame(m.root, err)
}

// stopKids stops what goes on inside a step, because of an error that is the step's to pass on.
func (m *Machine) stopKids(a *activation, err error) {
	why := err
	if e, ok := err.(*steps.Error); !ok || !e.Final {
		why = &steps.Error{Kind: steps.CancelledError, Final: true, Message: "stopped, because " + a.node.Name + " ends"}
	}
	for _, f := range slices.Clone(a.kids) {
		m.stopFrame(f, why)
	}
}

// stopFrame lets a sequence begin nothing more and stops what it has begun. What runs as a finally goes on.
func (m *Machine) stopFrame(f *frame, err error) {
	if f.shield || f.stop != nil {
		return
	}
	f.stop = err
	if f.cur == nil {
		m.enqueue(f)
		return
	}
	m.stopActivation(f.cur, err)
}

func (m *Machine) stopActivation(a *activation, err error) {
	switch {
	case m.flight[a.path] != nil && len(a.kids) == 0:
		m.cancels = append(m.cancels, a.path) // it goes on when the outcome comes
	case len(a.kids) > 0:
		if a.node.Kind.Try != nil && a.rec.Phase == phaseFinally {
			return
		}
		if a.stop == nil {
			a.stop = err
		}
		m.stopKids(a, err)
	case m.waiting[a.path] != nil || m.held[a.path] != nil:
		m.drop(a)
		if a.node.Kind.Try != nil {
			m.finally(a, nil, err)
			return
		}
		m.giveUp(a, err)
	}
}

// stepTimeout ends an attempt of a step that took longer than its own timeout.
func (m *Machine) stepTimeout(a *activation) {
	delete(m.timed, a.path)
	err := steps.Errorf(steps.TimeoutError, "the step took longer than its timeout of %s", lang.FormatDuration(a.deadline.Sub(a.rec.Since)))
	a.deadline = time.Time{}
	if m.flight[a.path] != nil && a.stop == nil && len(a.kids) == 0 {
		a.stop = err
		m.cancels = append(m.cancels, a.path)
		return
	}
	if len(a.kids) > 0 {
		if a.stop == nil {
			a.stop = err
			m.stopKids(a, err)
		}
		return
	}
	m.failed(a, err)
}
