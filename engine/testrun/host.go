package testrun

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/engine/run"
	"currant/steps"
)

// host lets a run go on for one turn (run.Host).
type host struct {
	*runner
	ctx context.Context
}

// Now is part of run.Host.
func (h *host) Now() time.Time { return h.w.now }

// Commit is part of run.Host: records are kept as the engine stores them.
func (h *host) Commit(b run.Batch) error {
	for _, pattern := range b.Delete {
		prefix, wild := strings.CutSuffix(pattern, "*")
		for path := range h.recs {
			if path == pattern || wild && strings.HasPrefix(path, prefix) {
				delete(h.recs, path)
			}
		}
	}
	for _, put := range b.Put {
		text, err := h.codec.Encode(put.Path, put.Record)
		if err != nil {
			return err
		}
		h.recs[put.Path] = text
		if put.Record.Status == run.Finished {
			h.finished(put.Path)
		}
	}
	h.lines = append(h.lines, b.Lines...)
	h.state = b.State
	return nil
}

// Call is part of run.Host. The call is made before Call returns; its outcome is told when it is due.
func (h *host) Call(c run.Call) {
	a := h.w.call(h, c)
	h.flights = append(h.flights, &flight{due: h.w.now.Add(a.delay), outcome: a.outcome})
}

// answer is a call's mock, or executing it.
func (h *host) answer(c run.Call) answer {
	a, mocked, diags := h.w.mocked(h.runner, c)
	switch {
	case diags.HasErrors():
		h.w.calls.faults = append(h.w.calls.faults, diags...)
		a.outcome = run.Outcome{Path: c.Path, Err: steps.Errorf(steps.InternalError, "the mock of the step has a mistake")}
	case !mocked:
		a.outcome = h.execute(c)
	}
	return a
}

// Cancel is part of run.Host.
func (h *host) Cancel(path string) {
	for _, f := range h.flights {
		if f.outcome.Path == path && !f.landed(h.w.now) {
			f.due, f.outcome = h.w.now, run.Outcome{Path: path, Err: steps.Errorf(steps.CancelledError, "the call was cancelled")}
		}
	}
}

// Next is part of run.Host.
func (h *host) Next(until time.Time, block bool) (run.Event, error) {
	if err := h.ctx.Err(); err != nil {
		return nil, err
	}
	if len(h.inbox) > 0 {
		ev := h.inbox[0]
		h.inbox = h.inbox[1:]
		return ev, nil
	}
	if i := slices.IndexFunc(h.flights, func(f *flight) bool { return f.landed(h.w.now) }); i >= 0 {
		f := h.flights[i]
		h.flights = slices.Delete(h.flights, i, i+1)
		return f.outcome, nil
	}
	if !block || !until.IsZero() && !until.After(h.w.now) {
		return nil, nil
	}
	h.wake = until
	if len(h.flights) > 0 {
		return nil, errBlocked
	}
	return nil, run.ErrParked
}

// execute makes a call in earnest.
func (h *host) execute(c run.Call) (o run.Outcome) {
	o.Path = c.Path
	defer func() {
		h.outOfReach(c, o.Err)
	}()
	defer func() {
		if p := recover(); p != nil {
			o.Err = steps.Errorf(steps.InternalError, "the step kind %q failed inside Currant; please report it as a bug", c.Node.Kind.Name)
		}
	}()
	conn, err := h.w.opened.Open(h.ctx, c)
	if err != nil {
		o.Err = err
		return o
	}
	ctx := h.ctx
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	call := &steps.Call{Run: h.id, Runbook: h.rb.Name, Blueprint: h.info.Blueprint, Step: c.Node.Name, Path: c.Path, Attempt: c.Attempt,
		Key: h.id + "/" + c.Path, Args: c.Args, Body: c.Node.Body, Trigger: c.Trigger, Connection: conn, Cursor: c.Cursor, Doubt: c.Doubt,
		Begun: c.Begun, Now: h.w.now, Log: slog.New(slog.DiscardHandler), Dir: h.w.blueprint.Dir,
		Runs: (*children)(h.runner), Schedules: h.w.schedules, Kept: h.w.kept}
	if p := c.Node.Kind.Pager; p != nil {
		o.Page, err = p.Fetch(ctx, call)
	} else {
		o.Value, err = c.Node.Kind.Do(ctx, call)
	}
	if err != nil && c.Timeout > 0 && errors.Is(ctx.Err(), context.DeadlineExceeded) && h.ctx.Err() == nil {
		err = steps.Errorf(steps.TimeoutError, "no result within the step's timeout of %s", c.Timeout)
	}
	o.Err = engine.WithoutSecrets(call, err)
	return o
}

