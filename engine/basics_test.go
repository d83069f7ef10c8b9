package engine_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

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
