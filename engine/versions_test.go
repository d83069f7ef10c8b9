package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/ingress"
	"currant/engine/journal"
	"currant/engine/lang"
)

// version is a blueprint whose runs say by which text they run, at their beginning and at their end.
func version(n string) string {
	return `blueprint "test" {}
runbook "r" {
  concurrency = "per_context"
  trigger "manual" {
    input_schema = object({ d = string })
  }
  step "compute" "first" { text = "` + n + `" }
  step "wait" "w" { duration = trigger.input.d }
  step "probe" "p" { value = "` + n + `" }
  output "text" { value = "${step.first.text} ${step.p.value} ` + n + `" }
}`
}

// A run goes on with the text with which it began, whatever its state when the text changes, also across a
// restart; new runs take the new text (promise R5).
func TestR5RunKeepsItsVersion(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint("restart ", restart), func(t *testing.T) {
			w := began(t)
			w.load(version("one"))
			g := newGate()
			w.on("p", g.probe)
			flying := w.startIn("r", "a", object("d", "0s"))
			queued := w.startIn("r", "a", object("d", "0s"))
			g.next(t)
			waiting := w.startIn("r", "b", object("d", "300ms"))
			w.becomes(waiting, "waiting")
			w.text = version("two")
			if restart {
				// The new text has a variable that the old one does not have.
				w.values.Set = map[string]string{"new": "n"}
				w.text += "\nvariable \"new\" {}\n"
				w.crash(func() { close(g.open) })
			} else {
				w.load(w.text)
				if _, err := w.e.Prune(t.Context()); err != nil {
					t.Fatal(err)
				}
				close(g.open)
			}
			fresh := w.startIn("r", "c", object("d", "0s"))
			for id, want := range map[string]string{flying: "one", queued: "one", waiting: "one", fresh: "two"} {
				want = fmt.Sprintf(`{"text":"%s %s %s"}`, want, want, want)
				if v := w.ends(id, "finished"); string(v.Outputs) != want {
					t.Errorf("outputs %s, want %s", v.Outputs, want)
				}
			}
		})
	}
}

// A secret that only a file of values holds is no part of a stored version: a run of an older one goes on,
// after a restart, with the secret of today.
func TestR5RunTakesThePresentSecret(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "x.auto.vars.hcl"), `token = "old"`)
	main := "variable \"token\" {\n  type = string\n  sensitive = true\n}\n" +
		strings.Replace(version("one"), `"${step.first.text}`, `"${nonsensitive(var.token)} ${step.first.text}`, 1)
	writeFile(t, filepath.Join(dir, "main.hcl"), main)
	begin := func() {
		t.Helper()
		w.open()
		r := w.e.LoadDir(t.Context(), &engine.Source{Dir: dir, Options: w.compileOptions(w.values)})
		if r.Diags.HasErrors() {
			t.Fatal(r.Diags)
		}
		w.run()
	}
	begin()
	id := w.startIn("r", "a", object("d", "300ms"))
	w.becomes(id, "waiting")
	w.stop()
	writeFile(t, filepath.Join(dir, "main.hcl"), main+"\nlocals { edited = true }\n")
	writeFile(t, filepath.Join(dir, "x.auto.vars.hcl"), `token = "new"`)
	begin()
	if v := w.ends(id, "finished"); string(v.Outputs) != `{"text":"new one one one"}` {
		t.Errorf("outputs %s", v.Outputs)
	}
}

// A run whose text cannot be had stands still, held, and says why; it does not guess. When the text is there
// again, it goes on at the next start (promise R5).
func TestR5VersionThatIsGone(t *testing.T) {
	w := newWorld(t)
	w.values = lang.Values{Set: map[string]string{"secret": "x"}}
	w.open()
	text := `blueprint "test" {}
variable "secret" {
  type      = string
  sensitive = true
}
runbook "r" {
  trigger "manual" {}
  step "wait" "w" { duration = "200ms" }
  step "probe" "p" { value = var.secret }
}`
	w.load(text)
	w.run()
	id, unwanted := w.start("r", cty.NilVal), w.start("r", cty.NilVal)
	w.becomes(id, "waiting")
	w.becomes(unwanted, "waiting")
	w.stop()
	with := w.values
	w.values, w.text = lang.Values{}, version("two") // the variable has no value any more
	w.reopen()
	v := w.becomes(id, "held")
	if len(v.Logs) == 0 || !strings.Contains(v.Logs[0].Message, "secret") {
		t.Errorf("the run does not say why it is held: %+v", v.Logs)
	}
	w.ends(w.start("r", object("d", "0s")), "finished") // others go on
	w.becomes(unwanted, "held")
	if err := w.e.Cancel(t.Context(), unwanted, "not wanted"); err != nil {
		t.Fatal(err)
	}
	if v := w.ends(unwanted, "cancelled"); !strings.HasPrefix(v.Error.Message, "not wanted") || len(v.Steps) != 1 {
		t.Errorf("error %+v, steps %+v", v.Error, v.Steps)
	}
	w.stop()
	w.values, w.text = with, text
	w.reopen()
	w.ends(id, "finished")
	if n := w.count("p"); n != 2 {
		t.Errorf("%d executions", n)
	}
}