// OutOfReach is what the refusal of a call says that leads to nothing of the test's own (Surroundings).
const OutOfReach = "a test calls its simulated account only"

// outOfReach fails the test where a step was refused its call, whatever the runbook makes of the step's error.
func (h *host) outOfReach(c run.Call, err error) {
	at := target{h.rb.Name, c.Node.Name}
	if err == nil || !strings.Contains(err.Error(), OutOfReach) || h.w.calls.refused[at] {
		return
	}
	h.w.calls.refused[at] = true
	label, answer := at.String(), "output = { ... }"
	if at.runbook == h.w.test.Runbook {
		label = at.step
	}
	if c.Node.Kind.Pager != nil && paged(c.Node) {
		answer = "records = [ ... ]"
	}
	h.w.calls.faults = append(h.w.calls.faults, lang.Error(h.w.test.Range, "Step needs a mock",
		"The step %q (%s:%d) has no mock, and was refused its call:\n\n  %s\n\nMock the step: mock %q { %s }.", label, c.Node.Range.Filename, c.Node.Range.Start.Line, err, label, answer))
}

// children lets a step start and watch other runs (steps.Runs): they are runs of the same test.
type children runner

// Start is part of steps.Runs.
func (c *children) Start(_ context.Context, s steps.StartRun) (string, error) {
	key := s.Runbook + "\x00" + s.Key
	if known := c.w.byKey[key]; known != nil {
		return known.id, nil
	}
	rb := c.w.blueprint.Runbook(s.Runbook)
	if rb == nil {
		return "", steps.Errorf(steps.InternalError, "the blueprint has no runbook %q", s.Runbook)
	}
	value, err := engine.Called(rb, s.Input)
	if err != nil {
		return "", steps.Errorf(steps.InputError, "input of the runbook %q: %s", s.Runbook, err)
	}
	ev := ingress.Event{Value: value, At: c.w.now}
	if rb.Trigger.Body.Attr("context") != nil {
		if ev, err = rb.Trigger.Judge(ev); err != nil {
			return "", steps.Errorf(steps.InputError, "input of the runbook %q: %s", s.Runbook, err)
		}
	}
	if len(c.w.runs) >= maxRuns {
		return "", steps.Errorf(steps.InternalError, "a test may have %d runs at most", maxRuns)
	}
	r, err := c.w.start(rb, ev, s.Parent)
	if err != nil {
		return "", steps.Errorf(steps.InternalError, "%s", err)
	}
	c.w.byKey[key] = r
	return r.id, nil
}

// maxRuns bounds the runs of one test.
const maxRuns = 10_000

// Result is part of steps.Runs.
func (c *children) Result(_ context.Context, id string) (steps.RunResult, bool, error) {
	r := c.w.find(id)
	if r == nil {
		return steps.RunResult{}, false, fmt.Errorf("there is no run %s", id)
	}
	if r.end == nil {
		return steps.RunResult{ID: id, Status: string(run.StateRunning), Outputs: cty.EmptyObjectVal}, false, nil
	}
	return steps.RunResult{ID: id, Status: r.end.Status, Outputs: r.end.Outputs, Err: r.end.Err}, true, nil
}
