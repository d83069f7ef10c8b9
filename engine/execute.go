package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/journal"
	"currant/engine/run"
	"currant/steps"
)

// execute drives a run until it ends or parks, in a goroutine that no other run uses meanwhile.
func (e *Engine) execute(ctx context.Context, en *entry) {
	h := en.host
	h.ctx = ctx
	result, err := e.drive(h, en)
	switch {
	case err == nil:
		e.ended(en, result)
	case errors.Is(err, run.ErrParked):
	case errors.Is(err, errStopping):
		h.abandon()
	default:
		e.stuck(en, err)
	}
}

func (e *Engine) drive(h *host, en *entry) (r *run.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the interpreter failed: %v", p)
		}
	}()
	m, err := e.machine(h, en)
	if err != nil {
		return nil, err
	}
	if e.followers.any() {
		m.Trace = func(t run.Trace) { e.followers.tell(progressOf(en, t)) }
	}
	h.m = m
	if len(h.recs) == 0 {
		// What was decided before it began comes first: a cancelled run does not begin.
		for _, ev := range e.takeInbox(en) {
			m.Apply(h.Now(), ev)
		}
	}
	return run.Drive(h, m)
}

// machine begins a fresh run, or restores one from its records.
func (e *Engine) machine(h *host, en *entry) (*run.Machine, error) {
	if en.rb != nil && en.event != cty.NilVal {
		rb, event := en.rb, en.event
		en.rb, en.event = nil, cty.NilVal
		h.status, h.started, h.attempt = journal.Queued, h.Now(), 1
		info := run.Info{ID: en.id, Blueprint: en.blueprint, Runbook: en.runbook, Context: en.context, Attempt: 1, StartedAt: h.started, Deadline: en.expires, Random: e.vault.Derive}
		return run.New(rb, info, event), nil
	}
	ctx := context.WithoutCancel(h.ctx)
	r, err := e.store.Run(ctx, en.id)
	if err != nil {
		return nil, err
	}
	rb, err := e.runbook(ctx, r.Version, r.Runbook)
	if err != nil {
		return nil, err
	}
	event, err := h.codec.Read("trigger", r.Event)
	if err != nil {
		return nil, err
	}
	h.status, h.wake, h.attempt = r.Status, r.WakeAt, r.Attempt
	if r.StartedAt.IsZero() {
		h.started = h.Now()
		r.StartedAt = h.started
	}
	info := run.Info{ID: r.ID, Blueprint: r.Blueprint, Runbook: r.Runbook, Context: r.Context, Attempt: r.Attempt, StartedAt: r.StartedAt, Deadline: r.ExpiresAt, Random: e.vault.Derive}
	stored, err := e.store.Records(ctx, en.id)
	if err != nil {
		return nil, err
	}
	if len(stored) == 0 {
		return run.New(rb, info, event), nil
	}
	recs := make(map[string]*run.Record, len(stored))
	for _, s := range stored {
		if recs[s.Path], err = h.codec.Decode(s.Path, s.Data); err != nil {
			return nil, err
		}
		h.recs[s.Path] = s.Data
	}
	return run.Restore(rb, info, event, recs), nil
}

// ended takes an ended run off the books and tells who waits for it.
func (e *Engine) ended(en *entry, r *run.Result) {
	e.kept.watch.forget(en.id)
	e.mu.Lock()
	e.leave(en)
	watchers := e.watchers[en.id]
	delete(e.watchers, en.id)
	var orphans []string
	if en.children {
		for _, other := range e.entries {
			if other.parent == en.id {
				orphans = append(orphans, other.id)
			}
		}
	}
	e.mu.Unlock()
	if en.parent != "" {
		e.deliver(en.parent, run.RunEnded{ID: en.id})
	}
	for _, id := range orphans {
		e.deliver(id, run.Cancelled{Reason: orphaned})
	}
	if e.followers.any() {
		p := Progress{Run: en.id, Blueprint: en.blueprint, Runbook: en.runbook, Phase: "end", Status: r.Status, At: r.At, Error: viewError(r.Err), Reason: r.Message}
		e.followers.tell(p)
	}
	for _, c := range watchers {
		close(c)
	}
	attrs := []any{"run", en.id, "runbook", en.blueprint + "/" + en.runbook, "status", r.Status}
	if r.Err != nil {
		attrs = append(attrs, "error", r.Err.Message, "step", r.Err.Step)
	}
	e.log.Info("run ended", attrs...)
}

