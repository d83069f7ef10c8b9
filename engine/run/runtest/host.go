package runtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/run"
	"currant/steps"
)

// host is one life of a Sim's process (run.Host).
type host struct {
	*Sim
	flying []*flight
	dead   bool
	crash  Crash
	until  time.Time // of the park
}

// flight is a call that has not come back.
type flight struct {
	path  string
	due   time.Time
	block bool
	value cty.Value
	page  steps.Page
	err   error
}

// op counts an operation; false where the host dies before it.
func (h *host) op() bool {
	h.ops++
	if len(h.Crashes) > 0 && h.Crashes[0].Op <= h.ops && !h.Crashes[0].After {
		h.die()
	}
	return !h.dead
}

// over ends an operation; false where the host dies after it.
func (h *host) over() bool {
	if len(h.Crashes) > 0 && h.Crashes[0].Op <= h.ops && h.Crashes[0].After {
		h.die()
	}
	return !h.dead
}

func (h *host) die() {
	h.dead, h.crash = true, h.Crashes[0]
	h.Crashes = h.Crashes[1:]
}

// Commit is part of run.Host.
func (h *host) Commit(b run.Batch) error {
	if !h.op() {
		return errDied
	}
	c, err := h.disk.encode(b)
	if err != nil {
		return err
	}
	for _, e := range b.Put {
		if old := h.disk.stored(e.Path, false); old != nil && old.Status == run.OK && !covered(b.Delete, e.Path) {
			h.violate("the step %s had ended and is journaled again as %s", e.Path, e.Record.Status)
		}
	}
	h.disk.commit(c, b.Barrier || b.End != nil)
	h.state = b.State
	h.Commits = append(h.Commits, c.text())
	h.Marks = append(h.Marks, h.ops)
	if !h.over() {
		return errDied
	}
	return nil
}

func covered(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, wild := strings.CutSuffix(p, "*")
		return p == path || wild && strings.HasPrefix(path, prefix)
	})
}

// Call is part of run.Host.
func (h *host) Call(c run.Call) {
	if h.dead || !h.op() {
		return
	}
	if rec := h.disk.stored(c.Path, false); rec == nil || rec.Status != run.Running {
		h.violate("%s is called, and its record does not say so: %+v", c.Path, rec)
	}
	effect := c.Node.Kind.Effect
	if f := c.Node.Kind.EffectOf; f != nil {
		effect = f(c.Args)
	}
	if rec := h.disk.stored(c.Path, true); effect != steps.Read && (rec == nil || rec.Status != run.Running) {
		h.violate("%s is called before its intent is durable (promise D6)", c.Path)
	}
	h.flying = append(h.flying, h.begin(c))
	h.over()
}

// begin makes a call: its answer is known at once, and told when it is due.
func (h *host) begin(c run.Call) *flight {
	f := &flight{path: c.Path, due: h.now}
	call := &steps.Call{Run: h.info.ID, Runbook: h.info.Runbook, Blueprint: h.info.Blueprint, Step: c.Node.Name, Path: c.Path,
		Attempt: c.Attempt, Key: h.info.ID + "/" + c.Path, Args: c.Args, Cursor: c.Cursor, Begun: c.Begun, Now: h.now, Runs: &runs{h.Sim}}
	r, ok := h.World.Reply(c, call)
	if !ok {
		f.value, f.err = c.Node.Kind.Do(context.Background(), call)
		return f
	}
	f.value, f.page, f.err = r.Value, r.Page, r.Err
	f.due, f.block = h.now.Add(r.After), r.Block
	return f
}

// Cancel is part of run.Host.
func (h *host) Cancel(path string) {
	for _, f := range h.flying {
		if f.path == path && (f.block || f.due.After(h.now)) {
			f.due, f.block = h.now, false
			f.value, f.err = cty.NilVal, steps.Errorf(steps.CancelledError, "the call was cancelled")
		}
	}
}

// Next is part of run.Host.
func (h *host) Next(until time.Time, block bool) (run.Event, error) {
	if h.dead || !h.op() {
		return nil, errDied
	}
	ev, err := h.next(until, block)
	if !h.over() {
		return nil, errDied
	}
	return ev, err
}

