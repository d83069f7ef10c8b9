package run

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/steps"
)

// restorer puts a machine where its records say that it was. What needs the present moment, or could stop
// something else, is left for the first Advance: first what had ended, then what is to be stopped, then what
// goes on.
type restorer struct {
	*Machine
	recs  map[string]*Record
	paths []string // sorted
	ends  []func()
	later []func()
}

// Restore is a machine at the point that its records describe.
func Restore(rb *compile.Runbook, info Info, trigger cty.Value, recs map[string]*Record) *Machine {
	m := New(rb, info, trigger)
	r := &restorer{Machine: m, recs: recs, paths: sorted(recs)}
	m.ready = nil
	m.root.queued = false
	for _, rec := range recs {
		m.order = max(m.order, rec.Order)
	}
	for _, s := range rb.States {
		if rec := recs[statePrefix+s.Name]; rec != nil {
			m.states[s.Name] = rec.Output
		}
	}
	r.frame(m.root)
	// Those that have a step in progress proceed when that ends.
	m.ready = slices.DeleteFunc(m.ready, func(f *frame) bool { f.queued = f.cur == nil; return !f.queued })
	m.restored = func() {
		for _, f := range r.ends {
			f()
		}
		if rec := recs[cancelPath]; rec != nil {
			m.stopRun(rec.Err)
		}
		m.expire()
		for _, f := range r.later {
			f()
		}
	}
	return m
}

// goOn lets a step go on at the first Advance, unless it has been stopped or has ended by then.
func (r *restorer) goOn(a *activation, f func()) {
	r.later = append(r.later, func() {
		switch {
		case a.frame.cur != a || r.waiting[a.path] == a:
		case a.frame.stop != nil && len(a.kids) == 0:
			r.giveUp(a, a.frame.stop)
		default:
			f()
		}
	})
}

// frame restores a sequence: what is done, and the step that was in progress.
func (r *restorer) frame(f *frame) {
	f.stored = true
	for ; f.pc < len(f.nodes); f.pc++ {
		n := f.nodes[f.pc]
		path := f.path + n.Name
		rec := r.recs[path]
		if rec == nil {
			break
		}
		if rec.Status != OK && rec.Status != Skipped {
			f.cur = &activation{node: n, frame: f, path: path, rec: rec}
			if kept := r.recs[path+argsSuffix]; kept != nil {
				f.cur.args, f.cur.kept = kept.Output, true
			}
			r.activation(f.cur)
			return
		}
		r.done(f.scope, n, path, rec)
	}
	r.enqueue(f)
}

// done restores the outputs of a step that is over and of the steps inside it that can still be seen.
func (r *restorer) done(s *scope, n *compile.Node, path string, rec *Record) {
	switch {
	case rec.Status == Skipped:
		s.outs[n.Name] = cty.NullVal(n.Output)
	case rec.Output == cty.NilVal:
		s.outs[n.Name] = cty.EmptyObjectVal
	default:
		s.outs[n.Name] = rec.Output
	}
	for _, b := range n.Blocks {
		r.inner(s, b, path, rec)
	}
}

// inner restores the outputs of the steps of a block that is over.
func (r *restorer) inner(s *scope, b *compile.Block, path string, rec *Record) {
	if b.Each {
		return
	}
	prefix := path + "." + b.Key
	if rec.Count > 0 && r.prefixed(prefix+"[") {
		prefix += fmt.Sprintf("[%d]", rec.Count-1)
	}
	for _, n := range b.Steps {
		p := prefix + "/" + n.Name
		if inner := r.recs[p]; inner != nil && (inner.Status == OK || inner.Status == Skipped) {
			r.done(s, n, p, inner)
		} else if inner != nil {
			for _, ib := range n.Blocks {
				r.inner(s, ib, p, inner)
			}
		}
	}
}

