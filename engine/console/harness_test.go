package console

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
	"go.uber.org/goleak"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/journal"
	"currant/engine/lang"
	"currant/steps"
	"currant/steps/flow"
)

// long asks for the numbers of a long run.
var long = os.Getenv("CURRANT_LONG") == "1"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what has to come.
const patience = 20 * time.Second

// rig is a console over an engine that runs.
type rig struct {
	t      testing.TB
	e      *engine.Engine
	c      *Console
	o      Options
	url    string
	dir    string // of the blueprint
	source *engine.Source
	gate   *gate

	mu  sync.Mutex // guards now
	now time.Time
}

// gate is a step that waits for the test.
type gate struct {
	entered chan string // run ids
	open    chan struct{}
	once    sync.Once
}

func (g *gate) release() { g.once.Do(func() { close(g.open) }) }

type gateArgs struct {
	Value cty.Value `hcl:"value,optional" doc:"What it gives."`
}

func (g *gate) kind() *steps.Kind {
	return steps.Action(steps.Kind{Name: "gate", Doc: "Waits for the test.", Effect: steps.Idempotent,
		Examples: []steps.Example{{Title: "Wait", HCL: `step "gate" "g" {}`}},
		Output: func(*steps.Check) cty.Type {
			return cty.Object(map[string]cty.Type{"value": cty.DynamicPseudoType})
		}},
		func(ctx context.Context, c *steps.Call, a gateArgs) (cty.Value, error) {
			g.entered <- c.Run
			select {
			case <-g.open:
			case <-ctx.Done():
				return cty.NilVal, steps.Errorf(steps.CancelledError, "cancelled")
			}
			if a.Value == cty.NilVal {
				a.Value = cty.NullVal(cty.DynamicPseudoType)
			}
			return cty.ObjectVal(map[string]cty.Value{"value": a.Value}), nil
		})
}

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

func (g *gate) compile(t testing.TB) compile.Options {
	t.Helper()
	kinds, err := steps.NewRegistry([]*steps.Kind{flow.If, flow.Switch, flow.Loop, flow.Repeat, flow.Parallel, flow.Section, flow.Try,
		flow.Wait, flow.Set, flow.Compute, flow.Log, flow.Fail, flow.Finish, flow.Call, g.kind()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	triggers, err := ingress.NewRegistry(ingress.Manual, ingress.JSONEndpoint, ingress.Schedule)
	if err != nil {
		t.Fatal(err)
	}
	return compile.Options{Steps: kinds, Triggers: triggers, PublicURL: "https://hooks.example.com"}
}

// Text of the blueprint that most tests use.
const shop = `
blueprint "shop" { description = "Orders of a shop" }

variable "key" {
  default   = "s3cr3t-of-the-shop"
  sensitive = true
}

runbook "greet" {
  description = "Says hello"
  trigger "manual" {
    input_schema = object({ name = string })
    context      = trigger.input.name
  }
  step "log" "hello" {
    message = "Hello, ${trigger.input.name}!"
  }
  output "name" { value = trigger.input.name }
}

runbook "order" {
  trigger "json_endpoint" {}
  step "loop" "lines" {
    items = [1, 2, 3]
    each "line" {
      step "compute" "price" { value = { price = line.value * 2 } }
      step "log" "said" { message = "line ${line.value}" }
    }
  }
  step "gate" "pay" { value = { secret = var.key, paid = true } }
  step "if" "large" {
    condition = true
    then {
      step "log" "note" { message = "large" }
    }
  }
  step "fail" "broken" { message = "The bank said no." }
}

runbook "pause" {
  trigger "manual" {}
  step "wait" "night" { duration = "3h" }
}
`

// newRig runs an engine with a blueprint and a console; change changes its options before it is made.
func newRig(t testing.TB, text string, change func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, dir: filepath.Join(t.TempDir(), "shop"), gate: &gate{entered: make(chan string, 1000), open: make(chan struct{})}}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	options := r.gate.compile(t)
	var err error
	if r.e, err = engine.New(engine.Options{Dir: data, Compile: options}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.e.Close(); err != nil {
			t.Error(err)
		}
	})
	r.o = Options{Listen: "127.0.0.1:0", Dir: data, PublicURL: "https://hooks.example.com", Version: "1.2.3-test", Engine: r.e}
	if change != nil {
		change(&r.o)
	}
	if r.c, err = New(r.o); err != nil {
		t.Fatal(err)
	}
	if r.o.Now == nil {
		r.c.sessions.now, r.c.sessions.tries.now = r.clock, r.clock
		r.now = time.Now()
	}
	r.source = &engine.Source{Dir: r.dir, Options: options, Told: r.c.Reloaded}
	r.show(r.write(text))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	if err := r.c.Listen(); err != nil {
		t.Fatal(err)
	}
	r.url = r.c.URL()
	go func() { done <- r.e.Run(ctx) }()
	go func() { done <- r.c.Run(ctx) }()
	t.Cleanup(func() {
		r.gate.release()
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
	<-r.e.Recovered()
	return r
}

// show prints what is wrong with the blueprint that was read last.
func (r *rig) show(l engine.Reload) {
	r.t.Helper()
	var b strings.Builder
	if err := lang.Render(&b, l.Files, l.Diags, lang.RenderOptions{}); err != nil || b.Len() > 0 {
		r.t.Log(b.String())
	}
}

// write puts a text into the blueprint's file and has it read.
func (r *rig) write(text string) engine.Reload {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, "main.hcl"), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return r.e.LoadDir(context.Background(), r.source)
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// start begins a run; input is JSON.
func (r *rig) start(runbook, input string) string {
	r.t.Helper()
	rb := r.c.runbookOf("shop", runbook)
	if rb == nil {
		r.t.Fatalf("no runbook %q", runbook)
	}
	value := cty.NilVal
	if input != "" {
		var err error
		if value, err = lang.ParseJSON([]byte(input), lang.DataLimits{}); err != nil {
			r.t.Fatal(err)
		}
	}
	in, err := engine.Input(rb, value)
	if err != nil {
		r.t.Fatal(err)
	}
	id, _, err := r.e.Start(context.Background(), rb, engine.Start{Value: in})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

// await waits until a run has a status.
func (r *rig) await(id string, status journal.Status) {
	r.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		run, err := r.e.Store().Run(context.Background(), id)
		if err != nil {
			r.t.Fatal(err)
		}
		if run.Status == status {
			return
		}
		if time.Now().After(end) {
			r.t.Fatalf("the run is %s (%s), not %s", run.Status, run.Summary, status)
		}
	}
}

// ids are ids of stored runs.
func ids(n int) string { return fmt.Sprintf("%08x-0000-7000-8000-000000000000", n) }
