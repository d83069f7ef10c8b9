package runtest

import (
	"context"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
	"currant/steps/flow"
)

type probeArgs struct {
	Value  cty.Value `hcl:"value,optional" doc:"What is answered, unless the script says otherwise."`
	Effect string    `hcl:"effect,optional" default:"read" enum:"read|idempotent|write" doc:"What the call leaves behind."`
}

type peerArgs struct {
	Address string `hcl:"address" doc:"Any text."`
}

// Registries are the kinds that the scenarios use: those that steer a run, and the World's probe.
func Registries(w *World) (*steps.Registry, *ingress.Registry, error) {
	example := []steps.Example{{Title: "A call", HCL: `step "probe" "p" { value = 1 }`}}
	kind := steps.Kind{Name: "probe", Doc: "A call to the test's world.", Effect: steps.Write, Examples: example,
		Connection: "peer", ConnectionOptional: true,
		Output: func(*steps.Check) cty.Type { return cty.Object(map[string]cty.Type{"value": cty.DynamicPseudoType}) },
		EffectOf: func(args cty.Value) steps.Effect {
			v, _ := args.GetAttr("effect").Unmark()
			switch v.AsString() {
			case "read":
				return steps.Read
			case "idempotent":
				return steps.Idempotent
			}
			return steps.Write
		}}
	probe := steps.Action(kind, func(ctx context.Context, c *steps.Call, args probeArgs) (cty.Value, error) {
		return w.probe(ctx, c, args)
	})
	peer := steps.Connection(steps.ConnectionKind{Name: "peer", Doc: "A test's connection."},
		func(_ context.Context, a peerArgs, _ []string) (any, error) { return a.Address, nil })
	reg, err := steps.NewRegistry([]*steps.Kind{probe,
		flow.If, flow.Switch, flow.Loop, flow.Repeat, flow.Batch, flow.Parallel, flow.Section, flow.Try,
		flow.Wait, flow.Set, flow.Compute, flow.Log, flow.Fail, flow.Finish, flow.Call}, []*steps.ConnectionKind{peer})
	if err != nil {
		return nil, nil, err
	}
	triggers, err := ingress.NewRegistry(ingress.Manual)
	return reg, triggers, err
}

// Compile makes a blueprint of a runbook's steps, states and outputs. The runbook is called "main" and has a
// manual trigger; more are blocks that stand beside it.
func Compile(t testing.TB, w *World, body, more string) *compile.Runbook {
	t.Helper()
	rb, diags := tryCompile(t, w, body, more)
	if diags.HasErrors() {
		for _, d := range diags {
			t.Errorf("%s", d)
		}
		t.FailNow()
	}
	return rb
}

func tryCompile(t testing.TB, w *World, body, more string) (*compile.Runbook, hcl.Diagnostics) {
	t.Helper()
	reg, triggers, err := Registries(w)
	if err != nil {
		t.Fatal(err)
	}
	text := "runbook \"main\" {\n  trigger \"manual\" {}\n" + body + "\n}\n" + more + "\n"
	bp, diags := compile.Compile(&lang.Source{Dir: "scenario", Files: []lang.File{{Name: "main.hcl", Bytes: []byte(text)}}},
		compile.Options{Steps: reg, Triggers: triggers})
	if diags.HasErrors() {
		return nil, diags
	}
	return bp.Runbook("main"), diags
}

var probeSpec = lang.SpecOf[probeArgs]()
