package run

import (
	"context"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/steps"
)

// begin starts the step at a frame's program counter.
func (m *Machine) begin(f *frame, n *compile.Node) {
	a := &activation{node: n, frame: f, path: f.path + n.Name, rec: &Record{Status: Running, Kind: n.Kind.Name, Begun: m.now, Since: m.now, Attempt: 1, Order: m.order + 1}}
	m.order++
	if n.When != nil {
		run, err := m.condition(a, n.When)
		if err != nil {
			f.cur = a
			m.trace(a, Trace{Phase: "begin"})
			m.giveUp(a, err) // no retry: it would begin behind the condition
			return
		}
		if !run {
			a.rec.Status, a.rec.Ended = Skipped, m.now
			m.out.put(f, a.path, a.rec)
			m.trace(a, Trace{Phase: "skip"})
			m.passed(f, n.Name, cty.NullVal(n.Output))
			return
		}
	}
	f.cur = a
	m.trace(a, Trace{Phase: "begin"})
	m.execute(a)
}

// condition evaluates a boolean attribute; null is an error.
func (m *Machine) condition(a *activation, attr *lang.Attr) (bool, error) {
	v, diags := m.scopeOf(a.frame, a.node.Needs, a.path, a.rec.Begun).Eval(attr.Expr, cty.Bool)
	if diags.HasErrors() {
		return false, m.inputError(a, diags)
	}
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() {
		return false, m.errorAt(attr.Expr.Range(), steps.InputError, "%q is null; it must be true or false", attr.Name)
	}
	return v.True(), nil
}

// execute begins, or after a pause begins again, an attempt of a step.
func (m *Machine) execute(a *activation) {
	if err := m.needArgs(a); err != nil {
		m.failed(a, err)
		return
	}
	k := a.node.Kind
	if !m.setDeadline(a) {
		return
	}
	switch {
	case k.Do == nil && k.Choose == nil && k.Fork == nil && k.Loop == nil && k.Repeat == nil && k.Try == nil && k.Pager == nil:
		m.failed(a, steps.Errorf(steps.InternalError, "steps of kind %q do nothing: the kind has no shape", k.Name))
	case k.Do != nil && m.effect(a) == steps.Pure:
		m.compute(a)
	case k.Do != nil:
		m.call(a)
	case k.Choose != nil:
		m.choose(a)
	case k.Fork != nil:
		m.fork(a)
	case k.Loop != nil:
		m.startLoop(a)
	case k.Pager != nil:
		m.startPages(a)
	case k.Repeat != nil:
		m.turn(a)
	case k.Try != nil:
		m.try(a)
	}
}

// needArgs evaluates a step's arguments if that has not been done yet for this attempt.
func (m *Machine) needArgs(a *activation) error {
	if a.args != cty.NilVal {
		return nil
	}
	args, err := m.evalArgs(a)
	if err == nil {
		a.args = args
	}
	return err
}

// keepArgs journals the arguments of a step that needs them again later, where evaluating them again could
// give others.
func (m *Machine) keepArgs(a *activation) {
	if !a.kept && (a.node.Needs.States || a.node.Needs.Time) {
		a.kept = true
		m.out.put(a.frame, a.path+argsSuffix, &Record{Status: Value, Output: a.args})
	}
}

// evalArgs evaluates a step's arguments. References become the names they refer to.
func (m *Machine) evalArgs(a *activation) (cty.Value, error) {
	v, diags := a.node.Body.Eval(m.scopeOf(a.frame, a.node.Needs, a.path, a.rec.Begun))
	if diags.HasErrors() {
		return cty.NilVal, m.inputError(a, diags)
	}
	if len(a.node.References) > 0 {
		attrs := v.AsValueMap()
		for name, target := range a.node.References {
			attrs[name] = cty.StringVal(target)
		}
		v = cty.ObjectVal(attrs)
	}
	return v, nil
}

func (m *Machine) effect(a *activation) steps.Effect {
	if f := a.node.Kind.EffectOf; f != nil {
		return f(a.args)
	}
	return a.node.Kind.Effect
}

// setDeadline starts the step's own timeout, for steps that are no outside call: those get it with the
// call. It is false where the step has failed over it.
func (m *Machine) setDeadline(a *activation) bool {
	if a.node.Timeout == nil || m.outside(a) {
		return true
	}
	d, err := m.timeout(a)
	if err != nil {
		m.failed(a, err)
		return false
	}
	m.timeFrom(a, d)
	return true
}

// timeFrom sets the end of an attempt. Zero is no limit.
func (m *Machine) timeFrom(a *activation, limit time.Duration) {
	if limit > 0 {
		a.deadline = a.rec.Since.Add(limit)
		m.timed[a.path] = a
	}
}

// outside says whether a step is executed outside the machine. Its arguments must be there.
func (m *Machine) outside(a *activation) bool {
	return a.node.Kind.Do != nil && m.effect(a) != steps.Pure
}

func (m *Machine) timeout(a *activation) (time.Duration, error) {
	v, diags := m.scopeOf(a.frame, a.node.Needs, a.path, a.rec.Begun).EvalAttr(a.node.Timeout)
	if diags.HasErrors() {
		return 0, m.inputError(a, diags)
	}
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() {
		return 0, nil
	}
	// EvalAttr has checked the text.
	d, _ := lang.ParseDuration(v.AsString())
	return d, nil
}

