package engine_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/journal"
	"currant/steps"
)

const family = `
runbook "parent" {
  trigger "manual" {
    input_schema = object({ n = number })
  }
  step "call" "c" {
    runbook = runbook.child
    input   = { n = trigger.input.n }
  }
  output "got" { value = step.c.outputs.twice }
}
runbook "catching" {
  trigger "manual" {
    input_schema = object({ n = number })
  }
  step "try" "t" {
    do {
      step "call" "cc" {
        runbook = runbook.child
        input   = { n = trigger.input.n }
      }
    }
    catch {
      step "compute" "why" { kind = error.kind }
    }
  }
  output "kind" { value = step.why.kind }
}
runbook "starting" {
  trigger "manual" {
    input_schema = object({ n = number })
  }
  step "call" "s" {
    runbook = runbook.child
    input   = { n = trigger.input.n }
    wait    = false
  }
  output "id" { value = step.s.job_uuid }
}
runbook "child" {
  trigger "manual" {
    input_schema = object({ n = number })
  }
  step "wait" "w" { duration = trigger.input.n < 0 ? "300ms" : "0s" }
  step "probe" "p" { value = trigger.input.n * 2 }
  output "twice" { value = step.p.value }
}
`

func TestCallWaitsForOutputs(t *testing.T) {
	w := began(t)
	w.load(family)
	if v := w.ends(w.start("parent", object("n", 21)), "finished"); string(v.Outputs) != `{"got":42}` {
		t.Errorf("outputs %s", v.Outputs)
	}
	// Many at once: no end of a child is missed.
	var ids []string
	for i := range 200 {
		ids = append(ids, w.start("parent", object("n", i)))
	}
	for i, id := range ids {
		if v := w.ends(id, "finished"); string(v.Outputs) != fmt.Sprintf(`{"got":%d}`, 2*i) {
			t.Errorf("outputs %s", v.Outputs)
		}
	}
	if n := w.count("p"); n != 201 {
		t.Errorf("%d children", n)
	}
}

// A parent that waits holds no worker.
func TestCallWithOneWorker(t *testing.T) {
	w := newWorld(t)
	w.o.Workers = 1
	w.open()
	w.run()
	w.load(family)
	var ids []string
	for i := range 10 {
		ids = append(ids, w.start("parent", object("n", i)))
	}
	for _, id := range ids {
		w.ends(id, "finished")
	}
}

func TestCallWithoutWaiting(t *testing.T) {
	w := began(t)
	w.load(family)
	g := newGate()
	w.on("p", g.probe)
	v := w.ends(w.start("starting", object("n", 1)), "finished")
	child := g.next(t)
	if string(v.Outputs) != fmt.Sprintf(`{"id":%q}`, child) {
		t.Errorf("outputs %s, child %s", v.Outputs, child)
	}
	close(g.open)
	if v := w.ends(child, "finished"); v.Parent != "" {
		t.Errorf("nobody waits for the child, and its parent is %s", v.Parent)
	}
}

func TestCallOfAFailingRunbookFailsWithItsKind(t *testing.T) {
	w := began(t)
	w.load(family)
	var broken atomic.Bool
	broken.Store(true)
	w.on("p", func(_ context.Context, _ *steps.Call, v cty.Value) (cty.Value, error) {
		if broken.Load() {
			return cty.NilVal, steps.Errorf(steps.AuthError, "no entry")
		}
		return v, nil
	})
	id := w.start("parent", object("n", 1))
	if v := w.ends(id, "failed"); v.Error.Kind != "auth" || v.Error.Step != "c" {
		t.Errorf("error %+v", v.Error)
	}
	if v := w.ends(w.start("catching", object("n", 1)), "finished"); string(v.Outputs) != `{"kind":"auth"}` {
		t.Errorf("outputs %s", v.Outputs)
	}
	// A retried parent calls again: the failed child stays as it is.
	broken.Store(false)
	if err := w.e.Retry(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.ends(id, "finished")
	if n := len(w.list(journal.Filter{Runbook: "child"})); n != 3 {
		t.Errorf("%d runs of the child", n)
	}
}

func TestCancelReachesTheCalledRun(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint("restart ", restart), func(t *testing.T) {
			w := began(t)
			w.load(`
runbook "parent" {
  trigger "manual" {}
  step "call" "c" { runbook = runbook.child }
}
runbook "child" {
  trigger "manual" {}
  step "wait" "w" { duration = "1h" }
}`)
			id := w.start("parent", cty.NilVal)
			var child string
			until(t, "the child waits", func() bool {
				runs := w.list(journal.Filter{Runbook: "child", Status: journal.Waiting})
				if len(runs) == 1 {
					child = runs[0].ID
				}
				return child != ""
			})
			w.becomes(id, "waiting")
			if restart {
				w.restart()
			}
			if err := w.e.Cancel(t.Context(), id, "stop it"); err != nil {
				t.Fatal(err)
			}
			w.ends(id, "cancelled")
			w.ends(child, "cancelled")
		})
	}
}

func TestRestartWhileTheCalledRunGoesOn(t *testing.T) {
	w := began(t)
	w.load(family)
	id := w.start("parent", object("n", -1))
	w.becomes(id, "waiting")
	w.restart()
	if v := w.ends(id, "finished"); string(v.Outputs) != `{"got":-2}` {
		t.Errorf("outputs %s", v.Outputs)
	}
	if n := len(w.list(journal.Filter{Runbook: "child"})); n != 1 {
		t.Errorf("%d runs of the child", n)
	}
}
