package engine_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// track records the order in which runs come to a step, and how many are in it at once.
type track struct {
	mu      sync.Mutex
	order   []string // values
	inside  map[string]int
	overlap bool
}

// key tells which runs exclude each other.
func (k *track) probe(key func(cty.Value) string) probeFunc {
	k.inside = map[string]int{}
	return func(_ context.Context, _ *steps.Call, v cty.Value) (cty.Value, error) {
		k.mu.Lock()
		k.order = append(k.order, v.AsString())
		k.inside[key(v)]++
		k.overlap = k.overlap || k.inside[key(v)] > 1
		k.mu.Unlock()
		k.mu.Lock()
		defer k.mu.Unlock()
		k.inside[key(v)]--
		return v, nil
	}
}

func TestUnlimitedRunsGoAtOnce(t *testing.T) {
	w := began(t)
	w.load(`runbook "r" {
  trigger "manual" {}
  step "probe" "p" {}
}`)
	g := newGate()
	w.on("p", g.probe)
	var ids []string
	for range 20 {
		ids = append(ids, w.start("r", cty.NilVal))
	}
	for range ids {
		g.next(t)
	}
	close(g.open)
	for _, id := range ids {
		w.ends(id, "finished")
	}
}

// Runs of a group go one at a time in order of arrival, also across a restart in the midst.
func TestGroupsKeepTheOrderOfArrival(t *testing.T) {
	for _, concurrency := range []string{"per_runbook", "per_context"} {
		t.Run(concurrency, func(t *testing.T) {
			w := began(t)
			w.load(`runbook "r" {
  concurrency = "` + concurrency + `"
  trigger "manual" {
    input_schema = object({ n = string })
  }
  step "wait" "first" { duration = trigger.input.n == "00" ? "400ms" : "1ms" }
  step "probe" "p" { value = trigger.input.n }
  step "wait" "w" { duration = "1ms" }
  step "probe" "q" { value = trigger.input.n }
}`)
			var k track
			all := k.probe(func(cty.Value) string { return "" })
			w.on("p", all)
			w.on("q", all)
			var ids, want []string
			for i := range 20 {
				n := fmt.Sprintf("%02d", i)
				ids = append(ids, w.startIn("r", "same", object("n", n)))
				want = append(want, n, n)
				if i == 10 {
					w.restart()
				}
			}
			w.restart()
			for _, id := range ids {
				w.ends(id, "finished")
			}
			if !slices.Equal(k.order, want) {
				t.Errorf("order %v", k.order)
			}
			if k.overlap {
				t.Error("runs overlap")
			}
		})
	}
}

// Runs of other contexts do not wait; a waiting run keeps its place.
func TestContextsDoNotWaitForEachOther(t *testing.T) {
	w := began(t)
	w.load(`runbook "r" {
  concurrency = "per_context"
  trigger "manual" {
    input_schema = object({ d = string })
  }
  step "wait" "w" { duration = trigger.input.d }
  step "probe" "p" {}
}`)
	slow := w.startIn("r", "a", object("d", "1h"))
	behind := w.startIn("r", "a", object("d", "0s"))
	w.becomes(slow, "waiting")
	w.ends(w.startIn("r", "b", object("d", "0s")), "finished")
	w.restart()
	w.ends(w.startIn("r", "b", object("d", "0s")), "finished")
	if v := w.view(behind); v.Status != "queued" {
		t.Fatalf("the run behind a waiting one is %s", v.Status)
	}
	if err := w.e.Cancel(t.Context(), slow, "enough"); err != nil {
		t.Fatal(err)
	}
	w.ends(slow, "cancelled")
	w.ends(behind, "finished")
}

// A write that was in flight when the runner died holds its run, which keeps its group's turn, until a
// person decides (promise D6).
func TestD6InterruptedWriteIsHeldUntilDecided(t *testing.T) {
	for _, c := range []struct {
		do, status string
		calls      int
	}{{"repeat", "finished", 2}, {"skip", "finished", 1}, {"fail", "failed", 1}} {
		t.Run(c.do, func(t *testing.T) {
			w := began(t)
			w.load(`runbook "r" {
  concurrency = "per_context"
  trigger "manual" {
    input_schema = object({ n = number })
  }
  step "probe" "before" {}
  step "probe" "charge" {
    effect = "write"
    value  = trigger.input.n
  }
  output "charged" { value = try(step.charge.value, null) }
}`)
			g := newGate()
			w.on("charge", g.probe)
			held := w.startIn("r", "a", object("n", 1))
			g.next(t)
			behind := w.startIn("r", "a", object("n", 2))
			w.crash(func() { close(g.open) })
			before := w.count("charge") - 1 // the dead engine's second run may have charged as well
			charged := make(chan int64, 10)
			w.on("charge", func(_ context.Context, _ *steps.Call, v cty.Value) (cty.Value, error) {
				n, _ := v.AsBigFloat().Int64()
				charged <- n
				return v, nil
			})
			v := w.becomes(held, "held")
			if v.Steps[1].Status != "held" || v.Steps[1].Waiting == "" {
				t.Errorf("steps %+v", v.Steps)
			}
			w.restart() // it stays held
			w.becomes(held, "held")
			if got := w.view(behind).Status; got != "queued" {
				t.Errorf("the run behind a held one is %s", got)
			}
			if n := w.count("charge") - before; n != 1 {
				t.Errorf("charged %d times before the decision", n)
			}
			if err := w.e.Resume(t.Context(), held, "maybe"); err == nil {
				t.Error("an unknown decision was taken")
			}
			if err := w.e.Resume(t.Context(), behind, "skip"); err == nil {
				t.Error("a run that is not held was resumed")
			}
			if err := w.e.Resume(t.Context(), held, c.do); err != nil {
				t.Fatal(err)
			}
			v = w.ends(held, c.status)
			if c.status == "failed" && v.Error.Kind != "interrupted" {
				t.Errorf("error %+v", v.Error)
			}
			if c.do == "skip" && string(v.Outputs) != `{"charged":null}` {
				t.Errorf("outputs %s", v.Outputs)
			}
			w.ends(behind, "finished")
			close(charged)
			var got []int64
			for n := range charged {
				got = append(got, n)
			}
			if len(got) != c.calls {
				t.Errorf("charged %v after the crash", got)
			}
		})
	}
}

// What only reads, or may be done twice, is repeated after a crash; what says so fails or is repeated.
func TestD6InterruptedStepsThatAreNotHeld(t *testing.T) {
	for _, c := range []struct{ effect, interrupted, status string }{
		{"read", "auto", "finished"}, {"idempotent", "auto", "finished"}, {"write", "repeat", "finished"},
		{"write", "fail", "failed"}, {"read", "fail", "failed"},
	} {
		t.Run(c.effect+" "+c.interrupted, func(t *testing.T) {
			w := began(t)
			w.load(`runbook "r" {
  trigger "manual" {}
  step "probe" "before" {}
  step "probe" "p" {
    effect      = "` + c.effect + `"
    interrupted = "` + c.interrupted + `"
  }
}`)
			g := newGate()
			w.on("p", g.probe)
			id := w.start("r", cty.NilVal)
			g.next(t)
			until(t, "the step in flight is stored", func() bool { return len(w.view(id).Steps) == 2 })
			w.crash(func() { close(g.open) })
			v := w.ends(id, c.status)
			if c.status == "failed" && v.Error.Kind != "interrupted" {
				t.Errorf("error %+v", v.Error)
			}
			if n := w.count("before"); n != 1 {
				t.Errorf("the step before was done %d times", n)
			}
		})
	}
}
