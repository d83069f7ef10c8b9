package engine_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/journal"
)

// TestWaiting10000 keeps 10,000 runs waiting, 100,000 in a long run: they cost no goroutine and little memory,
// are known again soon after a restart, and go on when they are due, each once.
func TestWaiting10000(t *testing.T) {
	n, lead := 10_000, 5*time.Second
	if long {
		n, lead = 100_000, 90*time.Second
	}
	w := newWorld(t)
	w.o.MaxQueued = n + 1
	w.open()
	w.load(`runbook "sleepy" {
  trigger "manual" {
    input_schema = object({ until = string })
  }
  step "wait" "w" { until = trigger.input.until }
  step "compute" "c" { n = 1 }
}`)
	w.run()
	due := time.Now().Add(lead).Truncate(time.Second)
	before, goroutines := memory(), runtime.NumGoroutine()
	begun := time.Now()
	startMany(t, w, n, object("until", due.UTC().Format(time.RFC3339)))
	waiting := func() int { return len(w.list(journal.Filter{Runbook: "sleepy", Status: journal.Waiting})) }
	until(t, "all runs wait", func() bool { return waiting() == n })
	t.Logf("%d runs accepted and parked in %s", n, time.Since(begun))
	after := memory()
	t.Logf("%d bytes per waiting run; %d goroutines before, %d with all waiting", (after-before)/int64(n), goroutines, runtime.NumGoroutine())
	if grown := runtime.NumGoroutine() - goroutines; grown > 20 {
		t.Errorf("%d goroutines more", grown)
	}
	if each := (after - before) / int64(n); each > 2048 {
		t.Errorf("%d bytes per waiting run", each)
	}
	if !time.Now().Before(due) {
		t.Logf("this machine is too slow for the due time; they are done already")
	}

	w.stop()
	begun = time.Now()
	w.open()
	w.run()
	took := time.Since(begun)
	t.Logf("restart to ready with %d waiting runs: %s", n, took)
	if took > 2*time.Second {
		t.Errorf("not ready within 2 s but in %s", took)
	}
	until(t, "all runs end", func() bool {
		return len(w.list(journal.Filter{Status: journal.Waiting, Limit: 1})) == 0 && w.pending() == 0
	})
	late := time.Duration(0)
	runs := w.list(journal.Filter{})
	for _, r := range runs {
		if r.Status != journal.Finished {
			t.Fatalf("run %s: %s", r.Status, r.Summary)
		}
		if r.EndedAt.Before(due) {
			t.Fatalf("a run ended %s before it was due", due.Sub(r.EndedAt))
		}
		late = max(late, r.EndedAt.Sub(due))
	}
	if len(runs) != n {
		t.Errorf("%d runs of %d", len(runs), n)
	}
	t.Logf("the last of %d runs that were due at once ended %s after", n, late)
}

// startMany starts runs from 64 callers at once.
func startMany(t testing.TB, w *world, n int, input cty.Value) {
	t.Helper()
	rb := w.runbook("sleepy")
	v, err := engine.Input(rb, input)
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