// stuck holds a run that cannot go on: what it needs is missing or the store refused it. It is tried again
// at the next start.
func (e *Engine) stuck(en *entry, err error) {
	for _, ev := range e.takeInbox(en) {
		if c, ok := ev.(run.Cancelled); ok && e.abandon(en, c.Reason, err) {
			return
		}
	}
	e.log.Error("run cannot go on; it is tried again when the runner starts", "run", en.id, "runbook", en.blueprint+"/"+en.runbook, "error", err)
	e.mu.Lock()
	e.move(en, parked)
	en.host = nil
	e.mu.Unlock()
	if e.store.Err() == nil {
		e.store.Submit(journal.Write{Run: en.id, Update: &journal.Update{Status: journal.Held},
			Logs: []journal.LogLine{{At: timeNow(), Level: "error", Message: "The run cannot go on: " + err.Error()}}}, func(error) {})
	}
}

// abandon ends a run that cannot go on and that a person has cancelled. What it still had to do, such as its
// finally blocks, is not done.
func (e *Engine) abandon(en *entry, reason string, cause error) bool {
	ctx := context.Background()
	stored, err := e.store.Records(ctx, en.id)
	if err != nil {
		return false
	}
	recs := make(map[string][]byte, len(stored))
	for _, s := range stored {
		recs[s.Path] = s.Data
	}
	history, err := encodeHistory(recs)
	if err != nil {
		return false
	}
	r := &run.Result{Status: string(journal.Cancelled), At: timeNow(), Outputs: cty.EmptyObjectVal,
		Err: &steps.Error{Kind: steps.CancelledError, Message: reason + "; it could not go on: " + cause.Error()}}
	result, err := encodeOutcome(&run.Codec{Sealer: e.vault, Run: en.id}, r)
	if err != nil {
		return false
	}
	w := journal.Write{Run: en.id, End: &journal.End{Status: journal.Cancelled, At: r.At, Outcome: result, Summary: summary(r), History: history}}
	if en.parent != "" {
		w.Wake = []string{en.parent}
	}
	if err := e.store.Commit(ctx, w); err != nil {
		return false
	}
	e.ended(en, r)
	return true
}

// outcome is how an ended run's result is stored.
type outcome struct {
	Outputs json.RawMessage `json:"outputs,omitempty"`
	Err     *steps.Error    `json:"error,omitempty"`
	Message string          `json:"message,omitempty"`
}

func encodeOutcome(c *run.Codec, r *run.Result) ([]byte, error) {
	o := outcome{Err: r.Err, Message: r.Message}
	var err error
	if r.Outputs != cty.NilVal && r.Outputs.LengthInt() > 0 {
		if o.Outputs, err = c.Write("outputs", r.Outputs); err != nil {
			return nil, err
		}
	}
	return json.Marshal(o)
}

// encodeHistory is the JSON object of a run's records by path. They are JSON already, and not read again.
func encodeHistory(recs map[string][]byte) ([]byte, error) {
	size := 2
	for path, data := range recs {
		size += len(path) + len(data) + 4
	}
	out := append(make([]byte, 0, size), '{')
	for _, path := range slices.Sorted(maps.Keys(recs)) {
		key, err := json.Marshal(path)
		if err != nil {
			return nil, err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, key...), ':'), recs[path]...)
	}
	return append(out, '}'), nil
}

func summary(r *run.Result) string {
	switch {
	case r.Err != nil && r.Err.Step != "":
		return fmt.Sprintf("%s: %s", r.Err.Step, r.Err.Message)
	case r.Err != nil:
		return r.Err.Message
	}
	return r.Message
}

// forget deletes what a pattern of a batch names.
func forget(recs map[string][]byte, pattern string) {
	prefix, wild := strings.CutSuffix(pattern, "*")
	if !wild {
		delete(recs, pattern)
		return
	}
	for path := range recs {
		if strings.HasPrefix(path, prefix) {
			delete(recs, path)
		}
	}
}

// runbook is a runbook of a blueprint version, loaded from the store if need be.
func (e *Engine) runbook(ctx context.Context, version, name string) (*compile.Runbook, error) {
	bp, err := e.version(ctx, version)
	if err != nil {
		return nil, err
	}
	rb := bp.Runbook(name)
	if rb == nil {
		return nil, fmt.Errorf("the blueprint version %.12s has no runbook %q", version, name)
	}
	return rb, nil
}
