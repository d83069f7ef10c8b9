package run

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/steps"
)

// maxCollected is how many values `collect` may gather (LANGUAGE section 5).
const maxCollected = 10_000

// loop is a looping step in progress. Of its items, all before Record.Count and those in Record.Ahead are
// done; the collected values of those have records of their own.
type loop struct {
	block     *compile.Block
	items     steps.Items
	parallel  int
	next      int // the next item to begin
	collected map[int]cty.Value
}

func (m *Machine) startLoop(a *activation) {
	if err := m.readyLoop(a); err != nil {
		m.failed(a, err)
		return
	}
	m.keepArgs(a)
	m.out.put(a.frame, a.path, a.rec)
	m.iterate(a)
}

// readyLoop finds out what a loop runs over, and how.
func (m *Machine) readyLoop(a *activation) error {
	l := &loop{block: a.node.BlockOf(a.node.Kind.Loop.Block, 0), parallel: 1}
	items, err := a.node.Kind.Loop.Items(a.args)
	if err != nil {
		return asError(err)
	}
	l.items = items
	if p := l.block.Parallel; p != nil {
		v, diags := m.scopeOf(a.frame, l.block.Needs, a.path, a.rec.Begun).EvalAttr(p)
		if diags.HasErrors() {
			return m.inputError(a, diags)
		}
		if v, _ = v.Unmark(); v.IsKnown() && !v.IsNull() {
			n, _ := v.AsBigFloat().Int64()
			l.parallel = int(n)
		}
	}
	if l.block.Collect != nil {
		l.collected = map[int]cty.Value{}
		if items.Len > maxCollected {
			return steps.Errorf(steps.InputError, "collect gathers at most %d values, and there are %d items", maxCollected, items.Len)
		}
	}
	a.loop = l
	return nil
}

// iterate begins as many iterations as may run at once, and ends the loop after the last.
func (m *Machine) iterate(a *activation) {
	l := a.loop
	l.next = max(l.next, a.rec.Count)
	for len(a.kids) < l.parallel && l.next < l.items.Len && a.stop == nil {
		i := l.next
		l.next++
		if !slices.Contains(a.rec.Ahead, i) && !slices.ContainsFunc(a.kids, func(f *frame) bool { return f.index == i }) {
			m.iteration(a, i)
		}
	}
	switch {
	case len(a.kids) > 0:
	case a.stop != nil:
		m.failed(a, a.stop)
	case a.rec.Count >= l.items.Len:
		m.looped(a)
	}
}

// iteration opens the block for the ith item, in a scope of its own.
func (m *Machine) iteration(a *activation, i int) *frame {
	l := a.loop
	value, key := l.items.At(i)
	f := m.open(a, l.block, "["+strconv.Itoa(i)+"]")
	f.index = i
	f.scope = &scope{parent: a.frame.scope, outs: map[string]cty.Value{}}
	f.binds = map[string]cty.Value{l.block.Binding: cty.ObjectVal(map[string]cty.Value{
		"value": value, "index": cty.NumberIntVal(int64(i)), "key": key})}
	return f
}

func (m *Machine) iterationEnded(a *activation, f *frame, err error) {
	l := a.loop
	if err == nil && a.stop == nil {
		err = m.collect(a, f)
	}
	if err != nil {
		if a.stop == nil {
			a.stop = err
			m.stopKids(a, err)
		}
		m.iterate(a)
		return
	}
	m.out.delete(f, f.path+"*")
	m.done(a, f.index)
	m.out.put(a.frame, a.path, a.rec)
	if m.Trace != nil {
		m.trace(a, Trace{Phase: "turn", Reason: fmt.Sprintf("%d of %d", a.rec.Count+len(a.rec.Ahead), l.items.Len)})
	}
	m.iterate(a)
}

// collect keeps the value of an iteration's collect expression.
func (m *Machine) collect(a *activation, f *frame) error {
	l := a.loop
	if l.block.Collect == nil {
		return nil
	}
	v, diags := m.scopeOf(f, l.block.Needs, f.path, a.rec.Begun).Eval(l.block.Collect, cty.DynamicPseudoType)
	if diags.HasErrors() {
		return m.inputError(a, diags)
	}
	l.collected[f.index] = v
	m.out.put(a.frame, collectedPath(a, l.block, f.index), &Record{Status: Value, Output: v})
	return nil
}

func collectedPath(a *activation, b *compile.Block, i int) string {
	return a.path + "." + b.Key + "[" + strconv.Itoa(i) + "]"
}

// toCollect is how many values the loop gathers.
func (l *loop) toCollect() int {
	if l.block.Collect == nil {
		return 0
	}
	return l.items.Len
}

// done counts an item: Count moves over all that are done without a gap.
func (m *Machine) done(a *activation, i int) {
	if i != a.rec.Count {
		at, _ := slices.BinarySearch(a.rec.Ahead, i)
		a.rec.Ahead = slices.Insert(a.rec.Ahead, at, i)
		return
	}
	a.rec.Count++
	for len(a.rec.Ahead) > 0 && a.rec.Ahead[0] == a.rec.Count {
		a.rec.Ahead = a.rec.Ahead[1:]
		a.rec.Count++
	}
}

func (m *Machine) looped(a *activation) {
	l := a.loop
	r := steps.LoopResult{Count: l.items.Len, Collected: cty.NilVal}
	if l.block.Collect != nil {
		vals := make([]cty.Value, l.items.Len)
		for i := range vals {
			vals[i] = l.collected[i]
		}
		r.Collected = cty.TupleVal(vals)
		m.out.delete(a.frame, a.path+".*")
	}
	m.completed(a, a.node.Kind.Loop.Done(a.args, r))
}