// compute executes a step that touches nothing outside, in place.
func (m *Machine) compute(a *activation) {
	c := &steps.Call{Run: m.info.ID, Runbook: m.info.Runbook, Blueprint: m.info.Blueprint, Step: a.node.Name, Path: a.path,
		Attempt: a.rec.Attempt, Args: a.args, Cursor: a.rec.Cursor, Begun: a.rec.Begun, Now: m.now}
	v, err := a.node.Kind.Do(context.Background(), c)
	for _, l := range c.Lines {
		m.out.lines = append(m.out.lines, Line{At: m.now, Line: l, Step: a.node.Name})
		m.trace(a, Trace{Phase: "log", Reason: l.Message})
	}
	if len(c.States) > 0 && err == nil {
		var set cty.Value
		if set, err = m.setStates(c.States); a.node.Kind.SetsState {
			v = set // as the states' types have made it
		}
	}
	m.settled(a, v, err)
}

// setStates gives states new values, all or none, and answers with them as they are now.
func (m *Machine) setStates(vals map[string]cty.Value) (cty.Value, error) {
	fitted := make(map[string]cty.Value, len(vals))
	for _, s := range m.rb.States {
		v, ok := vals[s.Name]
		if !ok {
			continue
		}
		v, err := lang.ConvertTo(v, s.Type, nil)
		if err != nil {
			return cty.NilVal, steps.Errorf(steps.InputError, "state %q: %s", s.Name, err)
		}
		fitted[s.Name] = v
	}
	for _, name := range sorted(fitted) {
		m.states[name] = fitted[name]
		m.out.put(m.root, statePrefix+name, &Record{Status: Value, Output: fitted[name]})
	}
	return cty.ObjectVal(fitted), nil
}

// call hands a step out to be executed outside, and fails it where that cannot be.
func (m *Machine) call(a *activation) {
	if err := m.handOut(a); err != nil {
		m.failed(a, err)
	}
}

// handOut makes a step's outside call.
func (m *Machine) handOut(a *activation) error {
	c := Call{Path: a.path, Node: a.node, Args: a.args, Trigger: m.trigger, Attempt: a.rec.Attempt, Begun: a.rec.Begun, Cursor: a.rec.Cursor,
		Doubt: a.rec.Doubt || a.rec.Attempt > 1 || m.info.Attempt > 1, Connection: cty.NilVal}
	if a.node.Timeout != nil && a.node.Kind.Pager == nil { // a Pager's is that of all its pages
		d, err := m.timeout(a)
		if err != nil {
			return err
		}
		c.Timeout = d
	}
	if conn := a.node.Connection; conn != nil && conn.Local {
		v, diags := conn.Body.Eval(m.scopeOf(a.frame, a.node.Needs, a.path, a.rec.Begun))
		if diags.HasErrors() {
			return m.inputError(a, diags)
		}
		c.Connection = v
	}
	a.rec.Status, a.rec.Shown = Running, steps.Own(a.args)
	m.out.put(a.frame, a.path, a.rec)
	// The intent must be on disk before anything is changed outside, and the moment that timestamp() gave
	// before anyone sees it.
	if m.effect(a) != steps.Read || a.node.Needs.Time {
		m.out.barrier = true
	}
	m.flight[a.path], a.told = a, nil
	m.calls = append(m.calls, c)
	m.trace(a, Trace{Phase: "call", Args: a.args})
	return nil
}

// settled takes in what executing a step came to.
func (m *Machine) settled(a *activation, v cty.Value, err error) {
	switch e := err.(type) {
	case nil:
		m.completed(a, v)
	case *steps.PutBack:
		m.putBack(a, e)
	case *steps.Park:
		delete(m.flight, a.path)
		a.rec.Cursor, a.rec.Await, a.rec.Kept = e.Cursor, e.Run, e.Kept
		if e.Run != "" && m.ended[e.Run] {
			e.Until = m.now // it ended before this answer came: look again at once
		}
		if e.Kept != "" && slices.Contains(a.told, e.Kept) {
			e.Until = m.now
		}
		m.park(a, e.Until, e.Reason)
		m.trace(a, Trace{Phase: "wait", Until: e.Until, Reason: e.Reason})
		if a.frame.stop != nil {
			m.stopActivation(a, a.frame.stop)
		}
	case *steps.Finish:
		m.drop(a)
		m.giveUp(a, e)
	case *steps.Error:
		m.failed(a, e)
	default:
		m.failed(a, steps.Errorf(steps.InternalError, "%s", err))
	}
}

// Limits of putting one step back (LANGUAGE section 3).
const (
	maxPutBacks    = 1000
	maxPutBackTime = 24 * time.Hour
)

func (m *Machine) putBack(a *activation, p *steps.PutBack) {
	delete(m.flight, a.path)
	if a.frame.stop != nil {
		m.giveUp(a, a.frame.stop)
		return
	}
	if e := m.countPutBack(a, p); e != nil {
		m.drop(a)
		m.giveUp(a, m.placed(a, e))
		return
	}
	m.pause(a, p.After, p.Reason)
	m.trace(a, Trace{Phase: "wait", Until: a.rec.Wake, Reason: p.Reason})
}

// countPutBack is the error of a step that was put back too often, or nil. Pages that came begin the count
// anew.
func (m *Machine) countPutBack(a *activation, p *steps.PutBack) *steps.Error {
	if p.Paced {
		return nil
	}
	a.rec.PutBack++
	since := a.rec.Begun
	if a.rec.Got.After(since) {
		since = a.rec.Got
	}
	if a.rec.PutBack <= maxPutBacks && m.now.Add(p.After).Sub(since) <= maxPutBackTime {
		return nil
	}
	e := steps.Errorf(steps.HTTPError, "put back %d times since %s, and still: %s", a.rec.PutBack, since.UTC().Format(time.RFC3339), p.Reason)
	e.Status = p.Status
	return e
}
