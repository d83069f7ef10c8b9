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

// loop is a looping step in progress. Of its turns, all before Record.Count and those in Record.Ahead are
// done; the collected values of those have records of their own.
type loop struct {
	block     *compile.Block // nil of a Pager that only gathers
	items     steps.Items
	pages     *pages // of a Pager, in place of items
	parallel  int
	next      int // the next turn to begin
	collected map[int]cty.Value
}

// end is how many turns there are, as far as is known.
func (l *loop) end() int {
	if l.pages != nil {
		return l.pages.end
	}
	return l.items.Len
}

func (l *loop) at(i int) (value, key cty.Value) {
	if l.pages != nil {
		return l.pages.at(i), cty.NullVal(cty.String)
	}
	return l.items.At(i)
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
	items, err := a.node.Kind.Loop.Items(a.args)
	if err != nil {
		return asError(err)
	}
	l, err := m.newLoop(a, a.node.BlockOf(a.node.Kind.Loop.Block, 0))
	if err != nil {
		return err
	}
	if l.collected != nil && items.Len > maxCollected {
		return steps.Errorf(steps.InputError, "collect gathers at most %d values, and there are %d items", maxCollected, items.Len)
	}
	l.items = items
	a.loop = l
	return nil
}

func (m *Machine) newLoop(a *activation, b *compile.Block) (*loop, error) {
	l := &loop{block: b, parallel: 1}
	if b == nil {
		return l, nil
	}
	if p := b.Parallel; p != nil {
		v, diags := m.scopeOf(a.frame, b.Needs, a.path, a.rec.Begun).EvalAttr(p)
		if diags.HasErrors() {
			return nil, m.inputError(a, diags)
		}
		if v, _ = v.Unmark(); v.IsKnown() && !v.IsNull() {
			n, _ := v.AsBigFloat().Int64()
			l.parallel = int(n)
		}
	}
	if b.Collect != nil {
		l.collected = map[int]cty.Value{}
	}
	return l, nil
}

// iterate begins as many iterations as may run at once, and ends the loop after the last.
func (m *Machine) iterate(a *activation) {
	l := a.loop
	l.next = max(l.next, a.rec.Count)
	for l.block != nil && len(a.kids) < l.parallel && l.next < l.end() && a.stop == nil {
		i := l.next
		l.next++
		if !slices.Contains(a.rec.Ahead, i) && !slices.ContainsFunc(a.kids, func(f *frame) bool { return f.index == i }) {
			m.iteration(a, i)
		}
	}
	if l.pages != nil {
		m.turnPages(a)
		return
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
	value, key := l.at(i)
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
	if l.pages != nil {
		m.dropPages(a)
	}
	m.out.put(a.frame, a.path, a.rec)
	if m.Trace != nil {
		m.trace(a, Trace{Phase: "turn", Reason: fmt.Sprintf("%d of %d", a.rec.Count+len(a.rec.Ahead), l.end())})
	}
	m.iterate(a)
}

// collect keeps the value of an iteration's collect expression.
func (m *Machine) collect(a *activation, f *frame) error {
	l := a.loop
	if l.block.Collect == nil {
		return nil
	}
	if len(l.collected) >= maxCollected {
		return steps.Errorf(steps.InputError, "collect gathers at most %d values, and there are more", maxCollected)
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
	if l.collected == nil {
		return 0
	}
	return l.end()
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
	if l.collected != nil {
		m.out.delete(a.frame, a.path+".*")
	}
	m.completed(a, a.node.Kind.Loop.Done(a.args, steps.LoopResult{Count: l.items.Len, Collected: l.gathered()}))
}

// gathered is the tuple of what was collected, or NilVal.
func (l *loop) gathered() cty.Value {
	if l.collected == nil {
		return cty.NilVal
	}
	vals := make([]cty.Value, l.end())
	for i := range vals {
		vals[i] = l.collected[i]
	}
	return cty.TupleVal(vals)
}
