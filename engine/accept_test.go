package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/ingress"
	"currant/steps"
)

// 200 deliveries, each sent 8 times at once: 200 runs.
func TestDeliveryStartsOneRun(t *testing.T) {
	w := began(t)
	w.load(`runbook "hook" {
  trigger "json_endpoint" {
    body_schema      = object({ id = string })
    deduplication_id = trigger.body.id
  }
  step "probe" "p" { value = trigger.body.id }
}`)
	rb := w.runbook("hook")
	var mu sync.Mutex
	ids, fresh := map[string]map[string]bool{}, 0
	var wg sync.WaitGroup
	for i := range 200 {
		for range 8 {
			wg.Go(func() {
				delivery := fmt.Sprint("d", i)
				v, err := engine.Input(rb, object("body", object("id", delivery)))
				if err != nil {
					t.Error(err)
					return
				}
				r, err := w.e.Accept(context.Background(), rb.Trigger, ingress.Event{Value: v, Delivery: delivery})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if ids[delivery] == nil {
					ids[delivery] = map[string]bool{}
				}
				ids[delivery][r.Run] = true
				if r.Fresh {
					fresh++
				}
			})
		}
	}
	wg.Wait()
	for d, set := range ids {
		if len(set) != 1 {
			t.Errorf("delivery %s became %d runs", d, len(set))
		}
	}
	if fresh != 200 {
		t.Errorf("%d fresh runs", fresh)
	}
	until(t, "all runs end", func() bool { return w.pending() == 0 })
	if n := w.count("p"); n != 200 {
		t.Errorf("%d executions", n)
	}
}

// A redelivery is answered with the run of its origin while that goes on or has finished, and starts a run of
// its own, linked to it, where that failed.
func TestRedelivery(t *testing.T) {
	w := began(t)
	w.load(`runbook "hook" {
  trigger "json_endpoint" { body_schema = object({ id = string }) }
  step "probe" "p" { value = trigger.body.id }
}`)
	rb := w.runbook("hook")
	v, err := engine.Input(rb, object("body", object("id", "x")))
	if err != nil {
		t.Fatal(err)
	}
	accept := func(delivery, origin string) ingress.Receipt {
		t.Helper()
		r, err := w.e.Accept(t.Context(), rb.Trigger, ingress.Event{Value: v, Delivery: delivery, Origin: origin})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	g := newGate()
	w.on("p", g.probe)
	first := accept("d1", "")
	g.next(t)
	if again := accept("d2", "d1"); again.Fresh || again.Run != first.Run {
		t.Errorf("a redelivery of a run that goes on: %+v", again)
	}
	close(g.open)
	w.ends(first.Run, "finished")
	if again := accept("d3", "d1"); again.Fresh || again.Run != first.Run {
		t.Errorf("a redelivery of a finished run: %+v", again)
	}
	w.on("p", func(context.Context, *steps.Call, cty.Value) (cty.Value, error) {
		return cty.NilVal, steps.Errorf(steps.FailError, "broken")
	})
	failed := accept("e1", "")
	w.ends(failed.Run, "failed")
	again := accept("e2", "e1")
	if !again.Fresh {
		t.Errorf("a redelivery of a failed run: %+v", again)
	}
	if v := w.ends(again.Run, "failed"); v.Origin != failed.Run {
		t.Errorf("its origin is %q, want %s", v.Origin, failed.Run)
	}
	if same := accept("e2", "e1"); same.Fresh || same.Run != again.Run {
		t.Errorf("the same redelivery once more: %+v", same)
	}
	if unknown := accept("f2", "f1"); !unknown.Fresh {
		t.Errorf("a redelivery of what never came: %+v", unknown)
	}
}

// The limit is of runs that wait for their turn. Those that are executed or wait for something else do not count.
func TestMaxQueuedRefuses(t *testing.T) {
	w := newWorld(t)
	w.o.Workers, w.o.MaxQueued = 1, 3
	w.open()
	w.run()
	w.load(`
runbook "busy" {
  trigger "manual" {}
  step "probe" "p" {}
}
runbook "sleepy" {
  trigger "manual" {}
  step "wait" "w" { duration = "1h" }
}
`)
	g := newGate()
	w.on("p", g.probe)
	for range 5 {
		w.becomes(w.start("sleepy", cty.NilVal), "waiting")
	}
	w.start("busy", cty.NilVal)
	g.next(t)
	for range 3 {
		w.start("busy", cty.NilVal)
	}
	_, err := w.tryStart("busy", "", cty.NilVal)
	var refusal *ingress.Refusal
	if !errors.As(err, &refusal) || refusal.Status != 503 || refusal.RetryAfter == 0 {
		t.Fatalf("a full runner answers %v", err)
	}
	close(g.open)
	until(t, "room again", func() bool { _, err := w.tryStart("busy", "", cty.NilVal); return err == nil })
}
