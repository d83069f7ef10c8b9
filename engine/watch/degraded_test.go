package watch

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// journal collects log lines.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) count(s string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.text.String(), s)
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// TestR3WithoutEvents takes away the events in the ways in which they go missing.
func TestR3WithoutEvents(t *testing.T) {
	t.Parallel()
	silent := func(*fsnotify.Watcher, string) error { return nil }
	for _, c := range []struct {
		name  string
		opt   Options
		cause string
	}{
		{"no event source", Options{open: func() (*fsnotify.Watcher, error) { return nil, syscall.EMFILE }}, "too many open files"},
		{"no watches left", Options{add: func(*fsnotify.Watcher, string) error { return syscall.ENOSPC }}, "no space left"},
		{"no watches for some", Options{add: func(w *fsnotify.Watcher, p string) error {
			if strings.HasSuffix(p, "ui") {
				return syscall.ENOSPC
			}
			return w.Add(p)
		}}, "no space left"},
		{"events do not come", Options{add: silent, Rescan: 50 * time.Millisecond}, "without an event"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := plain(t, t.TempDir())
			var log journal
			c.opt.Log, c.opt.Poll = log.logger(), 20*time.Millisecond
			r := start(t, dir, c.opt)
			for n := 1; n <= 5; n++ {
				write(t, filepath.Join(dir, "ui", "config.html"), runbook(n))
				r.next(fmt.Sprintf("round %d", n))
			}
			r.none()
			if log.count("degraded") != 1 || log.count(c.cause) != 1 {
				t.Errorf("want degradation said once with %q:\n%s", c.cause, log.text.String())
			}
		})
	}
}

// TestR3Overflow reports a full queue, as the kernel does, and then wants events
// to work and the log to say so.
func TestR3Overflow(t *testing.T) {
	t.Parallel()
	dir := plain(t, t.TempDir())
	var log journal
	sources := make(chan *fsnotify.Watcher, 10)
	r := start(t, dir, Options{Log: log.logger(), Poll: 20 * time.Millisecond, Rescan: 100 * time.Millisecond,
		open: func() (*fsnotify.Watcher, error) {
			w, err := fsnotify.NewWatcher()
			sources <- w
			return w, err
		}})
	(<-sources).Errors <- fsnotify.ErrEventOverflow
	<-sources // replaced, as its idea of what is watched may be wrong
	write(t, filepath.Join(dir, "main.hcl"), runbook(1))
	r.next("after the overflow")
	<-sources // replaced to be whole again
	for n := 2; log.count("whole again") == 0; n++ {
		write(t, filepath.Join(dir, "main.hcl"), runbook(n))
		r.next("recovering")
	}
	r.none()
	if log.count("degraded") != 1 || log.count("overflowed") < 1 {
		t.Errorf("want the overflow said once:\n%s", log.text.String())
	}
}

// TestR3EventStorm writes more events than the kernel's queue holds (16,384)
// while the caller is busy, and wants the last content reported.
func TestR3EventStorm(t *testing.T) {
	dir := plain(t, t.TempDir())
	known, err := Scan(dir)
	must(t, err)
	busy, free := make(chan struct{}), make(chan struct{})
	reports := make(chan Digest, 100)
	var once sync.Once
	r := startFunc(t, dir, Options{Known: known}, func(d Digest) {
		once.Do(func() { close(busy); <-free })
		reports <- d
	})
	write(t, filepath.Join(dir, "main.hcl"), runbook(1))
	<-busy
	a, err := os.OpenFile(filepath.Join(dir, "a.hcl"), os.O_CREATE|os.O_WRONLY, 0o644)
	must(t, err)
	b, err := os.OpenFile(filepath.Join(dir, "b.hcl"), os.O_CREATE|os.O_WRONLY, 0o644)
	must(t, err)
	for n := range repeats(10_000, 50_000) {
		_, err1 := a.WriteAt(fmt.Append(nil, n), 0)
		_, err2 := b.WriteAt(fmt.Append(nil, n), 0)
		must(t, err1, err2)
	}
	must(t, a.Close(), b.Close())
	close(free)
	want, err := Scan(dir)
	must(t, err)
	for deadline := time.After(seenWithin); ; {
		select {
		case d := <-reports:
			if d == want {
				r()
				return
			}
		case <-deadline:
			t.Fatal("the last content was not seen")
		}
	}
}

// TestR3ErrorsDoNotBlock floods the error channel while watches are placed:
// fsnotify holds its lock while it offers an error.
func TestR3ErrorsDoNotBlock(t *testing.T) {
	t.Parallel()
	dir := plain(t, t.TempDir())
	r := start(t, dir, Options{add: func(w *fsnotify.Watcher, p string) error {
		w.Errors <- errors.New("watch is gone")
		return w.Add(p)
	}})
	write(t, filepath.Join(dir, "main.hcl"), runbook(1))
	r.next("with errors")
	r.none()
}
