package engine_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"currant/engine"
	"currant/engine/journal"
)

// TestWaiting10000 keeps 10,000 runs waiting, 100,000 in a long run: they cost no goroutine and little memory,
// are known again soon after a restart, and those that are due meanwhile go on, each once.
func TestWaiting10000(t *testing.T) {
	n := 10_000
	switch {
	case raced:
		n = 1000
	case long:
		n = 100_000
	}
	w := newWorld(t)
	w.o.MaxQueued = 2 * n
	w.open()
	w.load(`runbook "sleepy" {
  trigger "manual" {
    input_schema = object({ until = string })
  }
  step "wait" "w" { until = trigger.input.until }
  step "compute" "c" { n = 1 }
}`)
	w.run()
	before, goroutines := memory(), runtime.NumGoroutine()
	begun := time.Now()
	startMany(t, w, n, "2100-01-01T00:00:00Z")
	waiting := func() int { return len(w.list(journal.Filter{Runbook: "sleepy", Status: journal.Waiting})) }
	until(t, "all runs wait", func() bool {
		for _, status := range []journal.Status{journal.Queued, journal.Running} {
			if len(w.list(journal.Filter{Status: status, Limit: 1})) > 0 {
				return false
			}
		}
		return true
	})
	t.Logf("%d runs accepted and parked in %s", n, time.Since(begun))
	each := (memory() - before) / int64(n)
	t.Logf("%d bytes per waiting run; %d goroutines before, %d with all waiting", each, goroutines, runtime.NumGoroutine())
	if grown := runtime.NumGoroutine() - goroutines; grown > 20 {
		t.Errorf("%d goroutines more", grown)
	}
	if each > 2048 && !raced {
		t.Errorf("%d bytes per waiting run", each)
	}

	due := time.Now().Add(3 * time.Second).Truncate(time.Second)
	startMany(t, w, 500, due.UTC().Format(time.RFC3339))
	w.stop()
	begun = time.Now()
	w.open()
	w.run()
	took := time.Since(begun)
	t.Logf("restart to ready with %d waiting runs: %s", n, took)
	if took > 2*time.Second {
		t.Errorf("not ready within 2 s but in %s", took)
	}
	until(t, "those that are due end", func() bool {
		return len(w.list(journal.Filter{Status: journal.Finished})) == 500
	})
	late := time.Duration(0)
	for _, r := range w.list(journal.Filter{Status: journal.Finished}) {
		if r.EndedAt.Before(due) {
			t.Fatalf("a run ended %s before it was due", due.Sub(r.EndedAt))
		}
		late = max(late, r.EndedAt.Sub(due))
	}
	if left := waiting(); left != n {
		t.Errorf("%d runs wait on, want %d", left, n)
	}
	t.Logf("the last of 500 runs that were due at once ended %s after", late)
}

// startMany starts runs from 64 callers at once.
func startMany(t testing.TB, w *world, n int, until string) {
	t.Helper()
	rb := w.runbook("sleepy")
	v, err := engine.Input(rb, object("until", until))
	if err != nil {
		t.Fatal(err)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for next.Add(1) <= int64(n) {
				if _, _, err := w.e.Start(context.Background(), rb, engine.Start{Value: v}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// memory is the heap in use after a collection.
func memory() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
