package engine

import (
	"container/heap"
	"context"
	"time"

	"currant/engine/journal"
)

// recover takes the unfinished runs of an earlier process into memory, in order of arrival. Only their heads
// are read: each is loaded when its turn comes.
func (e *Engine) recover(ctx context.Context) error {
	heads, err := e.store.Pending(ctx)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range heads {
		if e.entries[h.ID] != nil {
			continue // accepted since New
		}
		en := e.enter(h)
		if en.group != nil && en.group.holder != nil {
			e.line(en)
			continue
		}
		if en.group != nil {
			en.group.holder = en
		}
		if h.Status == journal.Waiting && !h.WakeAt.IsZero() {
			en.phase = parked
			en.wake = earlier(h.WakeAt, h.ExpiresAt)
			heap.Push(&e.wakes, en)
			continue
		}
		// Queued and running ones go on. So do held ones, to be held again or to find what they lacked,
		// and those that wait for another run, which may have ended meanwhile.
		e.line(en)
	}
	if len(heads) > 0 {
		e.log.Info("unfinished runs recovered", "runs", len(heads), "waiting", len(e.wakes))
	}
	e.nudge()
	return nil
}

func earlier(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

// timeNow is the wall clock without its monotonic reading, for moments that are stored.
func timeNow() time.Time { return time.Now().Round(0) }

// How often ended runs are pruned, and how many at a time, so that it never holds up the writer.
const (
	pruneEvery = 10 * time.Minute
	pruneBatch = 200
)

// prune deletes ended runs past their retention, in small steps, until ctx ends (promise D14).
func (e *Engine) prune(ctx context.Context) error {
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		for ctx.Err() == nil {
			n, err := e.store.Prune(ctx, timeNow(), pruneBatch)
			if err != nil {
				if ctx.Err() == nil {
					e.log.Warn("old runs could not be pruned; it is tried again", "error", err)
				}
				break
			}
			if n < pruneBatch {
				break
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