func (r *restorer) prefixed(prefix string) bool {
	i, _ := slices.BinarySearch(r.paths, prefix)
	return i < len(r.paths) && strings.HasPrefix(r.paths[i], prefix)
}

// activation restores a step in progress.
func (r *restorer) activation(a *activation) {
	switch a.rec.Status {
	case Failed:
		r.over(a, a.rec.Err)
		return
	case Finished:
		r.over(a, &steps.Finish{Message: a.rec.Finish})
		return
	}
	if !r.setDeadlineOf(a) {
		return
	}
	switch a.rec.Status {
	case Held:
		r.held[a.path] = a
	case Waiting:
		if a.node.Kind.Pager != nil && !r.pages(a) {
			return
		}
		r.waiting[a.path] = a
		if a.rec.Await != "" {
			// The run that it waits for may have ended meanwhile: it looks again.
			r.later = append(r.later, func() {
				if r.waiting[a.path] == a {
					r.resume(a)
				}
			})
		}
	default:
		r.running(a)
	}
}

// over tells a sequence of the error with which its step had ended.
func (r *restorer) over(a *activation, err error) {
	for _, b := range a.node.Blocks {
		r.inner(a.frame.scope, b, a.path, a.rec)
	}
	r.ends = append(r.ends, func() { a.frame.cur = nil; r.frameEnded(a.frame, err) })
}

// setDeadlineOf goes on with the timeout of a step's attempt. Where it cannot be evaluated the step fails.
func (r *restorer) setDeadlineOf(a *activation) bool {
	switch {
	case a.node.Timeout == nil, a.rec.Status == Waiting && a.rec.Err != nil,
		a.node.Kind.Try != nil && a.rec.Phase != phaseDo:
		return true
	}
	var limit time.Duration
	err := error(nil)
	if a.node.Kind.Do != nil {
		err = r.needArgs(a)
	}
	if err == nil {
		if r.outside(a) {
			return true
		}
		limit, err = r.timeout(a)
	}
	if err != nil {
		r.later = append(r.later, func() {
			if a.frame.cur == a {
				r.failed(a, err)
			}
		})
		return false
	}
	if a.rec.Since.IsZero() { // rewound: the time begins anew
		r.ends = append(r.ends, func() {
			a.rec.Since = r.now
			r.out.put(a.frame, a.path, a.rec)
			r.timeFrom(a, limit)
		})
		return true
	}
	r.timeFrom(a, limit)
	return true
}

func (r *restorer) running(a *activation) {
	switch k := a.node.Kind; {
	case k.Do != nil:
		r.goOn(a, func() { r.interrupted(a) })
	case k.Choose != nil:
		r.block(a, a.node.BlockOf(a.rec.Phase, a.rec.Count), "")
	case k.Fork != nil:
		for _, b := range a.node.Blocks {
			r.block(a, b, "")
		}
	case k.Loop != nil:
		r.loop(a)
	case k.Pager != nil:
		if r.pages(a) {
			r.goOn(a, func() { r.pagesInterrupted(a) })
		}
	case k.Repeat != nil:
		r.block(a, a.node.BlockOf(k.Repeat.Block, 0), fmt.Sprintf("[%d]", a.rec.Count))
	case k.Try != nil:
		r.try(a)
	default:
		r.goOn(a, func() { r.execute(a) })
	}
}

func (r *restorer) block(a *activation, b *compile.Block, suffix string) {
	if b == nil {
		r.goOn(a, func() { r.execute(a) })
		return
	}
	r.frame(r.open(a, b, suffix))
}

func (r *restorer) try(a *activation) {
	t := a.node.Kind.Try
	switch a.rec.Phase {
	case phaseCatch:
		if b := a.node.BlockOf(t.Do, 0); b != nil {
			r.inner(a.frame.scope, b, a.path, a.rec)
		}
		r.frame(r.openCatch(a, a.rec.Err))
	case phaseFinally:
		for _, name := range []string{t.Do, t.Catch} {
			if b := a.node.BlockOf(name, 0); b != nil {
				r.inner(a.frame.scope, b, a.path, a.rec)
			}
		}
		f := r.open(a, a.node.BlockOf(t.Finally, 0), "")
		f.stop, f.shield = nil, true
		r.frame(f)
	default:
		r.block(a, a.node.BlockOf(t.Do, 0), "")
	}
}

