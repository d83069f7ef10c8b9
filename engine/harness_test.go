package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"go.uber.org/goleak"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/journal"
	"currant/engine/lang"
)

// long asks for the numbers of a long run: more kills, more runs, more edits.
var long = os.Getenv("CURRANT_LONG") == "1"

// The test binary is also the runner process of the tests that kill one.
func TestMain(m *testing.M) {
	if role := os.Getenv(childEnv); role != "" {
		if err := child(role); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// world is an engine over a data directory that outlives it.
type world struct {
	t      testing.TB
	dir    string // of the data
	o      engine.Options
	values lang.Values
	text   string // of the blueprint that is put in force again after a restart
	*probes

	e      *engine.Engine
	stopIt context.CancelFunc
	done   chan error
	log    *lockedBuffer
}

// lockedBuffer is a buffer that many goroutines may write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// newWorld is a world whose engine does not exist yet.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, dir: filepath.Join(t.TempDir(), "data"), probes: newProbes(), log: &lockedBuffer{}}
	t.Cleanup(w.stop)
	return w
}

// began is a world whose engine runs.
func began(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.open()
	w.run()
	return w
}

// open makes the engine.
func (w *world) open() {
	w.t.Helper()
	o := w.o
	o.Dir = w.dir
	o.Compile = w.compileOptions(w.values)
	o.Log = slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	e, err := engine.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.e = e
}

// run lets the engine run and waits for its recovery.
func (w *world) run() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.stopIt, w.done = cancel, make(chan error, 1)
	e, done := w.e, w.done
	go func() { done <- e.Run(ctx) }()
	select {
	case <-e.Recovered():
	case err := <-done:
		done <- err
		w.t.Fatalf("the engine ended: %v", err)
	case <-time.After(30 * time.Second):
		w.t.Fatal("no recovery within 30 s")
	}
}

// stop stops the engine as SIGTERM does and closes its store.
func (w *world) stop() {
	w.t.Helper()
	if w.e == nil {
		return
	}
	e := w.e
	w.e = nil
	if w.stopIt != nil {
		w.stopIt()
		w.stopIt = nil
		select {
		case err := <-w.done:
			if err != nil {
				w.t.Errorf("the engine stopped with %v", err)
			}
		case <-time.After(12 * time.Second):
			w.t.Error("the engine did not stop within 12 s")
			return
		}
	}
	if err := e.Close(); err != nil {
		w.t.Errorf("close: %v", err)
	}
}

// restart stops the engine and begins another one over the same data.
func (w *world) restart() {
	w.t.Helper()
	w.stop()
	w.reopen()
}

// reopen begins another engine with the blueprint that was loaded last.
func (w *world) reopen() {
	w.t.Helper()
	w.open()
	if w.text != "" {
		w.load(w.text)
	}
	w.run()
}

// crash goes on with another engine over the data as they are now, as after a kill. Nothing may be written
// meanwhile. before lets the first engine's calls end, which changes nothing any more.
func (w *world) crash(before func()) {
	w.t.Helper()
	dead := filepath.Join(w.t.TempDir(), "data")
	if err := os.MkdirAll(dead, 0o700); err != nil {
		w.t.Fatal(err)
	}
	files, err := os.ReadDir(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range files {
		if !f.Type().IsRegular() || f.Name() == "lock" || strings.HasSuffix(f.Name(), "-shm") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(w.dir, f.Name()))
		if err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dead, f.Name()), data, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	before()
	w.stop()
	w.dir = dead
	w.reopen()
}

// tryCompile is compile with what is wrong.
func (w *world) tryCompile(text string) (*compile.Blueprint, hcl.Diagnostics) {
	src, diags := lang.FromFiles("test", map[string][]byte{"main.hcl": []byte(text)})
	if diags.HasErrors() {
		return nil, diags
	}
	return compile.Compile(src, w.compileOptions(w.values))
}

