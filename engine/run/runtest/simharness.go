package runtest

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/run"
)

// NewHarness is the harness of a Sim.
func NewHarness(_ *testing.T, w *World) Harness { return &simHarness{world: w} }

type simHarness struct {
	world *World
	sim   *Sim
}

func (h *simHarness) Start(t testing.TB, rb *compile.Runbook, input cty.Value) {
	t.Helper()
	s, err := NewSim(h.world, rb, input)
	if err != nil {
		t.Fatal(err)
	}
	h.sim = s
}

func (h *simHarness) Await(t testing.TB) Outcome {
	t.Helper()
	o, err := h.sim.Run()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range h.sim.Violations {
		t.Error(v)
	}
	return o
}

func (h *simHarness) Send(_ testing.TB, ev run.Event) { h.sim.Send(ev) }

// Crash is nothing between two calls of Await: a Sim restores its machine each time.
func (h *simHarness) Crash(testing.TB) { h.sim.disk.crash(LoseAll) }
