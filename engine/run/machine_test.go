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

// TestPagesWaitForTheirFirstTurn: while one turn waits, those beside it go on, but not for ever: what has come and is
// not done with stays small.
func TestPagesWaitForTheirFirstTurn(t *testing.T) {
	const size, end = 100, 50
	for _, tc := range []struct {
		block    string
		min, max int // pages that are asked for while the first turn waits
	}{
		{"each", 10, 12},
		{"each_page", 3, 4},
	} {
		rb := runtest.Compile(t, runtest.NewWorld(nil), `
  step "feed" "f" {
    items = []
    `+tc.block+` "x" {
      parallel = 2
      step "probe" "p" {}
    }
  }`, "")
		m := run.New(rb, info(), input())
		items := make([]cty.Value, size)
		for i := range items {
			items[i] = cty.True
		}
		asked, first := 0, ""
		answer := func(c run.Call) {
			out := run.Outcome{Path: c.Path, Value: cty.ObjectVal(map[string]cty.Value{"value": cty.True})}
			if c.Path == "f" {
				asked++
				out = run.Outcome{Path: "f", Page: steps.Page{Items: items, Summary: cty.True}}
				if asked < end {
					out.Page.Next = []byte("more")
				}
			}
			m.Apply(runtest.Epoch, out)
		}
		turn := func() (n int) {
			for m.Advance(runtest.Epoch) {
			}
			_, calls, _ := m.Take()
			for _, c := range calls {
				if first == "" && c.Path != "f" {
					first = c.Path
				}
				if c.Path != first {
					n++
					answer(c)
				}
			}
			return n
		}
		for turn() > 0 {
		}
		if asked < tc.min || asked > tc.max {
			t.Errorf("%s: %d pages are asked for while the first turn waits, want %d to %d", tc.block, asked, tc.min, tc.max)
		}
		answer(run.Call{Path: first})
		first = "none"
		for turn() > 0 {
		}
		if m.End() == nil || m.End().Status != "finished" || asked != end {
			t.Errorf("%s: ended as %+v after %d pages of %d", tc.block, m.End(), asked, end)
		}
	}
}
