package watch

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// startFunc runs a watcher with a function of the test's own and returns what
// stops it.
func startFunc(t testing.TB, dir string, o Options, changed func(Digest)) func() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- New(dir, o).Run(ctx, changed) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// descriptors counts open files of this process.
func descriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("descriptors cannot be counted here")
	}
	return len(entries)
}

// TestR6StartStop starts and stops many watchers, each at work when it is stopped.
func TestR6StartStop(t *testing.T) {
	dir := plain(t, t.TempDir())
	run := func() {
		seen := make(chan Digest, 1)
		// Known is wrong, so that there is a report as soon as it runs.
		stop := startFunc(t, dir, Options{Known: Digest{1}, Debounce: time.Millisecond}, func(d Digest) { seen <- d })
		<-seen
		stop()
	}
	run()
	fds, routines := descriptors(t), runtime.NumGoroutine()
	var group sync.WaitGroup // closing inotify waits for the kernel: let that overlap
	for range 10 {
		group.Go(func() {
			for range 30 {
				run()
			}
		})
	}
	group.Wait()
	if now := descriptors(t); now > fds {
		t.Errorf("%d descriptors before, %d after", fds, now)
	}
	if now := settledGoroutines(routines); now > routines {
		t.Errorf("%d goroutines before, %d after", routines, now)
	}
}

// settledGoroutines counts goroutines once no more than most are left, or after two seconds: one that has
// done its work may not be gone at once.
func settledGoroutines(most int) int {
	give := time.After(2 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		now := runtime.NumGoroutine()
		if now <= most {
			return now
		}
		select {
		case <-give:
			return now
		case <-tick.C:
		}
	}
}

// TestR6Reloads has one watcher see many changes, with directories that come
// and go, and compares what it holds.
func TestR6Reloads(t *testing.T) {
	base := t.TempDir()
	configMap(t, base, 0)
	dir := filepath.Join(base, "bp")
	r := start(t, dir, Options{Debounce: time.Millisecond})
	round := func(n int) {
		configMap(t, base, n)
		want, err := Scan(dir)
		must(t, err)
		// At this pace a moment of the exchange may be reported as well.
		for deadline := time.After(seenWithin); ; {
			select {
			case d := <-r.reports:
				if d == want {
					return
				}
			case <-deadline:
				t.Fatalf("round %d was not seen", n)
			}
		}
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	n := 1
	for ; n <= 20; n++ {
		round(n)
	}
	fds, routines, bytes := descriptors(t), runtime.NumGoroutine(), heap()
	for last := n + repeats(60, 10_000); n < last; n++ {
		round(n)
	}
	if now := descriptors(t); now > fds {
		t.Errorf("%d descriptors before, %d after", fds, now)
	}
	if now := settledGoroutines(routines); now > routines {
		t.Errorf("%d goroutines before, %d after", routines, now)
	}
	if now := heap(); now > bytes+bytes/20+64<<10 {
		t.Errorf("%d bytes of heap before, %d after", bytes, now)
	}
}
