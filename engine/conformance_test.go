package engine

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/run"
	"currant/engine/run/runtest"
)

// TestConformance runs the interpreter's scenarios on the engine over its store, in simulated time. Of Run it
// leaves out what waits for the network.
func TestConformance(t *testing.T) {
	for _, sc := range runtest.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel() // most of their time is the disk's
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(runtest.Epoch)) // simulated
				w := runtest.NewWorld(sc.Answers)
				rb := runtest.Compile(t, w, sc.HCL, sc.More)
				e, stop := conforming(t, w, rb)
				defer stop()
				begun := time.Now()
				got := outcomeOnEngine(t, e, w, rb, sc.Value(t))
				took := time.Since(begun)
				if !strings.HasPrefix(got.String(), sc.Want) || !strings.Contains(sc.Want, " at ") && got.String() != sc.Want {
					t.Errorf("outcome\n got %s\nwant %s", got, sc.Want)
				}
				if calls := runtest.Counts(w); calls != sc.Calls {
					t.Errorf("calls: got %q, want %q", calls, sc.Calls)
				}
				if took < sc.Took || sc.AtMost > 0 && took > sc.AtMost {
					t.Errorf("it took %s, want %s to %s", took, sc.Took, sc.AtMost)
				}
			})
		})
	}
}

// conforming is an engine for a scenario's runbook.
func conforming(t *testing.T, w *runtest.World, rb *compile.Runbook) (*Engine, func()) {
	t.Helper()
	reg, triggers, err := runtest.Registries(w)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Options{Dir: filepath.Join(t.TempDir(), "data"), Compile: compile.Options{Steps: reg, Triggers: triggers}})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Load(t.Context(), rb.Blueprint); err != nil {
		t.Fatal(err)
	}
	if err := e.recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.dispatch(ctx) }()
	return e, func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := errors.Join(e.drain(), e.Close()); err != nil {
			t.Error(err)
		}
	}
}

// outcomeOnEngine is what becomes of a run, or that it is held.
func outcomeOnEngine(t *testing.T, e *Engine, w *runtest.World, rb *compile.Runbook, input cty.Value) runtest.Outcome {
	t.Helper()
	over := make(chan string, 1000)
	id := "01a00000-0000-7000-8000-000000000000"
	defer e.Follow(func(p Progress) {
		if p.Run == id && (p.Phase == "end" || p.Phase == "held") {
			over <- p.Phase
		}
	})()
	w.OnEvent(func(ev run.Event) { e.deliver(id, ev) })
	if _, _, err := e.Start(t.Context(), rb, Start{ID: id, Context: "wdc", Value: cty.ObjectVal(map[string]cty.Value{"input": input})}); err != nil {
		t.Fatal(err)
	}
	<-over
	synctest.Wait()
	v, err := e.View(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	o := runtest.Outcome{Status: v.Status, Outputs: string(v.Outputs), Message: v.Message}
	if v.Error != nil {
		o.Kind, o.Step, o.Text = v.Error.Kind, v.Error.Step, v.Error.Message
	}
	return o
}
