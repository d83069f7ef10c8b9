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
	wake   time.Time
	failed error // of a write that was not waited for

	mu       sync.Mutex // guards what follows
	outcomes []run.Event
	cancels  map[string]context.CancelFunc
	flying   int
	bell     chan struct{}
}

// errStopping ends a drive when the engine stops: the run goes on at the next start.
var errStopping = errors.New("engine: stopping")

func newHost(e *Engine, en *entry) *host {
	return &host{e: e, en: en, recs: map[string][]byte{}, cancels: map[string]context.CancelFunc{}, bell: make(chan struct{}, 1),
		codec: &run.Codec{Sealer: e.vault, Run: en.id}}
}

// Now is part of run.Host: the wall clock without its monotonic reading, for moments are stored.
func (h *host) Now() time.Time { return time.Now().Round(0) }

// Commit is part of run.Host.
func (h *host) Commit(b run.Batch) error {
	if err := h.lastFailure(); err != nil {
		return err
	}
	w, err := h.write(b)
	if err != nil {
		return err
	}
	if b.End != nil {
		return h.end(w, b.End)
	}
	if b.Barrier {
		return h.e.store.Commit(context.WithoutCancel(h.ctx), w)
	}
	h.e.store.Submit(w, h.remember)
	return nil
}

// remember keeps the failure of a write that nobody waited for; the next Commit reports it.
func (h *host) remember(err error) {
	if err == nil {
		return
	}
	h.mu.Lock()
	h.failed = err
	h.mu.Unlock()
}

func (h *host) lastFailure() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failed
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
	done := make(chan error, 1)
	h.e.store.Submit(w, func(err error) { done <- err })
	return <-done
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
		v, err := h.e.call(ctx, h, c)
		cancel()
		h.mu.Lock()
		delete(h.cancels, c.Path)
		h.flying--
		h.outcomes = append(h.outcomes, run.Outcome{Path: c.Path, Value: v, Err: err})
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

// Next is part of run.Host.
func (h *host) Next(until time.Time, block bool) (run.Event, error) {
	for {
		ev, flying := h.poll()
		if ev != nil || !block {
			return ev, h.lastFailure()
		}
		if flying == 0 {
			if !until.IsZero() && !until.After(h.Now()) {
				return nil, nil
			}
			if h.e.park(h.en, until) {
				return nil, run.ErrParked
			}
			continue
		}
		if stopped := h.await(until); stopped {
			return nil, errStopping
		}
		if !until.IsZero() && !until.After(h.Now()) {
			return nil, nil
		}
	}
}

// poll is the next event that has come, and how many calls are in flight.
func (h *host) poll() (run.Event, int) {
	for _, ev := range h.e.takeInbox(h.en) {
		h.mu.Lock()
		h.outcomes = append(h.outcomes, ev)
		h.mu.Unlock()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.outcomes) == 0 {
		return nil, h.flying
	}
	ev := h.outcomes[0]
	h.outcomes = h.outcomes[1:]
	return ev, h.flying
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
		patience := time.NewTimer(drainTime)
		defer patience.Stop()
		select {
		case <-h.bell:
		case <-patience.C:
			return true
		}
	}
	return false
}
