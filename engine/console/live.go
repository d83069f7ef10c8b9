package console

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"currant/engine"
	"currant/engine/journal"
)

// hub tells those who follow a run that it has moved. It follows the engine from the beginning: a run tells of
// its steps only if someone followed when it began to execute.
type hub struct {
	stop func()
	mu   sync.RWMutex                      // guards list
	list map[string]map[chan struct{}]bool // by run
	n    int
}

func newHub(e *engine.Engine) *hub {
	h := &hub{list: map[string]map[chan struct{}]bool{}}
	h.stop = e.Follow(func(p engine.Progress) {
		h.mu.RLock()
		defer h.mu.RUnlock()
		for bell := range h.list[p.Run] {
			wake(bell)
		}
	})
	return h
}

func wake(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default: // it rings already
	}
}

func (h *hub) close() { h.stop() }

// maxStreams is how many pages may follow runs at once.
const maxStreams = 64

// follow gives a bell that rings when the run moves, until leave is called; nil: too many follow.
func (h *hub) follow(run string) (bell chan struct{}, leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.n >= maxStreams {
		return nil, nil
	}
	h.n++
	bell = make(chan struct{}, 1)
	if h.list[run] == nil {
		h.list[run] = map[chan struct{}]bool{}
	}
	h.list[run][bell] = true
	return bell, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.n--
		if delete(h.list[run], bell); len(h.list[run]) == 0 {
			delete(h.list, run)
		}
	}
}

const (
	calm      = 300 * time.Millisecond // between two events of a stream
	lookEvery = time.Second            // at the store: a run may move without a word
	heartbeat = 15 * time.Second
)

// streamRun tells with an event (SSE) that a run has moved; the page then asks for its part that changes. The
// last event is "end".
func (c *Console) streamRun(w http.ResponseWriter, r *http.Request) error {
	stored, err := c.o.Engine.Store().Run(r.Context(), r.PathValue("id"))
	if err != nil {
		return ofRun(err)
	}
	if r.Method == http.MethodHead {
		return nil
	}
	bell, leave := c.hub.follow(stored.ID)
	if bell == nil {
		return refusef(http.StatusServiceUnavailable, "Too many pages follow runs already.")
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	say := func(text string) error {
		if err := out.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
			return err
		}
		if _, err := fmt.Fprint(w, text); err != nil {
			return err
		}
		return out.Flush()
	}
	if say("retry: 2000\n\nevent: change\ndata: \n\n") == nil {
		c.stream(r, stored, bell, say)
	}
	return nil // whoever left needs no more
}

func (c *Console) stream(r *http.Request, was journal.Run, bell chan struct{}, say func(string) error) {
	ctx := r.Context()
	look, beat := time.NewTicker(lookEvery), time.NewTicker(heartbeat)
	defer look.Stop()
	defer beat.Stop()
	dirty := false // it has moved since the last look: what is told before it is stored is told again
	for {
		text := "event: change\ndata: \n\n"
		now, err := c.o.Engine.Store().Run(ctx, was.ID)
		switch {
		case err != nil:
			return
		case now.Status.Ended():
			_ = say("event: end\ndata: \n\n")
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-bell:
			dirty = true
		case <-beat.C:
			text = ": still there\n\n"
		case <-look.C:
			if c.sessionOf(r) == nil {
				return // logged out, or too old
			}
			if !dirty && now.Status == was.Status && now.WakeAt.Equal(was.WakeAt) {
				continue
			}
			dirty = false
		}
		was = now
		if say(text) != nil || !pause(ctx, calm) {
			return
		}
	}
}

// pause waits; false: ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
