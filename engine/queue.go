package engine

import (
	"container/heap"
	"context"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/journal"
	"currant/engine/run"
)

// entry is what memory holds of an unfinished run that is not being executed.
type entry struct {
	seq       int64
	id        string
	blueprint string
	runbook   string
	version   string
	group     *group
	phase     phase
	wake      time.Time
	expires   time.Time
	at        int         // place in the heap, or -1
	inbox     []run.Event // events for the machine
	host      *host       // while it is being executed
	parent    string
	children  bool // it has started runs that it may wait for
	// rb and event spare a fresh run the way through the store.
	rb      *compile.Runbook
	event   cty.Value
	context string
}

type phase uint8

const (
	parked   phase = iota // waiting for time or an event, or not in line yet
	blocked               // another run of its group goes first
	runnable              // in the ready queue
	active                // being executed
)

// group is the runs of a concurrency group: the first goes, the others queue in order of arrival.
type group struct {
	key     string
	holder  *entry
	waiting []*entry
}

// queue is a first-in-first-out list of entries.
type queue struct {
	items []*entry
	head  int
}

func (q *queue) push(en *entry) { q.items = append(q.items, en) }

func (q *queue) pop() *entry {
	if q.head == len(q.items) {
		return nil
	}
	en := q.items[q.head]
	q.items[q.head] = nil
	q.head++
	if q.head > 1024 && q.head*2 > len(q.items) {
		q.items = append([]*entry(nil), q.items[q.head:]...)
		q.head = 0
	}
	return en
}

// wakeHeap orders parked runs by the moment at which they go on.
type wakeHeap []*entry

func (h wakeHeap) Len() int           { return len(h) }
func (h wakeHeap) Less(i, j int) bool { return h[i].wake.Before(h[j].wake) }
func (h wakeHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i]; h[i].at, h[j].at = i, j }

// Push is part of heap.Interface.
func (h *wakeHeap) Push(x any) { en := x.(*entry); en.at = len(*h); *h = append(*h, en) }

// Pop is part of heap.Interface.
func (h *wakeHeap) Pop() any {
	old := *h
	en := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	en.at = -1
	return en
}

func (e *Engine) full() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.queued >= e.o.MaxQueued
}

// admit takes a stored run into its group's queue.
func (e *Engine) admit(r *journal.Run, rb *compile.Runbook, event cty.Value) {
	e.mu.Lock()
	if e.entries[r.ID] != nil {
		e.mu.Unlock()
		return // recover has found it in the store already
	}
	en := newEntry(headOf(r))
	e.enter(en, r.Group)
	if e.queued < 1000 {
		en.rb, en.event, en.context = rb, event, r.Context
	}
	e.line(en)
	e.mu.Unlock()
	e.nudge()
}

func headOf(r *journal.Run) journal.Head {
	return journal.Head{Seq: r.Seq, ID: r.ID, Blueprint: r.Blueprint, Runbook: r.Runbook, Version: r.Version, Group: r.Group,
		Status: r.Status, ExpiresAt: r.ExpiresAt, Parent: r.Parent}
}

func newEntry(h journal.Head) *entry {
	return &entry{seq: h.Seq, id: h.ID, blueprint: h.Blueprint, runbook: h.Runbook, version: h.Version, expires: h.ExpiresAt,
		at: -1, parent: h.Parent, event: cty.NilVal}
}

// enter takes an entry into memory and finds its group.
func (e *Engine) enter(en *entry, key string) {
	e.entries[en.id] = en
	en.phase, en.group = parked, nil
	if key == "" {
		return
	}
	g := e.groups[key]
	if g == nil {
		g = &group{key: key}
		e.groups[key] = g
	}
	en.group = g
}

// move changes how an entry stands, and counts those that wait for their turn.
func (e *Engine) move(en *entry, p phase) {
	if en.phase == blocked || en.phase == runnable {
		e.queued--
	}
	if p == blocked || p == runnable {
		e.queued++
	}
	en.phase = p
}

// wait puts a run behind those of its group that came before it.
func (g *group) wait(en *entry) {
	at := len(g.waiting)
	for at > 0 && g.waiting[at-1].seq > en.seq {
		at--
	}
	g.waiting = slices.Insert(g.waiting, at, en)
}

