package testrun

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/run"
)

// world is what one test has for itself: its blueprint, its time, its runs and what they keep.
type world struct {
	test      *Test
	blueprint *compile.Blueprint
	sealer    run.Sealer
	advance   func(time.Duration) // may be nil
	call      func(*host, run.Call) answer
	now       time.Time
	runs      []*runner // in the order in which they began; the first is the test's own
	byKey     map[string]*runner
	answers   map[target]*answers
	kept      *kept
	schedules *schedules
	opened    *engine.Connections
	calls     calls
	reached   *reached
}

func newWorld(t *Test, bp *compile.Blueprint, sealer run.Sealer, now time.Time) *world {
	w := &world{test: t, blueprint: bp, sealer: sealer, now: now, byKey: map[string]*runner{}, answers: map[target]*answers{},
		call: (*host).answer, opened: engine.NewConnections(), calls: newCalls(), reached: newReached()}
	w.kept = newKept(w.keptChanged)
	w.schedules = &schedules{w: w, specs: map[string]keptSchedule{}}
	for _, m := range t.mocks {
		as := w.answers[m.at]
		if as == nil {
			as = &answers{pages: map[string]*paging{}}
			w.answers[m.at] = as
		}
		as.mocks = append(as.mocks, m)
	}
	return w
}

// start begins a run of a runbook.
func (w *world) start(rb *compile.Runbook, ev ingress.Event, parent string) (*runner, error) {
	id := fmt.Sprintf("00000000-0000-7000-8000-%012d", len(w.runs)+1)
	r := &runner{w: w, rb: rb, id: id, parent: parent, recs: map[string][]byte{}, codec: &run.Codec{Sealer: w.sealer, Run: id},
		group: groupOf(rb, ev.Context),
		info: run.Info{ID: id, Blueprint: w.blueprint.Name, Runbook: rb.Name, Context: ev.Context, Attempt: 1, StartedAt: w.now,
			Deadline: w.now.Add(rb.Timeout), Random: random}}
	var err error
	if r.event, err = r.codec.Write("trigger", ev.Value); err != nil {
		return nil, err
	}
	w.runs = append(w.runs, r)
	return r, nil
}

// groupOf names the runs that go one at a time; "" for none.
func groupOf(rb *compile.Runbook, context string) string {
	switch rb.Concurrency {
	case "per_runbook":
		return rb.Name
	case "per_context":
		return rb.Name + "/" + context
	}
	return ""
}

// random makes secrets that are the same in each run of a test.
func random(purpose string, n int) ([]byte, error) {
	return hkdf.Expand(sha256.New, make([]byte, sha256.Size), "currant test "+purpose, n)
}

// run lets all runs go on until each has ended or waits for what never comes.
func (w *world) run(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := w.next()
		if r == nil {
			at := w.soonest()
			if at.IsZero() {
				return nil
			}
			w.forward(at)
			continue
		}
		if err := r.turn(ctx); err != nil {
			return err
		}
	}
}

// next is the first run that can go on now; nil where there is none.
func (w *world) next() *runner {
	held := map[string]bool{}
	for _, r := range w.runs {
		if r.end != nil || r.group != "" && held[r.group] {
			continue
		}
		held[r.group] = true
		if r.ready() {
			return r
		}
	}
	return nil
}

