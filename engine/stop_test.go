package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/journal"
	"currant/steps"
)

// Stopping under load takes well under 10 s, loses nothing that was accepted, and lets calls in flight end, so
// that nothing is interrupted: every write is done exactly once (promise D13).
func TestD13StopUnderLoad(t *testing.T) {
	w := began(t)
	w.load(`runbook "r" {
  trigger "manual" {}
  step "loop" "l" {
    items = range(5)
    each {
      step "probe" "p" { effect = "write" }
    }
  }
}`)
	var mu sync.Mutex
	done := map[string]int{}
	w.on("p", func(_ context.Context, c *steps.Call, v cty.Value) (cty.Value, error) {
		pause := time.NewTimer(5 * time.Millisecond)
		<-pause.C
		mu.Lock()
		defer mu.Unlock()
		done[c.Key]++
		return v, nil
	})
	var accepted sync.Map
	for round := range 3 {
		stop := make(chan struct{})
		var posting sync.WaitGroup
		e, rb := w.e, w.runbook("r")
		for range 4 {
			posting.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					v, err := engine.Input(rb, cty.NilVal)
					if err != nil {
						t.Error(err)
						return
					}
					id, _, err := e.Start(context.Background(), rb, engine.Start{Value: v})
					if err != nil {
						return // closed
					}
					accepted.Store(id, true)
				}
			})
		}
		rest(t, 100*time.Millisecond)
		begun := time.Now()
		w.stop()
		took := time.Since(begun)
		close(stop)
		posting.Wait()
		if took > 5*time.Second {
			t.Errorf("stop %d took %s", round, took)
		}
		t.Logf("stop under load took %s", took)
		w.reopen()
	}
	until(t, "all runs end", func() bool { return w.pending() == 0 })
	status := map[string]journal.Status{}
	for _, r := range w.list(journal.Filter{}) {
		status[r.ID] = r.Status
	}
	n := 0
	accepted.Range(func(id, _ any) bool {
		n++
		if s := status[id.(string)]; s != journal.Finished {
			t.Errorf("accepted run %s is %q", id, s)
		}
		return true
	})
	if n < 20 {
		t.Errorf("only %d runs were accepted", n)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(done) != 5*len(status) {
		t.Errorf("%d steps of %d runs", len(done), len(status))
	}
	for key, times := range done {
		if times != 1 {
			t.Errorf("step %s was done %d times", key, times)
		}
	}
}

// A run of nothing but quick steps stops as well, and goes on where it was.
func TestD13StopInALongLoop(t *testing.T) {
	w := began(t)
	w.load(`runbook "r" {
  trigger "manual" {}
  step "loop" "l" {
    items = range(1000)
    each {
      step "compute" "c" { n = 1 }
      step "probe" "p" {}
    }
  }
  output "n" { value = step.l.count }
}`)
	id := w.start("r", cty.NilVal)
	until(t, "some are done", func() bool { return w.count("p") > 20 })
	begun := time.Now()
	w.stop()
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("the stop took %s", took)
	}
	if w.count("p") == 1000 {
		t.Skip("the loop was over before the stop")
	}
	w.reopen()
	if v := w.ends(id, "finished"); string(v.Outputs) != `{"n":1000}` {
		t.Errorf("outputs %s", v.Outputs)
	}
	if n := w.count("p"); n != 1000 {
		t.Errorf("%d executions of 1000", n)
	}
}

// Ended runs go when their retention is over, and those that have not ended stay (promise D14).
func TestD14PruneKeepsWhatHasNotEnded(t *testing.T) {
	w := began(t)
	w.load(`runbook "short" {
  retention = "1ms"
  trigger "manual" {}
  step "log" "l" { message = "hello" }
}
runbook "kept" {
  trigger "manual" {}
  step "log" "l" { message = "hello" }
}
runbook "waiting" {
  retention = "1ms"
  trigger "manual" {}
  step "wait" "w" { duration = "1h" }
}`)
	var short []string
	for range 300 {
		short = append(short, w.start("short", cty.NilVal))
	}
	kept, waiting := w.start("kept", cty.NilVal), w.start("waiting", cty.NilVal)
	for _, id := range append(short, kept) {
		w.ends(id, "finished")
	}
	w.becomes(waiting, "waiting")
	until(t, "the retention is over", func() bool {
		_, err := w.e.Prune(t.Context())
		return err == nil && len(w.list(journal.Filter{})) <= 2
	})
	if w.view(kept).Status != "finished" || w.view(waiting).Status != "waiting" {
		t.Error("a run within its retention, or unfinished, is gone")
	}
}
