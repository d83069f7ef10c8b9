package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/ingress"
	"currant/engine/journal"
	"currant/steps"
)

const hello = `
runbook "hello" {
  trigger "manual" {
    input_schema = object({ name = string })
  }
  step "compute" "text" { greeting = "Hello, ${trigger.input.name}!" }
  step "probe" "say" { value = step.text.greeting }
  step "log" "said" { message = "said ${step.say.value}" }
  output "greeting" { value = step.say.value }
}
`

func TestRunEndsWithOutputsStepsAndLog(t *testing.T) {
	w := began(t)
	w.load(hello)
	v := w.ends(w.start("hello", object("name", "Ann")), "finished")
	if got := string(v.Outputs); got != `{"greeting":"Hello, Ann!"}` {
		t.Errorf("outputs %s", got)
	}
	if len(v.Steps) != 3 || v.Steps[0].Name != "text" || v.Steps[1].Kind != "probe" || v.Steps[2].Status != "ok" {
		t.Errorf("steps %+v", v.Steps)
	}
	if len(v.Logs) != 1 || v.Logs[0].Message != "said Hello, Ann!" {
		t.Errorf("logs %+v", v.Logs)
	}
	if v.StartedAt.IsZero() || v.EndedAt.IsZero() || v.AcceptedAt.IsZero() {
		t.Errorf("times are missing: %+v", v.Head)
	}
}

// A run of pure steps alone is journaled once, and that write too says when it started.
func TestRunOfPureStepsHasItsTimes(t *testing.T) {
	w := began(t)
	w.load(`runbook "pure" {
  trigger "manual" {}
  step "compute" "a" { n = 1 }
  output "n" { value = step.a.n }
}`)
	v := w.ends(w.start("pure", cty.NilVal), "finished")
	if v.StartedAt.IsZero() || v.EndedAt.Before(v.StartedAt) {
		t.Errorf("started %s, ended %s", v.StartedAt, v.EndedAt)
	}
}

