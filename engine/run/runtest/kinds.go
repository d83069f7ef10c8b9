package runtest

import (
	"context"
	"strconv"
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

type feedArgs struct {
	Items    cty.Value   `hcl:"items" doc:"All items."`
	Size     int         `hcl:"size,optional" default:"2" doc:"Items in a page."`
	Each     *steps.Each `hcl:"each,block" doc:"Once per item."`
	EachPage *steps.Each `hcl:"each_page,block" doc:"Once per page."`
}

// feed is a kind that pages: the script sees each call, with its cursor, and may fail it.
func feed(w *World) *steps.Kind {
	return steps.Pages(steps.Kind{Name: "feed", Doc: "Pages of a test's items.", Effect: steps.Read,
		Examples: []steps.Example{{Title: "Pages", HCL: `step "feed" "f" { items = [1, 2, 3] }`}},
		Output:   func(*steps.Check) cty.Type { return cty.DynamicPseudoType },
	}, steps.Pager{Each: "each", EachPage: "each_page", Limit: 100, LimitHelp: "use each",
		Done: func(_ cty.Value, r steps.PagesResult) cty.Value {
			out := map[string]cty.Value{"count": cty.NumberIntVal(int64(r.Count)), "last": r.Summary, "nodes": cty.TupleVal(r.Items)}
			if r.Collected != cty.NilVal {
				out["collected"] = r.Collected
			}
			return cty.ObjectVal(out)
		},
	}, func(ctx context.Context, c *steps.Call, args feedArgs) (steps.Page, error) {
		a := w.answer(c, probeArgs{Effect: "read"})
		if err := a.wait(ctx); err != nil {
			return steps.Page{}, err
		}
		return fed(c, args, a)
	})
}

// fed is the page of a feed's call, unless the script has failed it.
func fed(c *steps.Call, args feedArgs, a Answer) (steps.Page, error) {
	if a.Err != nil {
		return steps.Page{}, a.Err
	}
	items := steps.Arg(c.Args, "items").AsValueSlice()
	from, _ := strconv.Atoi(string(c.Cursor))
	to := min(from+args.Size, len(items))
	pg := steps.Page{Items: items[from:to], Summary: cty.NumberIntVal(int64(to))}
	if to < len(items) {
		pg.Next = []byte(strconv.Itoa(to))
	}
	return pg, nil
}

var feedSpec = lang.SpecOf[feedArgs]()

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
	reg, err := steps.NewRegistry([]*steps.Kind{probe, feed(w),
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
