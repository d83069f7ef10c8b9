package engine_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

const awaiting = `
runbook "r" {
  trigger "manual" {}
  step "probe" "p" { effect = "read" }
  step "probe" "q" { effect = "read" }
}
runbook "s" {
  trigger "manual" {}
  step "probe" "s" { effect = "read" }
}
`

// awaits is a probe that goes on when ready says so, or parks until an hour from when it began.
func awaits(prefix string, ready func(look int) bool) probeFunc {
	looks := 0
	return func(_ context.Context, c *steps.Call, v cty.Value) (cty.Value, error) {
		if looks++; ready(looks) {
			return v, nil
		}
		return cty.NilVal, &steps.Park{Until: c.Begun.Add(time.Hour), Kept: prefix, Reason: "nothing yet"}
	}
}

func keptSoon(t *testing.T, since time.Time) {
	t.Helper()
	if took := time.Since(since); took > 5*time.Second { // far below the hour; a loaded machine is slow
		t.Errorf("it took %s", took)
	}
}

// A run that waits for what is kept goes on when it is kept, and does not mind what else is.
func TestKeptWakesRuns(t *testing.T) {
	w := began(t)
	w.load(awaiting)
	there := atomic.Bool{}
	w.on("p", awaits("x/acme/", func(int) bool { return there.Load() }))
	id := w.start("r", cty.NilVal)
	w.becomes(id, "waiting")
	for _, key := range []string{"x/acmes/token", "x/beta/app/token", "x/acme"} {
		w.on("s", awaits("x/", func(look int) bool { return look > 1 })) // it sees every change there is
		other := w.start("s", cty.NilVal)
		w.becomes(other, "waiting")
		w.keep(key, "1")
		w.ends(other, "finished")
	}
	if n := w.count("p"); n != 1 {
		t.Errorf("others' values have let it look %d times", n)
	}
	if v := w.view(id); v.Status != "waiting" || time.Until(v.WakeAt) < 50*time.Minute {
		t.Errorf("%s until %s", v.Status, v.WakeAt)
	}
	w.keep("x/acme/survey/token", "1") // not what it waits for yet
	until(t, "it looks again", func() bool { return w.count("p") == 2 })
	w.becomes(id, "waiting")
	if v := w.view(id); time.Until(v.WakeAt) < 50*time.Minute {
		t.Errorf("the timer has moved to %s", v.WakeAt)
	}
	there.Store(true)
	began := time.Now()
	w.keep("x/acme/survey/secrets/key", "1")
	w.ends(id, "finished")
	keptSoon(t, began)
}

// What is kept between a step's look and its answer that it waits is not missed, nor what is kept while another
// call of the run goes on.
func TestKeptWhileLooking(t *testing.T) {
	w := began(t)
	w.load(awaiting)
	w.on("p", awaits("x/acme/", func(look int) bool {
		if look == 1 {
			w.keep("x/acme/token", "1") // just after it looked
		}
		return look == 2
	}))
	began := time.Now()
	w.ends(w.start("r", cty.NilVal), "finished")
	keptSoon(t, began)

	// More changes than are remembered.
	w.on("p", awaits("x/acme/", func(look int) bool {
		if look == 1 {
			w.keep("x/acme/token", "2")
			var wg sync.WaitGroup
			for range 25 {
				wg.Go(func() {
					for range 41 {
						w.keep("y/other", "1")
					}
				})
			}
			wg.Wait()
		}
		return look == 2
	}))
	began = time.Now()
	w.ends(w.start("r", cty.NilVal), "finished")
	keptSoon(t, began)
}

func TestKeptWhileAnotherCallGoesOn(t *testing.T) {
	w := began(t)
	w.load(`
runbook "r" {
  trigger "manual" {}
  step "parallel" "both" {
    branch "one" {
      step "probe" "p" { effect = "read" }
    }
    branch "two" {
      step "probe" "slow" {}
    }
  }
}`)
	g := newGate()
	w.on("slow", g.probe)
	w.on("p", awaits("x/acme/", func(look int) bool { return look == 3 }))
	id := w.start("r", cty.NilVal)
	g.next(t)
	for n := 1; n < 3; n++ {
		until(t, "it has looked", func() bool { return w.count("p") == n })
		w.keep("x/acme/token", "1")
	}
	until(t, "it has looked for the last time", func() bool { return w.count("p") == 3 })
	close(g.open)
	w.ends(id, "finished")
}

// However often what is kept changes, a run looks at most ten times a second; and only the step that waits for it.
func TestKeptStormDoesNotSpin(t *testing.T) {
	w := began(t)
	w.load(awaiting)
	stop := atomic.Bool{}
	w.on("p", awaits("x/acme/", func(int) bool { return stop.Load() }))
	w.on("q", awaits("y/", func(look int) bool { return look == 2 }))
	id := w.start("r", cty.NilVal)
	w.becomes(id, "waiting")
	began := time.Now()
	changes := 0
	for time.Since(began) < 600*time.Millisecond {
		w.keep("x/acme/token", "1")
		changes++
	}
	looks, most := w.count("p"), int(time.Since(began)/(100*time.Millisecond))+2
	if looks < 2 || looks > most || changes < 2*most {
		t.Errorf("%d looks for %d changes, want at most %d", looks, changes, most)
	}
	stop.Store(true)
	w.keep("x/acme/token", "1")
	until(t, "the next step waits", func() bool { return w.count("q") == 1 })
	w.becomes(id, "waiting")
	other := w.start("s", cty.NilVal)
	w.keep("x/acme/token", "1") // nobody waits for it any more
	w.ends(other, "finished")
	if n := w.count("q"); n != 1 {
		t.Errorf("what the step before it waited for has let it look %d times", n)
	}
	w.keep("y/token", "1")
	w.ends(id, "finished")
	if n := w.count("q"); n != 2 {
		t.Errorf("it has looked %d times", n)
	}
}

// The timer remains: a change that nobody was told of, as across a restart, is found when its time has come.
func TestKeptAcrossARestart(t *testing.T) {
	w := began(t)
	w.load(awaiting)
	w.on("s", func(_ context.Context, c *steps.Call, v cty.Value) (cty.Value, error) {
		if c.Cursor != nil {
			return v, nil
		}
		return cty.NilVal, &steps.Park{Until: c.Now.Add(time.Second), Cursor: []byte("c"), Kept: "x/"}
	})
	w.text = awaiting
	id := w.start("s", cty.NilVal)
	w.becomes(id, "waiting")
	w.restart()
	w.keep("x/token", "1")
	w.ends(id, "finished")
}
