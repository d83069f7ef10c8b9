package standard

import (
	"fmt"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

func TestRegistries(t *testing.T) {
	r, err := steps.NewRegistry(Kinds(Deps{}), Connections(Deps{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"if", "switch", "loop", "repeat", "batch", "parallel", "section", "try", "wait", "set", "compute",
		"log", "fail", "finish", "call", "schedule_create", "schedule_update", "schedule_delete", "query", "mutation", "upload",
		"token", "config", "secret_set", "config_update", "async"} {
		if r.Kind(name) == nil {
			t.Errorf("the language has a step kind %q", name)
		}
	}
	triggers, err := ingress.NewRegistry(Triggers(Deps{})...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"webhook", "secrets_changed", "installation_changed", "automation_webhook", "configuration",
		"json_endpoint", "schedule", "manual"} {
		if triggers.Kind(name) == nil {
			t.Errorf("the language has a trigger kind %q", name)
		}
	}
}

// Every kind has one shape.
func TestKindsHaveOneShape(t *testing.T) {
	for _, k := range Kinds(Deps{}) {
		shapes := 0
		for _, has := range []bool{k.Do != nil, k.Choose != nil, k.Fork != nil, k.Loop != nil, k.Repeat != nil, k.Try != nil, k.Pager != nil} {
			if has {
				shapes++
			}
		}
		if shapes != 1 {
			t.Errorf("%s has %d shapes", k.Name, shapes)
		}
	}
}

// Arguments that every step accepts mean the same in every step.
func TestKindsKeepCommonArguments(t *testing.T) {
	for _, k := range Kinds(Deps{}) {
		for _, f := range steps.CommonSpec.Fields {
			if k.Spec().Field(f.Name) != f && !(k.Name == "http" && f.Name == "timeout") {
				t.Errorf("%s has a %q of its own", k.Name, f.Name)
			}
		}
	}
}

// scope has what the examples use.
func scope(trigger cty.Value) *lang.Scope {
	any := cty.DynamicVal
	vars := map[string]cty.Value{"var": any, "local": any, "app": any, "state": any, "step": any, "error": any, "trigger": trigger}
	return lang.NewScope(lang.Functions(lang.FunctionOptions{}), vars).Static(nil)
}

// block is the one block of an example.
func block(t *testing.T, src string) *hclsyntax.Block {
	t.Helper()
	file, diags := lang.ParseFile("example.hcl", []byte(src))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	blocks := file.Body.(*hclsyntax.Body).Blocks
	if len(blocks) != 1 {
		t.Fatalf("%d blocks", len(blocks))
	}
	return blocks[0]
}

func TestExamplesOfSteps(t *testing.T) {
	for _, k := range Kinds(Deps{}) {
		for i, e := range k.Examples {
			t.Run(fmt.Sprintf("%s/%d", k.Name, i), func(t *testing.T) {
				b := block(t, e.HCL)
				if b.Type != "step" || b.Labels[0] != k.Name {
					t.Fatalf("it shows %s %v", b.Type, b.Labels)
				}
				body, diags := k.Spec().Bind(b.Body, b.DefRange())
				args, more := body.Eval(scope(cty.DynamicVal))
				c := &steps.Check{Body: body, Args: args, Scope: scope(cty.DynamicVal), States: map[string]cty.Type{"n": cty.Number}}
				diags = append(diags, more...)
				if k.Check != nil {
					diags = append(diags, k.Check(c)...)
				}
				if len(diags) > 0 {
					t.Fatal(diags)
				}
				if out := k.OutputType(c); out == cty.NilType {
					t.Error("no output type")
				}
			})
		}
	}
}

func TestExamplesOfConnectionsAndTriggers(t *testing.T) {
	for _, k := range Connections(Deps{}) {
		for _, e := range k.Examples {
			b := block(t, e.HCL)
			body, diags := k.Spec().Bind(b.Body, b.DefRange())
			args, more := body.Eval(scope(cty.DynamicVal))
			diags = append(diags, more...)
			if k.Check != nil {
				diags = append(diags, k.Check(&steps.Check{Body: body, Args: args})...)
			}
			if len(diags) > 0 {
				t.Errorf("%s: %s", k.Name, diags)
			}
		}
	}
	for _, k := range Triggers(Deps{}) {
		for _, e := range k.Examples {
			b := block(t, e.HCL)
			body, diags := k.Spec().Bind(b.Body, b.DefRange())
			args, more := body.Eval(scope(cty.DynamicVal))
			c := &ingress.Check{Body: body, Args: args, Scope: scope(cty.DynamicVal)}
			diags = append(diags, more...)
			if k.Output == nil {
				t.Errorf("%s has no output", k.Name)
				continue
			}
			// What is evaluated per event is checked against the trigger's own output.
			c.Scope = scope(cty.UnknownVal(k.Output(c)))
			if k.Check != nil {
				diags = append(diags, k.Check(c)...)
			}
			for _, a := range body.Lazies() {
				if a.Name == "discard_when" || a.Name == "context" {
					_, d := c.Scope.EvalAttr(a)
					diags = append(diags, d...)
				}
			}
			if slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool { return d.Severity == hcl.DiagError }) {
				t.Errorf("%s, %s: %s", k.Name, e.Title, diags)
			}
		}
	}
}
