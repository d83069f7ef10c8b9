package runtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/engine/run"
)

// Scenario is a runbook, what the world answers, and what must come of it.
type Scenario struct {
	Name string
	// HCL is the inside of the runbook "main", its trigger aside; More stands beside it.
	HCL, More string
	// Input is JSON; "" is none.
	Input   string
	Answers Answers
	// Want is the Outcome as text. An error's text is compared as a prefix.
	Want string
	// Calls are how many calls each probe makes: "a=1 b=3". Probes that are not named make none.
	Calls string
	// Lines of the log, in order; nil does not look.
	Lines []string
	// Took is how long the run takes, at least, in simulated time; AtMost, unless zero, at most.
	Took, AtMost time.Duration
	// Loose says that a crash may change the outcome legitimately, and why.
	Loose string
}

// Harness is one run on a host. Start is called once, then Await after each Send.
type Harness interface {
	// Start begins a run of a runbook with `input`. It returns when the run is stored.
	Start(t testing.TB, rb *compile.Runbook, input cty.Value)
	// Await lets the run go on until it has ended, is held, or waits for something that never comes.
	Await(t testing.TB) Outcome
	// Send lets something happen to the run.
	Send(t testing.TB, ev run.Event)
	// Crash ends the host's process as a kill would, and starts another over what it has stored.
	Crash(t testing.TB)
}

// Suite runs all scenarios against a host. newHost gives a fresh one; the kinds that the host executes are
// those of Registries, for the same world. Waits of the scenarios are hours long: the host's time must be
// simulated (testing/synctest).
func Suite(t *testing.T, newHost func(t *testing.T, w *World) Harness) {
	for _, sc := range Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			w := NewWorld(sc.Answers)
			rb := Compile(t, w, sc.HCL, sc.More)
			h := newHost(t, w)
			h.Start(t, rb, sc.Value(t))
			got := h.Await(t)
			sc.Check(t, got)
			sc.checkCalls(t, w)
		})
	}
}

// Scenarios are all of them.
func Scenarios() []Scenario {
	return slices.Concat(shapeScenarios(), loopScenarios(), pagesScenarios(), repeatScenarios(), tryScenarios(), parallelScenarios(),
		attemptScenarios(), timeScenarios(), valueScenarios(), endScenarios())
}

// Value is the scenario's input.
func (sc Scenario) Value(t testing.TB) cty.Value {
	t.Helper()
	if sc.Input == "" {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	v, err := lang.ParseJSON([]byte(sc.Input), lang.DataLimits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Check compares an outcome with what is wanted.
func (sc Scenario) Check(t testing.TB, got Outcome) {
	t.Helper()
	if !strings.HasPrefix(got.String(), sc.Want) || !strings.Contains(sc.Want, " at ") && got.String() != sc.Want {
		t.Errorf("outcome\n got %s\nwant %s", got, sc.Want)
	}
}

func (sc Scenario) checkCalls(t testing.TB, w *World) {
	t.Helper()
	if got := Counts(w); got != sc.Calls {
		t.Errorf("calls: got %q, want %q", got, sc.Calls)
	}
}

// Counts are how many calls each probe has made: "a=1 b=3".
func Counts(w *World) string {
	counts := map[string]int{}
	for _, c := range w.Calls() {
		counts[c.Step]++
	}
	var out []string
	for _, step := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s=%d", step, counts[step]))
	}
	return strings.Join(out, " ")
}
