package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"currant/engine/journal"
)

// writes is what one run has still to store. At most one write of it is on its way: what comes meanwhile is
// put together, so that the run's records never have a hole, and a full disk is waited for (promise D5).
type writes struct {
	store  submitter
	mu     sync.Mutex // guards what follows
	flying *journal.Write
	next   *journal.Write
	failed error
	done   chan struct{} // closed when nothing is on its way any more; nil when nothing is
	retry  *time.Timer
	pause  time.Duration // before a write that found no room is tried again
}

// submitter is what a journal.Store does for writes.
type submitter interface {
	Submit(w journal.Write, done func(error))
}

// fullPause is how long a write waits for room before it is tried again.
const fullPause = time.Second

// mostMerged bounds what waits in memory behind a write: beyond it the run waits too.
const mostMerged = 2000

// submit stores a write after those before it, without waiting.
// crowded says that much waits behind another write.
func (ws *writes) submit(w journal.Write) (crowded bool, err error) {
	ws.mu.Lock()
	switch {
	case ws.failed != nil:
		err = ws.failed
	case ws.flying == nil:
		ws.flying, ws.done = &w, make(chan struct{})
		ws.mu.Unlock()
		// Not under the lock: a closed store answers at once. Nobody else sends while something is flying.
		ws.store.Submit(w, ws.stored)
		return false, nil
	case ws.next == nil:
		ws.next = &w
	default:
		merge(ws.next, &w)
	}
	crowded = ws.next != nil && len(ws.next.Put)+len(ws.next.Logs)+len(ws.next.Delete) > mostMerged
	ws.mu.Unlock()
	return crowded, err
}

// stored takes in how a write went, on the goroutine of the store.
func (ws *writes) stored(err error) {
	if w := ws.after(err); w != nil {
		ws.store.Submit(*w, ws.stored)
	}
}

// after is what is to be sent next.
func (ws *writes) after(err error) *journal.Write {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	switch {
	case errors.Is(err, journal.ErrFull):
		ws.retry = time.AfterFunc(ws.pause, ws.again)
		return nil
	case err != nil:
		ws.failed, ws.next = err, nil
	}
	ws.flying, ws.next = ws.next, nil
	if ws.flying == nil {
		close(ws.done)
		ws.done = nil
	}
	return ws.flying
}

// again sends what found no room.
func (ws *writes) again() {
	ws.mu.Lock()
	w := ws.flying
	if ws.next != nil {
		merge(w, ws.next)
		ws.next = nil
	}
	ws.retry = nil
	ws.mu.Unlock()
	ws.store.Submit(*w, ws.stored)
}

// failure is why a write failed, or nil.
func (ws *writes) failure() error {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.failed
}

// wait returns when all that was submitted is on disk, or says why it is not. Once ctx has ended it waits no
// longer for a full disk.
func (ws *writes) wait(ctx context.Context) error {
	for {
		ws.mu.Lock()
		done, failed := ws.done, ws.failed
		ws.mu.Unlock()
		if failed != nil || done == nil {
			return failed
		}
		select {
		case <-done:
			continue
		case <-ctx.Done():
		}
		if ws.giveUp() {
			return errStopping
		}
		select {
		case <-done:
		case <-time.After(ws.pause / 10):
		}
	}
}

// giveUp drops what waits for room; false where nothing does.
func (ws *writes) giveUp() bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.retry == nil || !ws.retry.Stop() {
		return false // it is being sent again just now
	}
	ws.failed, ws.flying, ws.next, ws.retry = errStopping, nil, nil, nil
	close(ws.done)
	ws.done = nil
	return true
}

// merge makes one write of two: into comes first.
func merge(into, w *journal.Write) {
	if len(w.Delete) > 0 {
		into.Put = slices.DeleteFunc(into.Put, func(r journal.Record) bool { return named(w.Delete, r.Path) })
		into.Delete = append(into.Delete, w.Delete...)
	}
	for _, put := range w.Put {
		if i := slices.IndexFunc(into.Put, func(r journal.Record) bool { return r.Path == put.Path }); i >= 0 {
			into.Put[i] = put
		} else {
			into.Put = append(into.Put, put)
		}
	}
	into.Logs = append(into.Logs, w.Logs...)
	if w.Update != nil {
		u := *w.Update
		if u.StartedAt.IsZero() && into.Update != nil {
			u.StartedAt = into.Update.StartedAt
		}
		into.Update = &u
	}
	into.End = w.End
	into.Wake = append(into.Wake, w.Wake...)
}

// named says whether a pattern of a batch names a path.
func named(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, wild := strings.CutSuffix(p, "*")
		return path == p || wild && strings.HasPrefix(path, prefix)
	})
}