// compile checks a blueprint's text; its name is "test" unless it says otherwise.
func (w *world) compile(text string) *compile.Blueprint {
	w.t.Helper()
	src, diags := lang.FromFiles("test", map[string][]byte{"main.hcl": []byte(text)})
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	bp, diags := compile.Compile(src, w.compileOptions(w.values))
	if diags.HasErrors() {
		var b strings.Builder
		lang.Render(&b, bp.Files, diags, lang.RenderOptions{})
		w.t.Fatal(b.String())
	}
	return bp
}

// load puts a blueprint in force.
func (w *world) load(text string) *compile.Blueprint {
	w.t.Helper()
	bp := w.compile(text)
	w.text = text
	if err := w.e.Load(context.Background(), bp); err != nil {
		w.t.Fatal(err)
	}
	return bp
}

// runbook is a runbook in force.
func (w *world) runbook(name string) *compile.Runbook {
	w.t.Helper()
	for _, bp := range w.e.Blueprints() {
		if rb := bp.Runbook(name); rb != nil {
			return rb
		}
	}
	w.t.Fatalf("no runbook %q", name)
	return nil
}

// start starts a run of a runbook with input, and gives its id.
func (w *world) start(runbook string, input cty.Value) string {
	w.t.Helper()
	return w.startIn(runbook, "", input)
}

// startIn starts a run with a context.
func (w *world) startIn(runbook, context string, input cty.Value) string {
	w.t.Helper()
	id, err := w.tryStart(runbook, context, input)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) tryStart(runbook, runContext string, input cty.Value) (string, error) {
	rb := w.runbook(runbook)
	v, err := engine.Input(rb, input)
	if err != nil {
		return "", err
	}
	id, _, err := w.e.Start(context.Background(), rb, engine.Start{Value: v, Context: runContext})
	return id, err
}

// ended waits for the end of a run and gives its view.
func (w *world) ended(id string) engine.View {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.e.Wait(ctx, id); err != nil {
		w.t.Fatalf("run %s does not end: %v\n%s", id, w.view(id), w.log)
	}
	return w.view(id)
}

// ends waits for a run's end and checks its status.
func (w *world) ends(id, status string) engine.View {
	w.t.Helper()
	v := w.ended(id)
	if v.Status != status {
		w.t.Fatalf("run %s is %s, want %s: %+v", id, v.Status, status, v.Error)
	}
	return v
}

func (w *world) view(id string) engine.View {
	w.t.Helper()
	v, err := w.e.View(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// patience is how long a test waits for what must happen at once: long, for machines are busy.
const patience = 90 * time.Second

// until waits for a condition, asking often.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	end := time.NewTimer(patience)
	defer end.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-end.C:
			t.Fatalf("not within %s: %s", patience, what)
		case <-tick.C:
		}
	}
}

// becomes waits for a run's status in the store.
func (w *world) becomes(id, status string) engine.View {
	w.t.Helper()
	var v engine.View
	until(w.t, "run "+id+" becomes "+status, func() bool { v = w.view(id); return v.Status == status })
	return v
}

func number(n int) cty.Value { return cty.NumberIntVal(int64(n)) }

// object is an object of texts and numbers.
func object(kv ...any) cty.Value {
	m := map[string]cty.Value{}
	for i := 0; i < len(kv); i += 2 {
		switch v := kv[i+1].(type) {
		case string:
			m[kv[i].(string)] = cty.StringVal(v)
		case int:
			m[kv[i].(string)] = number(v)
		case cty.Value:
			m[kv[i].(string)] = v
		}
	}
	return cty.ObjectVal(m)
}

// pending is how many runs have not ended.
func (w *world) pending() int {
	w.t.Helper()
	heads, err := w.e.Store().Pending(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return len(heads)
}

// list are the stored runs, newest first.
func (w *world) list(f journal.Filter) []journal.Run {
	w.t.Helper()
	if f.Limit == 0 {
		f.Limit = 1_000_000
	}
	runs, err := w.e.Store().List(context.Background(), f)
	if err != nil {
		w.t.Fatal(err)
	}
	return runs
}
