package runtest_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"currant/engine/run"
	"currant/engine/run/runtest"
)

// maxPoints is how many of a run's operations a host dies at, evenly spread where there are more. With
// CURRANT_TEST_ALL set it is all of them.
const maxPoints = 20

// TestD6CrashAtEveryOperation kills the host before and after each of its operations, with and without loss
// of what was not yet durable: the outcome is the same, no step whose end is durable runs again, and a write
// is made at most once.
func TestD6CrashAtEveryOperation(t *testing.T) {
	for _, sc := range runtest.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			base := start(t, sc)
			want := finish(t, base)
			lines := slices.Sorted(slices.Values(base.Lines()))
			stride := max(1, base.Ops()/maxPoints)
			switch {
			case base.Ops() > 50*maxPoints:
				stride = base.Ops() / 5
			case os.Getenv("CURRANT_TEST_ALL") != "":
				stride = 1
			}
			for op := 1; op <= base.Ops(); op += stride {
				for _, after := range []bool{false, true} {
					for _, lose := range []runtest.Loss{runtest.LoseNothing, runtest.LoseSome + runtest.Loss(op/stride%2)} {
						crashes := []runtest.Crash{{Op: op, After: after, Lose: lose}}
						if op%3 == 0 {
							crashes = append(crashes, runtest.Crash{Op: op + 2, After: !after, Lose: lose}, runtest.Crash{Op: op + 7, After: after, Lose: lose})
						}
						crashed(t, sc, base, want, lines, crashes)
					}
				}
			}
		})
	}
}

// crashed runs a scenario with crashes and compares it with the run without.
func crashed(t *testing.T, sc runtest.Scenario, base *runtest.Sim, want runtest.Outcome, lines []string, crashes []runtest.Crash) {
	t.Helper()
	s := restart(t, sc, base)
	s.Crashes = slices.Clone(crashes)
	at := fmt.Sprintf("crashes %+v", crashes)
	got, err := s.Run()
	exact := sc.Loose == ""
	for n := 0; err == nil && got.Status == "held"; n++ {
		if n > 20 {
			t.Fatalf("%s: held for ever", at)
		}
		do := "repeat"
		for _, path := range s.Held() {
			switch n := called(s.World, path, "write"); {
			case n < 0:
				t.Errorf("%s: %s is held, and it is no write", at, path)
			case n > 0:
				do, exact = "skip", false
			}
		}
		s.Send(run.Decision{Do: do})
		got, err = s.Run()
	}
	if err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	for _, v := range s.Violations {
		t.Errorf("%s: %s", at, v)
	}
	if exact && got != want {
		t.Errorf("%s:\n got %s\nwant %s", at, got, want)
	}
	if exact && !slices.Equal(slices.Sorted(slices.Values(s.Lines())), lines) {
		t.Errorf("%s: log\n got %q\nwant %q", at, s.Lines(), lines)
	}
	if got.Status != want.Status && sc.Loose != "" {
		t.Errorf("%s:\n got %s\nwant %s", at, got, want)
	}
	judgeCalls(t, at, base.World, s.World, exact)
	if t.Failed() {
		t.FailNow()
	}
}

// called is how often a path was called; -1 where its calls are not of that effect.
func called(w *runtest.World, path, effect string) (n int) {
	for _, c := range w.Calls() {
		if c.Path != path {
			continue
		}
		if c.Effect != effect {
			return -1
		}
		n++
	}
	return n
}

// judgeCalls compares effects: writes at most as often as without crashes, others at least once.
func judgeCalls(t *testing.T, at string, base, got *runtest.World, exact bool) {
	t.Helper()
	count := func(w *runtest.World) map[string]int {
		n := map[string]int{}
		for _, c := range w.Calls() {
			n[c.Effect+" "+c.Path]++
		}
		return n
	}
	want, have := count(base), count(got)
	for key, n := range have {
		if strings.HasPrefix(key, "write ") && n > want[key] {
			t.Errorf("%s: %s was made %d times, and %d times without a crash", at, key, n, want[key])
		}
	}
	for key := range want {
		if exact && have[key] == 0 {
			t.Errorf("%s: %s was never made", at, key)
		}
	}
}