// A run of a blueprint that a command brings along takes nothing from the one in force under the same name.
func TestR5CommandsOwnBlueprint(t *testing.T) {
	w := began(t)
	w.load(version("one"))
	var client *engine.Client
	until(t, "the control socket answers", func() bool { client = engine.Dial(t.Context(), w.dir); return client != nil })
	defer client.Close()
	own := w.compile(version("own"))
	view, err := client.Run(t.Context(), own.Runbook("r"), []byte(`{"d": "10ms"}`), func(string) {}, func(engine.Progress) {})
	if err != nil || string(view.Outputs) != `{"text":"own own own"}` {
		t.Fatalf("outputs %s, error %v", view.Outputs, err)
	}
	if _, err := w.e.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := w.start("r", object("d", "200ms"))
	w.becomes(id, "waiting")
	w.stop()
	w.text = version("two")
	w.reopen()
	if v := w.ends(id, "finished"); string(v.Outputs) != `{"text":"one one one"}` {
		t.Errorf("outputs %s", v.Outputs)
	}
}

// hookVersion is a blueprint of two files which must be of one version: its runs answer with both.
func hookVersion(n int) (main, other string) {
	return fmt.Sprintf(`blueprint "test" {}
locals { a = %d }
runbook "hook" {
  trigger "json_endpoint" { body_schema = object({ n = number }) }
  step "compute" "c" { same = local.a == local.b }
  output "same" { value = step.c.same }
  output "n" { value = local.a }
}
`, n), fmt.Sprintf("locals { b = %d }\n", n)
}

// A bad edit leaves what was in force; a good one replaces it (promise R1).
func TestR1BadEditKeepsTheLastGoodVersion(t *testing.T) {
	w := began(t)
	dir := t.TempDir()
	src := &engine.Source{Dir: dir, Options: w.compileOptions(w.values)}
	write := func(text string) engine.Reload {
		t.Helper()
		writeFile(t, filepath.Join(dir, "main.hcl"), text)
		return w.e.LoadDir(t.Context(), src)
	}
	if r := write("runbook {"); !r.Diags.HasErrors() || r.Blueprint != nil {
		t.Errorf("a first bad version: %+v", r)
	}
	one := write(version("one"))
	if one.Diags.HasErrors() || !one.Swapped || len(one.Added) != 1 {
		t.Fatalf("a good version: %+v", one)
	}
	if r := write(version("one")); r.Swapped {
		t.Errorf("the same text is a reload: %+v", r)
	}
	for _, bad := range []string{"runbook {", strings.Replace(version("x"), "trigger.input.d", "trigger.input.e", 1), "\xff"} {
		r := write(bad)
		if !r.Diags.HasErrors() || r.Swapped || r.Blueprint != one.Blueprint {
			t.Errorf("a bad version %q: %+v", bad, r)
		}
		w.ends(w.start("r", object("d", "0s")), "finished")
	}
	two := write(version("two"))
	if two.Diags.HasErrors() || !two.Swapped || len(two.Changed) != 1 || two.Changed[0] != "r" {
		t.Errorf("a good version after bad ones: %+v", two)
	}
	if v := w.ends(w.start("r", object("d", "0s")), "finished"); string(v.Outputs) != `{"text":"two two two"}` {
		t.Errorf("outputs %s", v.Outputs)
	}
}

// A person asks for a reading (SIGHUP) while the directory begins to be watched: the race detector tells.
func TestR2WatchBesideAReading(t *testing.T) {
	w := began(t)
	dir := t.TempDir()
	writeVersion(t, dir, 1)
	src := &engine.Source{Dir: dir, Options: w.compileOptions(w.values)}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.e.Watch(ctx, src); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	if r := w.e.LoadDir(ctx, src); r.Diags.HasErrors() {
		t.Error(r.Diags)
	}
	cancel()
	running.Wait()
}

