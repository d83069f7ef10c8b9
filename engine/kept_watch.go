package engine

import (
	"strings"
	"sync"
	"time"

	"currant/engine/run"
)

// keptPause is how long after a change of what is kept the runs are told that wait for it. One delivery changes
// several values, and whatever changes them again and again wakes nobody more often.
const keptPause = 100 * time.Millisecond

// keptWatch tells runs that wait for kept values (steps.Park) that some were changed. It is told of no change that
// an earlier process made: what waits looks again by itself, too.
type keptWatch struct {
	deliver func(run string, ev run.Event) bool

	mu      sync.Mutex
	waiting map[string]map[string]bool // runs, by prefix
	of      map[string][]string        // prefixes, by run
	due     map[string]bool            // prefixes that changed, until those who wait are told
	// recent are the keys that changed last, in a ring; n counts all of them. A change between a step's look and
	// its answer that it waits is found there.
	recent [1024]string
	n      uint64
}

func newKeptWatch(deliver func(string, run.Event) bool) keptWatch {
	return keptWatch{deliver: deliver, waiting: map[string]map[string]bool{}, of: map[string][]string{}, due: map[string]bool{}}
}

// now is how many changes there were.
func (w *keptWatch) now() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

// add lets a run be told of the next change of values whose keys begin with a prefix, which ends with "/", and of
// one since then.
func (w *keptWatch) add(id, prefix string, since uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting[prefix] == nil {
		w.waiting[prefix] = map[string]bool{}
	}
	if !w.waiting[prefix][id] {
		w.waiting[prefix][id] = true
		w.of[id] = append(w.of[id], prefix)
	}
	if w.n-since > uint64(len(w.recent)) {
		w.tell(prefix) // it may have been among those that are not known any more
		return
	}
	for i := since; i < w.n; i++ {
		if strings.HasPrefix(w.recent[i%uint64(len(w.recent))], prefix) {
			w.tell(prefix)
			return
		}
	}
}

// changed notes that a kept value was changed.
func (w *keptWatch) changed(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.recent[w.n%uint64(len(w.recent))] = key
	w.n++
	for i := range len(key) {
		if key[i] == '/' && w.waiting[key[:i+1]] != nil {
			w.tell(key[:i+1])
		}
	}
}

// tell lets all who wait for a prefix be told in a moment. w.mu is held.
func (w *keptWatch) tell(prefix string) {
	if len(w.due) == 0 {
		time.AfterFunc(keptPause, w.fire)
	}
	w.due[prefix] = true
}

// fire tells them, each once.
func (w *keptWatch) fire() {
	w.mu.Lock()
	told := map[string][]string{}
	for prefix := range w.due {
		for id := range w.waiting[prefix] {
			told[prefix] = append(told[prefix], id)
			w.leave(id, prefix)
		}
	}
	clear(w.due)
	w.mu.Unlock()
	for prefix, ids := range told {
		for _, id := range ids {
			w.deliver(id, run.KeptChanged{Prefix: prefix})
		}
	}
}

// leave forgets that a run waits for a prefix. w.mu is held.
func (w *keptWatch) leave(id, prefix string) {
	if delete(w.waiting[prefix], id); len(w.waiting[prefix]) == 0 {
		delete(w.waiting, prefix)
	}
	left := w.of[id][:0]
	for _, p := range w.of[id] {
		if p != prefix {
			left = append(left, p)
		}
	}
	if w.of[id] = left; len(left) == 0 {
		delete(w.of, id)
	}
}

// forget forgets a run that has ended.
func (w *keptWatch) forget(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, prefix := range append([]string(nil), w.of[id]...) {
		w.leave(id, prefix)
	}
}
