package run

import (
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/steps"
)

// open starts a block of a step. The steps of a block that is no iteration share the outer scope.
func (m *Machine) open(a *activation, b *compile.Block, suffix string) *frame {
	f := &frame{nodes: b.Steps, block: b, path: a.path + "." + b.Key + suffix + "/", owner: a, scope: a.frame.scope, stop: nil}
	if !a.frame.shield {
		f.stop = a.frame.stop
	}
	f.shield = a.frame.shield
	a.kids = append(a.kids, f)
	m.enqueue(f)
	return f
}

// childEnded is told when a block of a step is over.
func (m *Machine) childEnded(a *activation, f *frame, err error) {
	a.kids = slices.DeleteFunc(a.kids, func(k *frame) bool { return k == f })
	if a.stop != nil && a.node.Kind.Try == nil {
		err = a.stop
	}
	switch k := a.node.Kind; {
	case k.Try != nil:
		m.tryEnded(a, f, err)
	case k.Loop != nil, k.Pager != nil:
		m.iterationEnded(a, f, err)
	case k.Repeat != nil:
		m.turnEnded(a, err)
	default:
		m.blockEnded(a, err)
	}
}

// choose runs one of a step's blocks. The choice is journaled: what it was made from may change.
func (m *Machine) choose(a *activation) {
	choice, err := a.node.Kind.Choose(a.args)
	if err != nil {
		m.failed(a, asError(err))
		return
	}
	if choice.Block == steps.NoBlock {
		m.completed(a, choice.Output)
		return
	}
	b := a.node.BlockOf(choice.Block, choice.Index)
	if b == nil {
		m.completed(a, choice.Output)
		return
	}
	a.rec.Phase, a.rec.Count, a.rec.Output = choice.Block, choice.Index, choice.Output
	m.out.put(a.frame, a.path, a.rec)
	m.open(a, b, "")
}

// fork runs all of a step's blocks at once.
func (m *Machine) fork(a *activation) {
	m.out.put(a.frame, a.path, a.rec)
	for _, b := range a.node.Blocks {
		m.open(a, b, "")
	}
	if len(a.kids) == 0 {
		m.completed(a, cty.EmptyObjectVal)
	}
}

// blockEnded goes on when the block of a choice, or a branch, is over. The first error stops the others.
func (m *Machine) blockEnded(a *activation, err error) {
	if err != nil && a.stop == nil {
		a.stop = err
		m.stopKids(a, err)
	}
	switch {
	case len(a.kids) > 0:
	case a.stop != nil:
		m.failed(a, a.stop)
	case a.node.Kind.Choose != nil:
		m.completed(a, a.rec.Output)
	default:
		m.completed(a, cty.EmptyObjectVal)
	}
}

// turn runs a repeat's block once more, or ends it. After a pause or a restart it goes on where it was.
func (m *Machine) turn(a *activation) {
	r := a.node.Kind.Repeat
	b := a.node.BlockOf(r.Block, 0)
	if attr := a.node.Body.Attr(r.While); attr != nil {
		goOn, err := m.condition(a, attr)
		if err != nil {
			m.failed(a, err)
			return
		}
		if !goOn {
			m.repeated(a)
			return
		}
	}
	if err := m.needArgs(a); err != nil {
		m.failed(a, err)
		return
	}
	m.keepArgs(a)
	limit := 1000
	if v, _ := a.args.GetAttr(r.Max).Unmark(); v.IsKnown() && !v.IsNull() {
		n, _ := v.AsBigFloat().Int64()
		limit = int(n)
	}
	if a.rec.Count >= limit {
		m.failed(a, steps.Errorf(steps.FailError, "the condition did not end the repeat within max = %d turns", limit))
		return
	}
	if a.rec.Count > 0 {
		m.out.delete(a.frame, fmt.Sprintf("%s.%s[%d]/*", a.path, b.Key, a.rec.Count-1))
	}
	m.forget(a.frame.scope, b)
	m.out.put(a.frame, a.path, a.rec)
	m.open(a, b, fmt.Sprintf("[%d]", a.rec.Count))
}

func (m *Machine) turnEnded(a *activation, err error) {
	if err != nil {
		m.failed(a, err)
		return
	}
	a.rec.Count++
	m.trace(a, Trace{Phase: "turn"})
	r := a.node.Kind.Repeat
	if attr := a.node.Body.Attr(r.Until); attr != nil {
		done, err := m.condition(a, attr)
		if err != nil {
			m.failed(a, err)
			return
		}
		if done {
			m.repeated(a)
			return
		}
	}
	m.turn(a)
}

func (m *Machine) repeated(a *activation) {
	m.completed(a, cty.ObjectVal(map[string]cty.Value{"count": cty.NumberIntVal(int64(a.rec.Count))}))
}

// forget takes the outputs of a block's steps out of sight, before it runs again.
func (m *Machine) forget(s *scope, b *compile.Block) {
	for _, name := range b.Inner {
		delete(s.outs, name)
	}
}

func asError(err error) *steps.Error {
	if e, ok := err.(*steps.Error); ok {
		return e
	}
	return steps.Errorf(steps.InternalError, "%s", err)
}