// TestR1ReloadUnderLoad edits a blueprint in the ways of editors, half of the edits bad, while events are
// posted. No request is lost or refused, and none is answered by a mix of two versions (promises R1, R2).
func TestR1ReloadUnderLoad(t *testing.T) {
	r := seed(t)
	edits := 20
	if long {
		edits = 100
	}
	w := began(t)
	base := t.TempDir()
	dir := filepath.Join(base, "blueprint")
	writeVersion(t, filepath.Join(base, "v0"), 1)
	if err := os.Symlink("v0", dir); err != nil {
		t.Fatal(err)
	}
	reloads := make(chan engine.Reload, 1000)
	src := &engine.Source{Dir: dir, Options: w.compileOptions(w.values), Told: func(r engine.Reload) { reloads <- r }}
	if r := w.e.LoadDir(t.Context(), src); r.Diags.HasErrors() {
		t.Fatal(r.Diags)
	}
	<-reloads
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer func() { cancel(); running.Wait() }()
	running.Go(func() {
		if err := w.e.Watch(ctx, src); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	posted := postUntil(t, w, ctx, &running)

	now := 1
	for i := range edits {
		bad := i%2 == 1
		if !bad {
			now = i + 2
		}
		edit(t, base, dir, r.IntN(4), i+2, bad)
		waitForReload(t, reloads, now, bad)
	}
	cancel()
	running.Wait()
	until(t, "all runs end", func() bool { return w.pending() == 0 })
	seen := map[string]bool{}
	runs := w.list(journal.Filter{})
	for _, run := range runs {
		v := w.view(run.ID)
		if v.Status != "finished" || !strings.Contains(string(v.Outputs), `"same":true`) {
			t.Errorf("run %s is %s, outputs %s, %+v", run.ID, v.Status, v.Outputs, v.Error)
		}
		seen[string(v.Outputs)] = true
	}
	if int64(len(runs)) != posted.Load() {
		t.Errorf("%d runs of %d answered requests", len(runs), posted.Load())
	}
	t.Logf("%d edits, %d requests, runs of %d versions", edits, posted.Load(), len(seen))
	if len(seen) < edits/4 {
		t.Errorf("runs of %d versions only", len(seen))
	}
}

func writeVersion(t testing.TB, dir string, n int) {
	t.Helper()
	main, other := hookVersion(n)
	writeFile(t, filepath.Join(dir, "main.hcl"), main)
	writeFile(t, filepath.Join(dir, "other.hcl"), other)
}

// edit changes the blueprint: by renaming files over the old ones, by truncating and writing in two parts, or
// by swapping the directory's symlink, as Kubernetes does. Way 0 is another rename.
func edit(t testing.TB, base, dir string, way, n int, bad bool) {
	t.Helper()
	main, other := hookVersion(n)
	if bad {
		main = strings.Replace(main, "local.b", "local.bb", 1)
	}
	put := func(path, text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		half := len(text) / 2
		_, err1 := f.WriteString(text[:half])
		_, err2 := f.WriteString(text[half:])
		if err := errors.Join(err1, err2, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	switch way {
	case 1:
		put(filepath.Join(dir, "other.hcl"), other)
		put(filepath.Join(dir, "main.hcl"), main)
	case 2:
		next := filepath.Join(base, fmt.Sprint("v", n))
		writeFile(t, filepath.Join(next, "main.hcl"), main)
		writeFile(t, filepath.Join(next, "other.hcl"), other)
		link := filepath.Join(base, "next")
		if err := errors.Join(os.Symlink(filepath.Base(next), link), os.Rename(link, dir)); err != nil {
			t.Fatal(err)
		}
	default:
		for name, text := range map[string]string{"other.hcl": other, "main.hcl": main} {
			temporary := filepath.Join(dir, "."+name+".tmp")
			writeFile(t, temporary, text)
			if err := os.Rename(temporary, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// waitForReload waits until the edit has been read. What is in force is always whole.
func waitForReload(t testing.TB, reloads <-chan engine.Reload, n int, bad bool) {
	t.Helper()
	end := time.NewTimer(10 * time.Second)
	defer end.Stop()
	for {
		select {
		case r := <-reloads:
			switch {
			case bad && r.Diags.HasErrors():
				return
			case bad || r.Diags.HasErrors():
				continue // between the two files of an edit
			}
			if strings.Contains(string(r.Files[filepath.Join(r.Dir, "main.hcl")]), fmt.Sprintf("locals { a = %d }", n)) &&
				strings.Contains(string(r.Files[filepath.Join(r.Dir, "other.hcl")]), fmt.Sprintf("locals { b = %d }", n)) {
				return
			}
		case <-end.C:
			t.Fatalf("the edit to version %d (bad: %v) is not read within 10 s", n, bad)
		}
	}
}

// postUntil posts events until ctx ends, and counts those that were answered with a job; nothing else may happen.
func postUntil(t testing.TB, w *world, ctx context.Context, running *sync.WaitGroup) *atomic.Int64 {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &ingress.Server{Route: w.e.Route, Accept: w.e.Accept}
	serving, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- srv.Run(serving, ln) }()
	var answered atomic.Int64
	var posting sync.WaitGroup
	for range 3 {
		posting.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				resp, err := client.Post("http://"+ln.Addr().String()+"/inbound/test/hook", "application/json", bytes.NewReader([]byte(`{"n":1}`)))
				if err != nil {
					t.Errorf("a request was lost: %v", err)
					return
				}
				resp.Body.Close()
				if resp.StatusCode != http.StatusOK || resp.Header.Get("x-job-uuid") == "" {
					t.Errorf("a request was answered %s", resp.Status)
					return
				}
				answered.Add(1)
				rest(t, 3*time.Millisecond)
			}
		})
	}
	running.Go(func() {
		posting.Wait()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return &answered
}
