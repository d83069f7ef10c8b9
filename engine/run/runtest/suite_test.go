package runtest_test

import (
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"currant/engine/run/runtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) { runtest.Suite(t, runtest.NewHarness) }

// start is a simulated run of a scenario.
func start(t testing.TB, sc runtest.Scenario) *runtest.Sim {
	t.Helper()
	w := runtest.NewWorld(sc.Answers)
	return again(t, sc, w)
}

func again(t testing.TB, sc runtest.Scenario, w *runtest.World) *runtest.Sim {
	t.Helper()
	s, err := runtest.NewSim(w, runtest.Compile(t, w, sc.HCL, sc.More), sc.Value(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func finish(t testing.TB, s *runtest.Sim) runtest.Outcome {
	t.Helper()
	o, err := s.Run()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range s.Violations {
		t.Error(v)
	}
	return o
}

func TestScenarioTimeAndLog(t *testing.T) {
	for _, sc := range runtest.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			for _, stay := range []bool{true, false} {
				s := start(t, sc)
				s.Stay = stay
				got := finish(t, s)
				sc.Check(t, got)
				took := s.Now().Sub(runtest.Epoch)
				if took < sc.Took || sc.AtMost > 0 && took > sc.AtMost {
					t.Errorf("stay=%v: it took %s, want %s to %s", stay, took, sc.Took, sc.AtMost)
				}
				if sc.Lines != nil && !slices.Equal(s.Lines(), sc.Lines) {
					t.Errorf("stay=%v: log %q, want %q", stay, s.Lines(), sc.Lines)
				}
				for path, data := range s.Stored() {
					if strings.Contains(string(data), runtest.Canary) {
						t.Errorf("the record %s holds a secret in clear: %s", path, data)
					}
				}
			}
		})
	}
}

// restart is the run of base from its beginning.
func restart(t testing.TB, _ runtest.Scenario, base *runtest.Sim) *runtest.Sim {
	t.Helper()
	s, err := base.Fresh()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
