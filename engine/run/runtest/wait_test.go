package runtest_test

import (
	"runtime"
	"testing"

	"currant/engine/run"
	"currant/engine/run/runtest"
)

// TestWaitingHoldsNothing: a run that waits has no goroutine, and a host may drop its machine.
func TestWaitingHoldsNothing(t *testing.T) {
	sc := runtest.Scenario{HCL: `
  step "parallel" "p" {
    branch "a" {
      step "wait" "a" { duration = "1h" }
    }
    branch "b" {
      step "loop" "l" {
        items = range(50)
        each {
          parallel = 50
          step "wait" "b" { duration = "2h" }
        }
      }
    }
  }`}
	s := start(t, sc)
	before := runtime.NumGoroutine()
	if _, over, err := s.Life(); over || err != nil {
		t.Fatal(over, err)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
	if s.State() != run.StateWaiting {
		t.Errorf("state %s", s.State())
	}
	if got := finish(t, s); got.String() != "finished" {
		t.Errorf("got %s", got)
	}
}
