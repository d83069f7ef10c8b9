package run_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/run"
	"currant/engine/run/runtest"
	"currant/steps"
)

// TestEndedBeforeParked: a run that ends while the call that comes to wait for it is still in flight wakes it
// all the same.
func TestEndedBeforeParked(t *testing.T) {
	rb := runtest.Compile(t, runtest.NewWorld(nil), `
  step "probe" "a" {}
  output "a" { value = step.a.value }`, "")
	m := run.New(rb, info(), input())
	turn := func() []run.Call {
		m.Advance(runtest.Epoch)
		_, calls, _ := m.Take()
		return calls
	}
	if calls := turn(); len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	m.Apply(runtest.Epoch, run.RunEnded{ID: "child"})
	turn()
	m.Apply(runtest.Epoch, run.Outcome{Path: "a", Err: &steps.Park{Run: "child", Cursor: []byte("c")}})
	calls := turn()
	if len(calls) != 1 || string(calls[0].Cursor) != "c" {
		t.Fatalf("it does not look again: %+v", calls)
	}
	m.Apply(runtest.Epoch, run.Outcome{Path: "a", Value: cty.ObjectVal(map[string]cty.Value{"value": cty.True})})
	if turn(); m.End() == nil || m.End().Status != "finished" {
		t.Errorf("ended as %+v", m.End())
	}
}

// TestAnswerOfAnotherLife: outcomes and ends that nobody waits for change nothing.
func TestAnswerOfAnotherLife(t *testing.T) {
	rb := runtest.Compile(t, runtest.NewWorld(nil), `step "probe" "a" {}`, "")
	m := run.New(rb, info(), input())
	m.Advance(runtest.Epoch)
	m.Take()
	for _, ev := range []run.Event{run.Outcome{Path: "b"}, run.RunEnded{ID: "x"}, run.Decision{Do: "skip"}} {
		m.Apply(runtest.Epoch, ev)
	}
	m.Advance(runtest.Epoch)
	if b, calls, _ := m.Take(); !b.Empty() || len(calls) > 0 || m.End() != nil {
		t.Errorf("%+v %+v", b, calls)
	}
}
