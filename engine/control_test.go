package engine_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/journal"
	"currant/steps"
)

// dial waits for the control socket.
func (w *world) dial() *engine.Client {
	w.t.Helper()
	var client *engine.Client
	until(w.t, "the control socket answers", func() bool { client = engine.Dial(w.t.Context(), w.dir); return client != nil })
	w.t.Cleanup(client.Close)
	return client
}

const controlled = `
runbook "r" {
  trigger "manual" {
    input_schema = object({ n = number })
  }
  step "wait" "nap" { duration = "10ms" }
  step "probe" "p" { value = trigger.input.n }
  step "log" "l" { message = "n is ${step.p.value}" }
  output "n" { value = step.p.value }
}
runbook "sleepy" {
  trigger "manual" {}
  step "wait" "w" { duration = "1h" }
}
`

// Commands reach a running engine from another process, also where the directory's path is longer than a
// socket's address may be.
func TestControlSocket(t *testing.T) {
	for _, c := range []struct{ name, below string }{{"short", ""}, {"long", strings.Repeat("long-directory-name/", 8)}} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.dir = filepath.Join(t.TempDir(), c.below, "data")
			if client := engine.Dial(t.Context(), w.dir); client != nil {
				t.Fatal("nobody is there, and it answers")
			}
			w.open()
			w.load(controlled)
			w.run()
			client := w.dial()
			testCommands(t, w, client)
			backup := filepath.Join(t.TempDir(), "backup.db")
			if err := client.Backup(t.Context(), backup); err != nil {
				t.Fatal(err)
			}
			if err := client.Prune(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func testCommands(t *testing.T, w *world, client *engine.Client) {
	t.Helper()
	broken := true
	w.on("p", func(_ context.Context, _ *steps.Call, v cty.Value) (cty.Value, error) {
		if broken {
			return cty.NilVal, steps.Errorf(steps.NetworkError, "no line")
		}
		return v, nil
	})
	var mu sync.Mutex
	var phases []string
	tell := func(p engine.Progress) { mu.Lock(); phases = append(phases, p.Phase); mu.Unlock() }
	id := ""
	rb := w.compile(controlled).Runbook("r")
	view, err := client.Run(t.Context(), rb, []byte(`{"n": 5}`), func(started string) { id = started }, tell)
	if err != nil || view.Status != "failed" || view.JobUUID != id || view.Error == nil || view.Error.Kind != "network" {
		t.Fatalf("view %+v of %s, error %v", view, id, err)
	}
	if got := strings.Join(phases, " "); !strings.Contains(got, "begin") || !strings.HasSuffix(got, "end") {
		t.Errorf("progress %s", got)
	}
	broken = false
	if err := client.Retry(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.ends(id, "finished")
	if err := client.Retry(t.Context(), id); err == nil || !strings.Contains(err.Error(), "finished") {
		t.Errorf("a finished run: %v", err)
	}
	sleepy := w.start("sleepy", cty.NilVal)
	w.becomes(sleepy, "waiting")
	if err := client.Cancel(t.Context(), sleepy); err != nil {
		t.Fatal(err)
	}
	w.ends(sleepy, "cancelled")
	if err := client.Resume(t.Context(), sleepy, "skip"); err == nil {
		t.Error("a cancelled run was resumed")
	}
	if err := client.Cancel(t.Context(), "ffffffff-0000"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("an unknown run: %v", err)
	}
	for _, input := range []string{`{"n": "x"}`, `{`, ``} {
		if _, err := client.Run(t.Context(), rb, []byte(input), func(string) {}, tell); err == nil {
			t.Errorf("input %q was taken", input)
		}
	}
}

// A caller that leaves takes nothing with it: its run goes on.
func TestControlRunGoesOnWithoutItsCaller(t *testing.T) {
	w := began(t)
	w.load(controlled)
	g := newGate()
	w.on("p", g.probe)
	client := w.dial()
	ctx, cancel := context.WithCancel(t.Context())
	id := make(chan string, 1)
	done := make(chan error, 1)
	go func() {
		_, err := client.Run(ctx, w.compile(controlled).Runbook("r"), []byte(`{"n": 5}`), func(started string) { id <- started }, func(engine.Progress) {})
		done <- err
	}()
	g.next(t)
	cancel()
	if err := <-done; err == nil {
		t.Error("no error for a caller that left")
	}
	close(g.open)
	w.ends(<-id, "finished")
}

// A caller whose runner stops is told so, and the run goes on at the next start.
func TestControlRunOutlivesTheRunner(t *testing.T) {
	w := began(t)
	w.load(controlled)
	client := w.dial()
	id := make(chan string, 1)
	done := make(chan error, 1)
	bp := w.compile(strings.Replace(controlled, "10ms", "200ms", 1))
	go func() {
		_, err := client.Run(t.Context(), bp.Runbook("r"), []byte(`{"n": 5}`), func(started string) { id <- started }, func(engine.Progress) {})
		done <- err
	}()
	run := <-id
	w.becomes(run, "waiting")
	w.stop()
	if err := <-done; err == nil {
		t.Error("the caller is told nothing")
	}
	w.reopen()
	w.ends(run, "finished")
}
