package engine

import (
	"cmp"
	"container/heap"
	"context"
	"maps"
	"slices"
	"time"

	"currant/engine/journal"
	"currant/engine/run"
)

// recover takes the unfinished runs of an earlier process into memory, in order of arrival. Only their heads
// are read: each is loaded when its turn comes. Runs accepted since New are lined up with them.
func (e *Engine) recover(ctx context.Context) error {
	heads, err := e.store.Pending(ctx)
	if err != nil {
		return err
	}
	orphans, err := e.orphans(ctx, heads)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	early := e.entries
	e.entries, e.groups = make(map[string]*entry, len(heads)), map[string]*group{}
	e.ready, e.wakes, e.queued = queue{}, nil, 0
	entries := make([]*entry, len(heads))
	for i, h := range heads {
		en := early[h.ID]
		if en == nil {
			en = newEntry(h)
		}
		delete(early, h.ID)
		e.enter(en, h.Group)
		// Who had its group's turn keeps it, also before one that came earlier and was retried since.
		if g := en.group; g != nil && g.holder == nil && h.Status != journal.Queued {
			g.holder = en
		}
		entries[i] = en
	}
	for i, h := range heads {
		en := entries[i]
		if p := e.entries[h.Parent]; p != nil {
			p.children = true
		}
		if orphans[h.ID] {
			en.inbox = append(en.inbox, run.Cancelled{Reason: orphaned})
		}
		if len(en.inbox) > 0 || !sleeps(h) || en.group != nil && en.group.holder != en {
			// Queued and running ones go on. So do held ones, to be held again or to find what they lacked,
			// and those that wait for another run, which may have ended meanwhile.
			e.line(en)
			continue
		}
		en.wake = h.WakeAt
		heap.Push(&e.wakes, en)
	}
	late := slices.SortedFunc(maps.Values(early), func(a, b *entry) int { return cmp.Compare(a.seq, b.seq) })
	for _, en := range late {
		key := ""
		if en.group != nil {
			key = en.group.key
		}
		e.enter(en, key)
		e.line(en)
	}
	if len(heads) > 0 {
		e.log.Info("unfinished runs recovered", "runs", len(heads), "waiting", len(e.wakes))
	}
	e.nudge()
	return nil
}

// orphans are the runs whose caller ended in the moment before the process did, and which nobody waits for.
func (e *Engine) orphans(ctx context.Context, heads []journal.Head) (map[string]bool, error) {
	known := make(map[string]bool, len(heads))
	for _, h := range heads {
		known[h.ID] = true
	}
	out := map[string]bool{}
	for _, h := range heads {
		if h.Parent == "" || known[h.Parent] {
			continue
		}
		r, err := e.store.Run(ctx, h.ID)
		if err != nil {
			return nil, err
		}
		if r.Attempt == 1 { // else a person wanted it for itself
			out[h.ID] = true
		}
	}
	return out, nil
}

// orphaned is why a run is cancelled whose caller has ended.
const orphaned = "the calling run has ended"

// sleeps says whether only a moment wakes a run, and no other run that may have ended meanwhile.
func sleeps(h journal.Head) bool { return h.Status == journal.Waiting && !h.WakeAt.IsZero() }

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
