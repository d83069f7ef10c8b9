package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
	"currant/steps/standard"
)

// probeArgs are the arguments of the test-only step kind "probe".
type probeArgs struct {
	Effect string    `hcl:"effect,optional" default:"idempotent" enum:"read|idempotent|write" doc:"What it leaves behind."`
	Value  cty.Value `hcl:"value,optional" doc:"What the function gets."`
}

// probeFunc is what a step of kind "probe" does.
type probeFunc func(ctx context.Context, c *steps.Call, value cty.Value) (cty.Value, error)

// probes are the functions of probe steps by step name; without one a step gives back its value.
type probes struct {
	mu    sync.Mutex
	funcs map[string]probeFunc
	calls map[string]int
}

func newProbes() *probes { return &probes{funcs: map[string]probeFunc{}, calls: map[string]int{}} }

func (p *probes) on(step string, f probeFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.funcs[step] = f
}

func (p *probes) count(step string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[step]
}

func (p *probes) do(ctx context.Context, c *steps.Call, a probeArgs) (cty.Value, error) {
	p.mu.Lock()
	f := p.funcs[c.Step]
	p.calls[c.Step]++
	p.mu.Unlock()
	v := a.Value
	if v == cty.NilVal {
		v = cty.NullVal(cty.DynamicPseudoType)
	}
	if f != nil {
		var err error
		if v, err = f(ctx, c, v); err != nil {
			return cty.NilVal, err
		}
		if v == cty.NilVal {
			v = cty.NullVal(cty.DynamicPseudoType)
		}
	}
	return cty.ObjectVal(map[string]cty.Value{"value": v}), nil
}

// kind declares the step kind.
func (p *probes) kind() *steps.Kind {
	return steps.Action(steps.Kind{
		Name: "probe", Doc: "Calls a function of the test.", Effect: steps.Idempotent,
		Examples: []steps.Example{{Title: "Call it", HCL: `step "probe" "p" {}`}},
		EffectOf: func(args cty.Value) steps.Effect {
			v, _ := args.GetAttr("effect").Unmark()
			if v.IsNull() {
				return steps.Idempotent
			}
			return map[string]steps.Effect{"read": steps.Read, "write": steps.Write}[v.AsString()] + map[bool]steps.Effect{true: steps.Idempotent}[v.AsString() == "idempotent"]
		},
		Output: func(*steps.Check) cty.Type {
			return cty.Object(map[string]cty.Type{"value": cty.DynamicPseudoType})
		},
	}, p.do)
}

func (p *probes) compileOptions(values lang.Values) compile.Options {
	reg, err := steps.NewRegistry(append(standard.Kinds(standard.Deps{}), p.kind()), standard.Connections(standard.Deps{}))
	if err != nil {
		panic(err)
	}
	triggers, err := ingress.NewRegistry(standard.Triggers(standard.Deps{})...)
	if err != nil {
		panic(err)
	}
	return compile.Options{Steps: reg, Triggers: triggers, Values: values}
}

// gate lets a probe wait for the test.
type gate struct {
	entered chan string // run ids
	open    chan struct{}
}

func newGate() *gate { return &gate{entered: make(chan string, 1000), open: make(chan struct{})} }

func (g *gate) probe(ctx context.Context, c *steps.Call, v cty.Value) (cty.Value, error) {
	g.entered <- c.Run
	select {
	case <-g.open:
		return v, nil
	case <-ctx.Done():
		return cty.NilVal, steps.Errorf(steps.CancelledError, "cancelled")
	}
}

// next is the id of the next run that came to the gate.
func (g *gate) next(t testing.TB) string {
	t.Helper()
	select {
	case id := <-g.entered:
		return id
	case <-time.After(patience):
		t.Fatal("no run came to the gate")
		return ""
	}
}
