package watch

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/fsnotify/fsnotify"
)

// hints turns the operating system's events into wake-ups. Nothing in an event
// is believed but that something may have happened at a path.
type hints struct {
	open   func() (*fsnotify.Watcher, error)
	add    func(*fsnotify.Watcher, string) error
	ignore func(string) bool

	wake chan struct{} // of one; a wake-up means events since the last one

	fsw  *fsnotify.Watcher      // nil when events cannot be had
	held map[string]fs.FileInfo // the watched directories, as they were then
	pump sync.WaitGroup

	mu     sync.Mutex // guards what follows; the pump reads it for each event
	turns  map[string]bool
	real   string
	extra  map[string]bool // hidden directories that links of the tree lead to
	lost   bool            // the kernel's queue overflowed
	events uint64          // that mattered
}

// start opens the event source, replacing the one before.
func (h *hints) start() error {
	h.stop()
	fsw, err := h.open()
	if err != nil {
		return err
	}
	h.fsw, h.held = fsw, make(map[string]fs.FileInfo)
	h.pump.Go(func() { h.drain(fsw) })
	return nil
}

// stop closes the event source and waits for the pump. It may be called twice.
func (h *hints) stop() {
	if h.fsw == nil {
		return
	}
	_ = h.fsw.Close() // nothing is left to do when closing fails
	h.pump.Wait()
	h.fsw, h.held = nil, nil
}

// drain takes all events at once, so that the kernel's queue stays empty while
// the loop is busy. Errors must be taken too: fsnotify holds its lock while it
// offers one, and adding a watch would wait for that lock for ever.
func (h *hints) drain(fsw *fsnotify.Watcher) {
	for events, errs := fsw.Events, fsw.Errors; events != nil || errs != nil; {
		select {
		case ev, ok := <-events:
			if !ok {
				events = nil
			} else if h.matters(ev.Name) {
				h.poke()
			}
		case err, ok := <-errs:
			if !ok {
				errs = nil
				continue
			}
			// Other errors concern a watch that is gone; a look at the tree mends that.
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				h.mu.Lock()
				h.lost = true
				h.mu.Unlock()
			}
			h.poke()
		}
	}
}

func (h *hints) poke() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// matters reports whether something at name may be a change of content.
func (h *hints) matters(name string) bool {
	if name == "" {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	ok := h.turns[name] || h.extra[name] || h.extra[filepath.Dir(name)] || h.inside(name)
	if ok {
		h.events++
	}
	return ok
}

func (h *hints) inside(name string) bool {
	if name == h.real {
		return true
	}
	rel, ok := strings.CutPrefix(name, h.real+string(filepath.Separator))
	if !ok || h.real == "" {
		return false
	}
	rel = filepath.ToSlash(rel)
	if h.ignore != nil && h.ignore(rel) {
		return false
	}
	// Names with two dots are those of a ConfigMap. They matter before a link
	// through them leads anywhere; from then on they are turns.
	base := filepath.Base(name)
	return Relevant(rel) || strings.HasPrefix(base, "..") && !strings.HasSuffix(base, "_tmp")
}

// seen returns how many events mattered so far.
func (h *hints) seen() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.events
}

// overflowed reports, once, that events were lost.
func (h *hints) overflowed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	lost := h.lost
	h.lost = false
	return lost
}

// aim makes the watched directories those of the route and the listing, which
// is nil when there is no directory. It returns how many watches it placed: what
// happened there before was not noticed, so the caller looks again. The error
// tells that directories of the tree are not watched.
func (h *hints) aim(r route, l *listing) (placed int, err error) {
	need, extra := wanted(r, l)
	h.mu.Lock()
	h.turns, h.real, h.extra = r.turns, r.real, extra
	h.mu.Unlock()
	if h.fsw == nil {
		return 0, nil
	}
	live := make(map[string]bool, len(h.held))
	for _, p := range h.fsw.WatchList() {
		live[p] = true
	}
	for p := range h.held {
		if _, ok := need[p]; !ok {
			_ = h.fsw.Remove(p) // gone already is as good
			delete(h.held, p)
		}
	}
	for p, info := range need {
		was, ok := h.held[p]
		if ok && live[p] && os.SameFile(was, info) {
			continue
		}
		if ok || live[p] {
			// The watch stays with the directory that was here, wherever it went.
			_ = h.fsw.Remove(p)
			delete(h.held, p)
		}
		switch e := h.add(h.fsw, p); {
		case e == nil:
			h.held[p] = info
			placed++
		case errors.Is(e, fs.ErrNotExist):
			placed++ // went away meanwhile: look again
		case errors.Is(e, fs.ErrPermission) && r.holder(p):
			// Directories above may be closed to us. The loop compares what the
			// path leads to every second, which finds an exchange as well.
		default:
			err = errors.Join(err, &fs.PathError{Op: "watch", Path: p, Err: e})
			if errors.Is(e, errNoWatches) {
				return placed, err
			}
		}
	}
	return placed, err
}

// wanted returns the directories to watch by their resolved path, so that none
// is watched under two names, and those of them that are hidden in the tree but
// lead to content. What the tree's own links go by becomes a turn of r.
func wanted(r route, l *listing) (need map[string]fs.FileInfo, extra map[string]bool) {
	need, extra = make(map[string]fs.FileInfo), make(map[string]bool)
	put := func(p string) {
		if _, ok := need[p]; ok {
			return
		}
		info, err := os.Stat(p)
		if err != nil || !info.IsDir() {
			return
		}
		need[p] = info
		rel, err := filepath.Rel(r.real, p)
		if err == nil && filepath.IsLocal(rel) && !Relevant(filepath.ToSlash(rel)) {
			extra[p] = true
		}
	}
	for _, p := range r.holds {
		put(p)
	}
	if l == nil || r.real == "" {
		return need, extra
	}
	for _, d := range l.dirs {
		p := filepath.Join(r.real, filepath.FromSlash(d.rel))
		if !linked(l, d.rel) {
			need[p] = d.info
		} else if real, err := filepath.EvalSymlinks(p); err == nil {
			put(real)
		}
	}
	for _, rel := range l.links {
		way := follow(filepath.Join(r.real, filepath.FromSlash(rel)))
		for _, p := range way.holds {
			put(p)
		}
		maps.Copy(r.turns, way.turns)
	}
	return need, extra
}

// linked reports whether rel is reached through a link of the tree.
func linked(l *listing, rel string) bool {
	for _, link := range l.links {
		if rel == link || strings.HasPrefix(rel, link+"/") {
			return true
		}
	}
	return false
}

// holder reports whether p is watched for what it leads to only.
func (r route) holder(p string) bool {
	for _, h := range r.holds {
		if h == p {
			return p != r.real
		}
	}
	return false
}