func (h *host) next(until time.Time, block bool) (run.Event, error) {
	for {
		if len(h.inbox) > 0 {
			ev := h.inbox[0]
			h.inbox = h.inbox[1:]
			if _, ok := ev.(run.Cancelled); ok {
				h.told = append(h.told, ev)
			}
			return ev, nil
		}
		if f := h.land(); f != nil {
			return run.Outcome{Path: f.path, Value: f.value, Page: f.page, Err: f.err}, nil
		}
		if !block || !until.IsZero() && !until.After(h.now) {
			return nil, nil
		}
		due := h.nextDue()
		child, childAt := h.nextChild()
		switch {
		case child != "" && (due.IsZero() || !childAt.After(due)) && (until.IsZero() || !childAt.After(until)) && (h.Stay || len(h.flying) > 0):
			h.childEnds(child)
		case !due.IsZero() && (until.IsZero() || !due.After(until)):
			h.forward(due)
		case len(h.flying) > 0 && until.IsZero():
			return nil, fmt.Errorf("runtest: the call %s never comes back, and nothing else can happen", h.flying[0].path)
		case (len(h.flying) > 0 || h.Stay) && !until.IsZero():
			h.forward(until)
			return nil, nil
		default:
			h.until = until
			return nil, run.ErrParked
		}
	}
}

// land takes a call that has come back off the list.
func (h *host) land() *flight {
	var landed []int
	for i, f := range h.flying {
		if !f.block && !f.due.After(h.now) {
			landed = append(landed, i)
		}
	}
	if len(landed) == 0 {
		return nil
	}
	i := landed[0]
	if h.Order != nil {
		i = landed[h.Order(len(landed))]
	}
	f := h.flying[i]
	h.flying = slices.Delete(h.flying, i, i+1)
	return f
}

func (h *host) nextDue() (at time.Time) {
	for _, f := range h.flying {
		if !f.block && (at.IsZero() || f.due.Before(at)) {
			at = f.due
		}
	}
	return at
}

// runs starts the runs of call steps: they are simulated at once, and end a while later.
type runs struct{ *Sim }

// childTime is how long a started run takes.
const childTime = time.Second

// Start is part of steps.Runs.
func (r *runs) Start(_ context.Context, s steps.StartRun) (string, error) {
	id := "child:" + s.Runbook + ":" + s.Key
	if _, ok := r.childAt[id]; !ok {
		r.childAt[id] = r.now.Add(childTime)
		r.children = append(r.children, child{id: id, start: s})
	}
	return id, nil
}

type child struct {
	id    string
	start steps.StartRun
	ended bool
}

// Result is part of steps.Runs.
func (r *runs) Result(_ context.Context, id string) (steps.RunResult, bool, error) {
	i := slices.IndexFunc(r.children, func(c child) bool { return c.id == id })
	if i < 0 {
		return steps.RunResult{}, false, errors.New("no such run")
	}
	if r.now.Before(r.childAt[id]) {
		return steps.RunResult{ID: id, Status: "running"}, false, nil
	}
	rb := r.rb.Blueprint.Runbook(r.children[i].start.Runbook)
	m := run.New(rb, run.Info{ID: id, Runbook: rb.Name, StartedAt: r.now}, cty.ObjectVal(map[string]cty.Value{"input": r.children[i].start.Input}))
	m.Advance(r.now)
	end := m.End()
	if end == nil {
		return steps.RunResult{}, false, errors.New("runtest: a called runbook may compute only")
	}
	return steps.RunResult{ID: id, Status: end.Status, Outputs: end.Outputs, Err: end.Err}, true, nil
}

// nextChild is the started run that ends next.
func (s *Sim) nextChild() (id string, at time.Time) {
	for _, c := range s.children {
		if t := s.childAt[c.id]; !c.ended && (id == "" || t.Before(at)) {
			id, at = c.id, t
		}
	}
	return id, at
}

func (s *Sim) childEnds(id string) {
	s.forward(s.childAt[id])
	for i := range s.children {
		if s.children[i].id == id {
			s.children[i].ended = true
		}
	}
	s.inbox = append(s.inbox, run.RunEnded{ID: id})
}