// soonest is the next moment at which time lets a run go on; zero where it lets none.
func (w *world) soonest() (at time.Time) {
	for _, r := range w.runs {
		if t := r.due(); r.end == nil && r.begun && !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}

// forward moves the time.
func (w *world) forward(t time.Time) {
	if d := t.Sub(w.now); d > 0 {
		w.now = t
		if w.advance != nil {
			w.advance(d)
		}
	}
}

// find is the run of an id, or nil.
func (w *world) find(id string) *runner {
	for _, r := range w.runs {
		if r.id == id {
			return r
		}
	}
	return nil
}

// ended tells who waits for a run that has ended, and cancels what waits for nothing any more.
func (w *world) ended(r *runner) {
	if p := w.find(r.parent); p != nil && p.end == nil {
		p.inbox = append(p.inbox, run.RunEnded{ID: r.id})
	}
	for _, child := range w.runs {
		if child.parent == r.id && child.end == nil {
			child.inbox = append(child.inbox, run.Cancelled{Reason: "the calling run has ended"})
		}
	}
}

// keptChanged tells the runs that wait for what is kept under a key.
func (w *world) keptChanged(key string) {
	for _, r := range w.runs {
		if r.end != nil {
			continue
		}
		for _, path := range slices.Sorted(maps.Keys(r.recs)) {
			rec, err := run.Peek(path, r.recs[path])
			if err == nil && rec.Status == run.Waiting && rec.Kept != "" && strings.HasPrefix(key, rec.Kept) {
				r.inbox = append(r.inbox, run.KeptChanged{Prefix: rec.Kept})
			}
		}
	}
}

// runner is one run.
type runner struct {
	w          *world
	rb         *compile.Runbook
	id, parent string
	group      string
	info       run.Info
	codec      *run.Codec
	event      []byte            // the trigger's output, encoded
	recs       map[string][]byte // its records, encoded
	inbox      []run.Event
	flights    []*flight
	m          *run.Machine // nil between its parking and its next turn
	begun      bool
	wake       time.Time
	state      run.State
	lines      []run.Line
	end        *run.Result
}

// flight is a call whose outcome is told when it is due.
type flight struct {
	due     time.Time
	outcome run.Outcome
}

func (f *flight) landed(now time.Time) bool { return !f.due.After(now) }

func (r *runner) ready() bool {
	if !r.begun || len(r.inbox) > 0 {
		return true
	}
	at := r.due()
	return !at.IsZero() && !at.After(r.w.now)
}

// due is the moment at which time alone lets the run go on; zero where it does not.
func (r *runner) due() time.Time {
	at := r.wake
	for _, f := range r.flights {
		if at.IsZero() || f.due.Before(at) {
			at = f.due
		}
	}
	return at
}

// errBlocked is the end of a turn with calls in flight: the machine stays in memory.
var errBlocked = errors.New("testrun: calls are in flight")

// turn lets the run go on until it has ended or waits.
func (r *runner) turn(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the interpreter failed: %v", p)
		}
	}()
	if r.m == nil {
		if err := r.restore(); err != nil {
			return err
		}
		r.m.Trace = r.trace
	}
	r.begun, r.wake = true, time.Time{}
	result, err := run.Drive(&host{runner: r, ctx: ctx}, r.m)
	switch {
	case err == nil:
		return r.over(result)
	case errors.Is(err, run.ErrParked):
		r.m = nil // what it was is in its records
	case !errors.Is(err, errBlocked):
		return err
	}
	return nil
}

// restore makes the run's machine: a new one, or one that is where its records say.
func (r *runner) restore() error {
	event, err := r.codec.Read("trigger", r.event)
	if err != nil {
		return err
	}
	if len(r.recs) == 0 {
		r.m = run.New(r.rb, r.info, event)
		return nil
	}
	recs := make(map[string]*run.Record, len(r.recs))
	for path, text := range r.recs {
		if recs[path], err = r.codec.Decode(path, text); err != nil {
			return err
		}
	}
	r.m = run.Restore(r.rb, r.info, event, recs)
	return nil
}

// over takes in the run's end. Its outputs are what reading them from a store would give.
func (r *runner) over(result *run.Result) error {
	end := *result
	if end.Outputs == cty.NilVal {
		end.Outputs = cty.EmptyObjectVal
	}
	text, err := r.codec.Write("outputs", end.Outputs)
	if err != nil {
		return err
	}
	if end.Outputs, err = r.codec.Read("outputs", text); err != nil {
		return err
	}
	r.end, r.m, r.flights = &end, nil, nil
	r.w.ended(r)
	return nil
}
