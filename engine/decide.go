package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"currant/engine/journal"
	"currant/engine/run"
)

// Cancel asks a run to end. Its finally blocks still run. It returns when the run has been told.
func (e *Engine) Cancel(ctx context.Context, id, reason string) error {
	r, err := e.store.Run(ctx, id)
	if err != nil {
		return err
	}
	if r.Status.Ended() {
		return fmt.Errorf("the run %s is %s already", r.ID, r.Status)
	}
	if !e.deliver(r.ID, run.Cancelled{Reason: reason}) {
		return fmt.Errorf("the run %s is not known to this runner", r.ID)
	}
	return nil
}

// Resume carries out what a person decided of a held run: "repeat", "skip" or "fail" its held steps.
func (e *Engine) Resume(ctx context.Context, id, do string) error {
	switch do {
	case "repeat", "skip", "fail":
	default:
		return fmt.Errorf("%q is none of repeat, skip and fail", do)
	}
	r, err := e.store.Run(ctx, id)
	if err != nil {
		return err
	}
	if r.Status != journal.Held {
		return fmt.Errorf("the run %s is %s; only a held run can be resumed", r.ID, r.Status)
	}
	e.deliver(r.ID, run.Decision{Do: do})
	return nil
}

// Retry lets a failed or cancelled run go on from the step that failed, under the version it began with.
func (e *Engine) Retry(ctx context.Context, id string) error {
	r, err := e.store.Run(ctx, id)
	if err != nil {
		return err
	}
	if r.Status != journal.Failed && r.Status != journal.Cancelled {
		return fmt.Errorf("the run %s is %s; only a failed or cancelled run can be retried", r.ID, r.Status)
	}
	rb, err := e.runbook(ctx, r.Version, r.Runbook)
	if err != nil {
		return err
	}
	text, err := e.store.History(ctx, r.ID)
	if err != nil {
		return err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return fmt.Errorf("history of run %s: %w", r.ID, err)
	}
	codec := &run.Codec{Sealer: e.vault, Run: r.ID}
	recs := map[string]*run.Record{}
	for path, data := range raw {
		if recs[path], err = codec.Decode(path, data); err != nil {
			return err
		}
	}
	run.Rewind(rb, recs)
	var put []journal.Record
	for path, rec := range recs {
		data, err := codec.Encode(path, rec)
		if err != nil {
			return err
		}
		put = append(put, journal.Record{Path: path, Data: data})
	}
	again, err := e.store.Reopen(ctx, r.ID, timeNow().Add(rb.Timeout), put, nil)
	if err != nil {
		return err
	}
	e.mu.Lock()
	en := newEntry(headOf(&again))
	e.enter(en, again.Group)
	e.line(en)
	e.mu.Unlock()
	e.nudge()
	return nil
}

// Wait returns when a run has ended, or ctx has.
func (e *Engine) Wait(ctx context.Context, id string) error {
	c := make(chan struct{})
	e.mu.Lock()
	if e.entries[id] == nil {
		e.mu.Unlock()
		return nil
	}
	e.watchers[id] = append(e.watchers[id], c)
	e.mu.Unlock()
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
