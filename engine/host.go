package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"currant/engine/journal"
	"currant/engine/run"
)

// host lets a machine run over the engine's store (run.Host). The goroutine that drives the machine uses
// it; calls in flight only add their outcomes.
type host struct {
	e     *Engine
	en    *entry
	ctx   context.Context
	codec *run.Codec

	recs   map[string][]byte // the run's records as they are, or soon will be, in the store
	status journal.Status    // as last written
	// started is when the run started, where the store does not know that yet.
	started time.Time
	wake    time.Time
	writes  writes
	m       *run.Machine
	// attempt is how often the run has begun: 1, and more where it was retried.
	attempt int

	mu       sync.Mutex // guards what follows
	outcomes []run.Event
	cancels  map[string]context.CancelFunc
	flying   int
	bell     chan struct{}
}

// errStopping ends a drive when the engine stops: the run goes on at the next start.
var errStopping = errors.New("engine: stopping")

func newHost(e *Engine, en *entry) *host {
	return &host{e: e, en: en, writes: writes{store: e.store, pause: fullPause}, recs: map[string][]byte{}, cancels: map[string]context.CancelFunc{}, bell: make(chan struct{}, 1),
		codec: &run.Codec{Sealer: e.vault, Run: en.id}}
}

// Now is part of run.Host: the wall clock without its monotonic reading, for moments are stored.
func (h *host) Now() time.Time { return time.Now().Round(0) }

// Commit is part of run.Host.
func (h *host) Commit(b run.Batch) error {
	w, err := h.write(b)
	if err != nil {
		return err
	}
	if b.End != nil {
		return h.end(w, b.End)
	}
	if b.Barrier {
		return h.store(w)
	}
	crowded, err := h.writes.submit(w)
	if crowded && err == nil {
		err = h.writes.wait(h.ctx)
	}
	return err
}

// store returns when a write, and all before it, are on disk.
func (h *host) store(w journal.Write) error {
	if _, err := h.writes.submit(w); err != nil {
		return err
	}
	return h.writes.wait(h.ctx)
}

func (h *host) write(b run.Batch) (journal.Write, error) {
	w := journal.Write{Run: h.en.id, Delete: b.Delete}
	for _, pattern := range b.Delete {
		forget(h.recs, pattern)
	}
	for _, put := range b.Put {
		data, err := h.codec.Encode(put.Path, put.Record)
		if err != nil {
			return w, err
		}
		h.recs[put.Path] = data
		w.Put = append(w.Put, journal.Record{Path: put.Path, Data: data})
	}
	for _, l := range b.Lines {
		line := journal.LogLine{At: l.At, Level: l.Level, Step: l.Step, Message: l.Message}
		if l.HasData() {
			data, err := run.Show(l.Data)
			if err != nil {
				return w, err
			}
			line.Data = data
		}
		w.Logs = append(w.Logs, line)
	}
	status := statusOf(b.State)
	if status == journal.Waiting && h.m.Awaits() {
		b.WakeAt = time.Time{} // the next start looks at once whether the other run has ended
	}
	if b.End == nil && (status != h.status || !b.WakeAt.Equal(h.wake)) && (status != journal.Running || h.status != journal.Running) {
		w.Update = &journal.Update{Status: status, WakeAt: b.WakeAt}
		if h.status == journal.Queued {
			w.Update.StartedAt, h.started = h.started, time.Time{}
		}
		h.status, h.wake = status, b.WakeAt
	}
	return w, nil
}

func statusOf(s run.State) journal.Status {
	switch s {
	case run.StateWaiting:
		return journal.Waiting
	case run.StateHeld:
		return journal.Held
	}
	return journal.Running
}

// end journals the last batch: the run's records become its history. The run has ended once that is on disk.
func (h *host) end(w journal.Write, r *run.Result) error {
	outcome, err := encodeOutcome(h.codec, r)
	if err != nil {
		return err
	}
	history, err := encodeHistory(h.recs)
	if err != nil {
		return err
	}
	w.Put, w.Delete = nil, nil
	w.End = &journal.End{Status: journal.Status(r.Status), At: r.At, StartedAt: h.started, Outcome: outcome, Summary: summary(r), History: history}
	if h.en.parent != "" {
		w.Wake = []string{h.en.parent}
	}
	return h.store(w)
}

// Call is part of run.Host: the call goes on in a goroutine of its own, which Engine.drain waits for through
// the run that waits for it.
func (h *host) Call(c run.Call) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(h.ctx))
	h.mu.Lock()
	h.cancels[c.Path] = cancel
	h.flying++
	h.mu.Unlock()
	go func() {
		o := h.e.call(ctx, h, c)
		cancel()
		h.mu.Lock()
		delete(h.cancels, c.Path)
		h.flying--
		h.outcomes = append(h.outcomes, o)
		h.mu.Unlock()
		h.wakeUp()
	}()
}

// Cancel is part of run.Host.
func (h *host) Cancel(path string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if cancel := h.cancels[path]; cancel != nil {
		cancel()
	}
}

func (h *host) wakeUp() {
	select {
	case h.bell <- struct{}{}:
	default:
	}
}

// Next is part of run.Host. When the engine stops, the run begins nothing more: outcomes of what is in flight
// are still taken in, and then it is left to the next start.
func (h *host) Next(until time.Time, block bool) (run.Event, error) {
	for {
		stopping := h.ctx.Err() != nil
		h.m.Halt = stopping
		ev, flying := h.poll()
		switch {
		case ev != nil:
			if stopping && looksAgain(ev) {
				continue
			}
			return ev, h.writes.failure()
		case !block:
			return nil, h.writes.failure()
		case flying == 0 && stopping:
			if err := h.writes.wait(h.ctx); err != nil {
				return nil, err
			}
			return nil, errStopping
		case !stopping && !until.IsZero() && !until.After(h.Now()):
			return nil, nil
		case flying > 0:
			if stopped := h.await(until); stopped {
				return nil, errStopping
			}
		default:
			// What it is restored from must be in the store before anyone restores it.
			if err := h.writes.wait(h.ctx); err != nil {
				return nil, err
			}
			if h.e.park(h.en, until) {
				return nil, run.ErrParked
			}
		}
	}
}

// looksAgain says whether an event only lets a step look at something at which it looks again after the next start.
func looksAgain(ev run.Event) bool {
	switch ev.(type) {
	case run.RunEnded, run.KeptChanged:
		return true
	}
	return false
}

// poll is the next event that has come, and how many calls are in flight.
func (h *host) poll() (run.Event, int) {
	evs := h.e.takeInbox(h.en)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.outcomes = append(h.outcomes, evs...)
	if len(h.outcomes) == 0 {
		return nil, h.flying
	}
	ev := h.outcomes[0]
	h.outcomes = h.outcomes[1:]
	return ev, h.flying
}

// abandon stops the calls in flight of a run that is left to the next start.
func (h *host) abandon() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, cancel := range h.cancels {
		cancel()
	}
}

// await waits for an outcome, a moment, or the end of the engine's patience with calls in flight.
func (h *host) await(until time.Time) (stopped bool) {
	var timeC <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(max(until.Sub(h.Now()), 0))
		defer timer.Stop()
		timeC = timer.C
	}
	select {
	case <-h.bell:
	case <-timeC:
	case <-h.ctx.Done():
		select {
		case <-h.bell:
		case <-h.e.patience:
			return true
		}
	}
	return false
}
