package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"currant/engine/run"
)

// Progress is one thing that a run did, for people who follow it. It holds no value and so no secret. Its
// JSON is what the control socket sends.
type Progress struct {
	Run       string `json:"run"`
	Blueprint string `json:"blueprint"`
	Runbook   string `json:"runbook"`
	Path      string `json:"path,omitempty"`
	Step      string `json:"step,omitempty"`
	Kind      string `json:"kind,omitempty"`
	// Phase is begin, call, wait, retry, ok, skip, fail, held, turn (of a loop), log, or end (of the run).
	Phase   string     `json:"phase"`
	Status  string     `json:"status,omitempty"` // of the run, at its end
	Attempt int        `json:"attempt,omitempty"`
	At      time.Time  `json:"at"`
	Until   time.Time  `json:"until,omitzero"`
	Reason  string     `json:"reason,omitempty"`
	Error   *ViewError `json:"error,omitempty"`
}

func progressOf(en *entry, t run.Trace) Progress {
	return Progress{Run: en.id, Blueprint: en.blueprint, Runbook: en.runbook, Path: t.Path, Step: t.Step, Kind: t.Kind, Phase: t.Phase,
		Attempt: t.Attempt, At: t.At, Until: t.Until, Reason: t.Reason, Error: viewError(t.Err)}
}

// followers are told of progress, each in the goroutine of the run.
type followers struct {
	n    atomic.Int32
	mu   sync.RWMutex // guards list
	list map[int]func(Progress)
	next int
}

func (f *followers) any() bool { return f.n.Load() > 0 }

func (f *followers) tell(p Progress) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, follow := range f.list {
		follow(p)
	}
}

// Follow has f told of what all runs do from now on, until stop is called. f is called by many goroutines
// and must return quickly. A run that has begun to execute before Follow may tell of its end only.
func (e *Engine) Follow(f func(Progress)) (stop func()) {
	fs := &e.followers
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.list == nil {
		fs.list = map[int]func(Progress){}
	}
	id := fs.next
	fs.next++
	fs.list[id] = f
	fs.n.Add(1)
	return func() {
		fs.mu.Lock()
		defer fs.mu.Unlock()
		if _, ok := fs.list[id]; ok {
			delete(fs.list, id)
			fs.n.Add(-1)
		}
	}
}
