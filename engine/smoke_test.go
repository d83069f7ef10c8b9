package engine_test

import (
	"context"
	"testing"
	"os"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
	"currant/steps/standard"
)

func TestSmoke(t *testing.T) {
	reg, err := steps.NewRegistry(standard.Kinds(standard.Deps{}), standard.Connections(standard.Deps{}))
	if err != nil {
		t.Fatal(err)
	}
	trig, err := ingress.NewRegistry(standard.Triggers()...)
	if err != nil {
		t.Fatal(err)
	}
	src, diags := lang.ReadDir("../examples/hello")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	bp, diags := compile.Compile(src, compile.Options{Steps: reg, Triggers: trig})
	lang.Render(os.Stdout, bp.Files, diags, lang.RenderOptions{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	e, err := engine.New(engine.Options{Dir: t.TempDir()+"/d"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	if err := e.Load(ctx, bp); err != nil {
		t.Fatal(err)
	}
	v, err := engine.Input(bp.Runbook("hello"), cty.EmptyObjectVal)
	if err != nil {
		t.Fatal(err)
	}
	id, _, err := e.Start(ctx, bp.Runbook("hello"), engine.Start{Value: v})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Wait(ctx, id); err != nil {
		t.Fatal(err)
	}
	view, err := e.View(ctx, id)
	t.Logf("%+v %v", view, err)
	t.Log(string(view.Outputs))
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	e.Close()
}