func TestFailingStepFailsTheRunAndRetryGoesOnFromIt(t *testing.T) {
	w := began(t)
	w.load(`runbook "r" {
  trigger "manual" {}
  step "probe" "before" { value = 1 }
  step "probe" "breaks" { value = 2 }
  step "compute" "sum" { n = step.before.value + step.breaks.value }
  output "n" { value = step.sum.n }
}`)
	broken := true
	w.on("breaks", func(_ context.Context, c *steps.Call, v cty.Value) (cty.Value, error) {
		if broken {
			return cty.NilVal, steps.Errorf(steps.HTTPError, "no luck")
		}
		return v, nil
	})
	id := w.start("r", cty.NilVal)
	v := w.ends(id, "failed")
	if v.Error == nil || v.Error.Step != "breaks" || v.Error.Kind != "http" || v.Error.Line == 0 {
		t.Fatalf("error %+v", v.Error)
	}
	if err := w.e.Retry(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	w.ends(id, "failed")
	broken = false
	w.restart() // also under the version in the store
	if err := w.e.Retry(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	v = w.ends(id, "finished")
	if string(v.Outputs) != `{"n":3}` || v.Attempt != 3 {
		t.Errorf("outputs %s in attempt %d", v.Outputs, v.Attempt)
	}
	if n := w.count("before"); n != 1 {
		t.Errorf("the step before was executed %d times", n)
	}
	if n := w.count("breaks"); n != 3 {
		t.Errorf("the failing step was executed %d times", n)
	}
	if len(v.Steps) != 3 || string(v.Steps[0].Arguments) == "" {
		t.Errorf("a retried run does not show the arguments of what was done: %+v", v.Steps)
	}
	if err := w.e.Retry(context.Background(), id); err == nil {
		t.Error("a finished run was retried")
	}
}

func TestCancelInEveryState(t *testing.T) {
	w := began(t)
	w.load(`
runbook "flying" {
  trigger "manual" {}
  step "try" "t" {
    do {
      step "probe" "fly" { value = 1 }
    }
    finally {
      step "probe" "clean" { value = 1 }
    }
  }
}
runbook "sleeping" {
  trigger "manual" {}
  step "wait" "w" { duration = "1h" }
  step "probe" "after_wait" {}
}
runbook "one" {
  concurrency = "per_runbook"
  trigger "manual" {}
  step "probe" "alone" { effect = "write" }
}
`)
	g, one := newGate(), newGate()
	w.on("fly", g.probe)
	w.on("alone", one.probe)
	cancel := func(id string) {
		t.Helper()
		if err := w.e.Cancel(context.Background(), id, "not wanted"); err != nil {
			t.Fatal(err)
		}
	}

	flying := w.start("flying", cty.NilVal)
	g.next(t)
	cancel(flying)
	if v := w.ends(flying, "cancelled"); v.Error == nil || v.Error.Message != "not wanted" {
		t.Errorf("error %+v", v.Error)
	}
	if w.count("clean") != 1 {
		t.Errorf("finally ran %d times", w.count("clean"))
	}

	sleeping := w.start("sleeping", cty.NilVal)
	w.becomes(sleeping, "waiting")
	cancel(sleeping)
	w.ends(sleeping, "cancelled")
	if w.count("after_wait") != 0 {
		t.Error("a cancelled wait went on")
	}

	first := w.start("one", cty.NilVal)
	one.next(t)
	second := w.start("one", cty.NilVal)
	third := w.start("one", cty.NilVal)
	cancel(second)
	w.ends(second, "cancelled")
	if n := w.count("alone"); n != 1 {
		t.Errorf("a run that was cancelled before its turn has begun: %d", n)
	}
	close(one.open)
	w.ends(first, "finished")
	w.ends(third, "finished")
	if n := w.count("alone"); n != 2 {
		t.Errorf("%d executions", n)
	}

	if err := w.e.Cancel(context.Background(), first, ""); err == nil {
		t.Error("an ended run was cancelled")
	}
	if err := w.e.Cancel(context.Background(), "00000000-0000", ""); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("unknown run: %v", err)
	}
}

// A run that is put back holds no worker: with one worker, others go on.
func TestPutBackHoldsNoWorker(t *testing.T) {
	w := newWorld(t)
	w.o.Workers = 1
	w.open()
	w.run()
	w.load(`
runbook "limited" {
  trigger "manual" {}
  step "probe" "limit" {}
}
` + hello)
	var mu sync.Mutex
	again := false
	w.on("limit", func(_ context.Context, c *steps.Call, v cty.Value) (cty.Value, error) {
		mu.Lock()
		defer mu.Unlock()
		if !again {
			again = true
			return cty.NilVal, &steps.PutBack{After: 300 * time.Millisecond, Reason: "too many requests", Status: 429}
		}
		return v, nil
	})
	id := w.start("limited", cty.NilVal)
	v := w.becomes(id, "waiting")
	if v.WakeAt.IsZero() || v.Steps[0].Waiting != "too many requests" {
		t.Errorf("waiting run %+v %+v", v.Head, v.Steps)
	}
	w.ends(w.start("hello", object("name", "Bo")), "finished")
	if w.view(id).Status != "waiting" {
		t.Error("the other run waited for the one that was put back")
	}
	if v := w.ends(id, "finished"); v.Steps[0].Attempt != 1 {
		t.Errorf("a put-back used up an attempt: %+v", v.Steps[0])
	}
}

func TestRunTimeoutIncludesWaiting(t *testing.T) {
	w := began(t)
	w.load(`runbook "slow" {
  timeout = "600ms"
  trigger "manual" {}
  step "try" "t" {
    do {
      step "wait" "w" { duration = "1h" }
    }
    catch {
      step "probe" "caught" {}
    }
    finally {
      step "probe" "last" {}
    }
  }
}`)
	v := w.ends(w.start("slow", cty.NilVal), "failed")
	if v.Error == nil || v.Error.Kind != "timeout" {
		t.Fatalf("error %+v", v.Error)
	}
	if w.count("caught") != 0 || w.count("last") != 1 {
		t.Errorf("catch ran %d times, finally %d", w.count("caught"), w.count("last"))
	}
}

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

// The data directory is for its owner alone (promise X6), whatever the umask.
func TestX6ModesOfTheDataDirectory(t *testing.T) {
	old := umask(0)
	defer umask(old)
	w := began(t)
	w.load(hello)
	w.ends(w.start("hello", object("name", "Ann")), "finished")
	w.restart()
	until(t, "the control socket is private", func() bool {
		info, err := os.Stat(filepath.Join(w.dir, engine.SocketFile))
		return err == nil && info.Mode().Perm() == 0o600
	})
	seen := 0
	err := filepath.Walk(w.dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		seen++
		want := os.FileMode(0o600)
		if info.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(path), got, want)
		}
		return nil
	})
	if err != nil || seen < 4 {
		t.Fatalf("%d files, error %v", seen, err)
	}
}