// makeReady lets a run be executed when a worker is free.
func (e *Engine) makeReady(en *entry) {
	e.move(en, runnable)
	e.ready.push(en)
}

// line puts a run into the ready queue, or behind the others of its group.
func (e *Engine) line(en *entry) {
	if g := en.group; g != nil && g.holder != en {
		if g.holder != nil {
			e.move(en, blocked)
			g.wait(en)
			return
		}
		g.holder = en
	}
	e.makeReady(en)
}

// leave takes an ended run out, and lets the next of its group go.
func (e *Engine) leave(en *entry) {
	if e.entries[en.id] == en { // and not already another attempt
		delete(e.entries, en.id)
	}
	e.move(en, parked)
	g := en.group
	if g == nil || g.holder != en {
		return
	}
	g.holder = nil
	if len(g.waiting) == 0 {
		delete(e.groups, g.key)
		return
	}
	next := g.waiting[0]
	g.waiting[0] = nil
	g.waiting = g.waiting[1:]
	e.line(next)
}

// nudge tells the dispatcher to look again.
func (e *Engine) nudge() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}

// longestSleep bounds the dispatcher's sleep, so that a jump of the wall clock is seen (promise D9).
const longestSleep = 30 * time.Second

// dispatch starts runs that are ready and wakes those whose time has come, until ctx ends.
func (e *Engine) dispatch(ctx context.Context) error {
	timer := time.NewTimer(longestSleep)
	defer timer.Stop()
	for {
		sleep := e.turn(ctx)
		timer.Reset(sleep)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.kick:
		case <-timer.C:
		}
	}
}

// turn starts what can start and tells how long nothing else will.
func (e *Engine) turn(ctx context.Context) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now().Round(0)
	for len(e.wakes) > 0 && !e.wakes[0].wake.After(now) {
		e.makeReady(heap.Pop(&e.wakes).(*entry))
	}
	for e.active < e.o.Workers {
		en := e.take(ctx)
		if en == nil {
			break
		}
		e.active++
		go e.work(ctx, en)
	}
	if len(e.wakes) > 0 {
		return max(min(time.Until(e.wakes[0].wake), longestSleep), 0)
	}
	return longestSleep
}

// take is the next run that is to be executed, or nil.
func (e *Engine) take(ctx context.Context) *entry {
	if ctx.Err() != nil {
		return nil
	}
	en := e.ready.pop()
	if en != nil {
		e.move(en, active)
		en.host = newHost(e, en)
	}
	return en
}

// work executes a run, and then others that are ready: a goroutine whose stack has grown is worth keeping.
func (e *Engine) work(ctx context.Context, en *entry) {
	for en != nil {
		e.execute(ctx, en)
		e.mu.Lock()
		if en = e.take(ctx); en == nil {
			e.active--
			e.idle.Broadcast()
		}
		e.mu.Unlock()
	}
	e.nudge()
}

// park takes a run that only waits out of memory, unless an event has come meanwhile.
func (e *Engine) park(en *entry, until time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(en.inbox) > 0 {
		return false
	}
	e.move(en, parked)
	en.wake, en.host = until, nil
	if !until.IsZero() {
		heap.Push(&e.wakes, en)
	}
	return true
}

// deliver hands an event to a run: at once to one being executed, else by letting it run.
func (e *Engine) deliver(id string, ev run.Event) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	en := e.entries[id]
	if en == nil {
		return false
	}
	en.inbox = append(en.inbox, ev)
	switch en.phase {
	case active:
		en.host.wakeUp()
	case parked:
		if en.at >= 0 {
			heap.Remove(&e.wakes, en.at)
		}
		e.makeReady(en)
		e.nudge()
	case blocked:
		if _, ok := ev.(run.Cancelled); ok {
			e.unblock(en)
			e.nudge()
		}
	}
	return true
}

// unblock takes a run out of its group's queue, to end it.
func (e *Engine) unblock(en *entry) {
	g := en.group
	for i, other := range g.waiting {
		if other == en {
			g.waiting = slices.Delete(g.waiting, i, i+1)
			break
		}
	}
	e.makeReady(en)
}

// takeInbox hands over the events that have come for a run.
func (e *Engine) takeInbox(en *entry) []run.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	evs := en.inbox
	en.inbox = nil
	return evs
}