// loop restores the iterations that were in progress; at the first Advance it begins those that may run
// beside them.
func (r *restorer) loop(a *activation) {
	err := r.needArgs(a)
	if err == nil {
		err = r.readyLoop(a)
	}
	if err != nil {
		r.goOn(a, func() { r.failed(a, err) })
		return
	}
	r.iterations(a)
	r.goOn(a, func() { r.iterate(a) })
}

// pages restores the pages that have come and are not done with. It is false where the step fails.
func (r *restorer) pages(a *activation) bool {
	err := r.needArgs(a)
	if err == nil {
		err = r.readyPages(a)
	}
	if err != nil {
		r.goOn(a, func() { r.failed(a, err) })
		return false
	}
	var first []int
	prefix := pagePath(a, "")
	i, _ := slices.BinarySearch(r.paths, prefix)
	for ; i < len(r.paths) && strings.HasPrefix(r.paths[i], prefix); i++ {
		if n, err := strconv.Atoi(strings.TrimSuffix(r.paths[i][len(prefix):], "]")); err == nil {
			first = append(first, n)
		}
	}
	slices.Sort(first)
	for _, n := range first {
		a.loop.pages.add(n, r.recs[pagePath(a, strconv.Itoa(n)+"]")].Output.AsValueSlice())
	}
	if a.loop.block != nil {
		r.iterations(a)
	}
	return true
}

// iterations restores what a loop has collected, and the iterations that were in progress.
func (r *restorer) iterations(a *activation) {
	l := a.loop
	for i := range l.toCollect() {
		if rec := r.recs[collectedPath(a, l.block, i)]; rec != nil {
			l.collected[i] = rec.Output
		}
	}
	for _, i := range r.begunIterations(a) {
		if i < l.end() && !slices.Contains(a.rec.Ahead, i) {
			r.frame(r.iteration(a, i))
		}
	}
}

// begunIterations are the items whose iteration has records but is not done.
func (r *restorer) begunIterations(a *activation) (begun []int) {
	prefix := a.path + "." + a.loop.block.Key + "["
	i, _ := slices.BinarySearch(r.paths, prefix)
	for ; i < len(r.paths) && strings.HasPrefix(r.paths[i], prefix); i++ {
		number, rest, ok := strings.Cut(r.paths[i][len(prefix):], "]")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || rest == "" || n < a.rec.Count {
			continue
		}
		if len(begun) == 0 || begun[len(begun)-1] != n {
			begun = append(begun, n)
		}
	}
	slices.Sort(begun)
	return slices.Compact(begun)
}

// interrupted decides about an outside call that was under way when the runner died (LANGUAGE section 3).
func (m *Machine) interrupted(a *activation) {
	if err := m.needArgs(a); err != nil {
		m.failed(a, err)
		return
	}
	how := a.node.Interrupted
	if how == "auto" {
		how = "repeat"
		if m.effect(a) == steps.Write {
			how = "hold"
		}
	}
	switch how {
	case "repeat":
		a.rec.Doubt = true
		m.execute(a)
	case "fail":
		m.failed(a, steps.Errorf(steps.InterruptedError, "the runner stopped while the step was in flight; whether it had its effect is not known"))
	default:
		a.rec.Status, a.rec.Reason = Held, "the runner stopped while the step was in flight; whether it had its effect is not known"
		m.held[a.path] = a
		m.out.put(a.frame, a.path, a.rec)
		m.trace(a, Trace{Phase: "held", Reason: a.rec.Reason})
	}
}
