package engine_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/ingress"
	"currant/engine/journal"
	"currant/engine/lang"
	"currant/steps"
)

// canary is a secret that is looked for: its core stands in every way of writing it that leaves letters and
// digits alone, beside characters that JSON, URLs and Go quote.
type canary struct{ name, core, text string }

func newCanary(i int) canary {
	core := fmt.Sprintf("CaNaRy%02dx7Qz9Wk3Vb", i)
	return canary{name: fmt.Sprintf("s%02d", i), core: core, text: `"` + core + `\é<&>/+? "` + core}
}

// forms are the core plain, in hex, and in base64 at each of three offsets.
func (c canary) forms() map[string][]byte {
	out := map[string][]byte{
		"plain": []byte(c.core), "hex": []byte(hex.EncodeToString([]byte(c.core))),
		"HEX": []byte(strings.ToUpper(hex.EncodeToString([]byte(c.core)))),
	}
	for off := range 3 {
		text := base64.StdEncoding.EncodeToString(append(make([]byte, off), c.core...))
		from, to := (off*8+5)/6, (off+len(c.core))*8/6
		out[fmt.Sprintf("base64 at offset %d", off)] = []byte(text[from:to])
	}
	return out
}

// leaks names the canaries that stand in data, and what is around the first of them.
func leaks(canaries []canary, data []byte) (found []string) {
	for _, c := range canaries {
		for form, needle := range c.forms() {
			if at := bytes.Index(data, needle); at >= 0 {
				from, to := max(0, at-150), min(len(data), at+len(needle)+60)
				found = append(found, fmt.Sprintf("%s (%s): …%q…", c.name, form, data[from:to]))
			}
		}
	}
	return found
}

// Everything that handles a sensitive value, and every way in which that fails.
const secretsBlueprint = `
runbook "main" {
  trigger "manual" {}
  state "st" {
    type    = string
    default = "none"
  }
  state "num" {
    type    = number
    default = 0
  }
  step "compute" "c" {
    plain  = var.s00
    nested = { a = [var.s01], text = "x${var.s02}y", (var.s03) = 1 }
    json   = jsonencode({ k = var.s04 })
    b64    = base64encode(var.s05)
    url    = urlencode(var.s06)
    hash   = upper(var.s07)
  }
  step "log" "l1" {
    message = "m ${var.s08}"
    data    = { v = var.s09, l = [var.s10, { deep = step.c.nested }], all = step.c }
  }
  step "set" "set" { st = var.s11 }
  step "probe" "marked" { value = "fine" }
  step "log" "l2" { message = "got ${step.marked.value}" }
  step "if" "if" {
    condition = var.s12 == "x"
    then {
      step "log" "l3" { message = var.s12 }
    }
    else {
      step "log" "l4" { message = "state ${state.st}" }
    }
  }
  step "switch" "sw" {
    value = var.s13
    case {
      match = [var.s13]
      step "log" "l5" { message = var.s13 }
    }
  }
  step "loop" "lp" {
    items = [var.s14, "b"]
    each "it" {
      collect = it.value
      step "log" "l6" { message = "item ${it.value}" }
      step "probe" "in_loop" { value = it.value }
    }
  }
  step "loop" "lm" {
    items = { a = var.s15 }
    each "it" {
      collect = { v = it.value }
      step "wait" "nap" { duration = "5ms" }
      step "log" "l7" {
        message = "item"
        data    = it
      }
    }
  }
  step "batch" "ba" {
    items = [var.s16, var.s17, "c"]
    size  = 2
    each "chunk" {
      collect = chunk.value
      step "probe" "in_batch" { value = chunk.value }
    }
  }
  step "parallel" "pa" {
    branch "a" {
      step "probe" "in_branch" {
        effect = "write"
        value  = { deep = [var.s18], (var.s19) = "key" }
      }
    }
    branch "b" {
      step "wait" "short" { duration = "10ms" }
    }
  }
  step "repeat" "re" {
    until = state.num > 0
    do {
      step "set" "inc" { num = 1 }
    }
  }
  step "call" "sub" {
    runbook = runbook.child
    input   = { secret = var.s20, plain = "p" }
  }
  step "log" "l8" { message = "child says ${step.sub.outputs.secret}" }
  step "schedule_create" "later" {
    reference = "later"
    runbook   = runbook.child
    at        = timeadd(timestamp(), "1s")
    input     = { secret = var.s21, plain = "scheduled" }
  }
  step "probe" "back" { value = var.s22 }
  output "secret" {
    value     = { v = var.s23, all = step.c, loop = step.lp.collected, state = state.st }
    sensitive = true
  }
  step "finish" "end" { message = "done ${var.s24}" }
}

runbook "child" {
  trigger "manual" {
    input_schema = object({ secret = string, plain = string })
  }
  step "log" "hello" {
    message = "child got ${trigger.input.secret}"
    data    = trigger.input
  }
  step "probe" "in_child" { value = trigger.input.secret }
  output "secret" {
    value     = trigger.input.secret
    sensitive = true
  }
}

runbook "hook" {
  trigger "json_endpoint" {
    body_schema = object({ text = string })
    auth "bearer" {
      token = var.s25
    }
  }
  step "log" "l" { message = trigger.body.text }
}
`

// failing are steps that fail with a sensitive value at hand; each becomes a runbook of its own, and once more
// inside a try whose catch shows the error.
var failing = []string{
	`step "fail" "f" { message = "no ${var.s26}" }`,
	`step "compute" "f" { n = tonumber(var.s26) }`,
	`step "compute" "f" { n = jsondecode(var.s27) }`,
	`step "compute" "f" { n = regex(var.s27, "x") }`,
	`step "compute" "f" { n = regex("^$", var.s27) }`,
	`step "compute" "f" { n = base64decode(var.s28) }`,
	`step "compute" "f" { n = { a = 1 }[var.s28] }`,
	`step "compute" "f" { n = [1, 2][var.s28] }`,
	`step "compute" "f" { n = timeadd(var.s29, "1h") }`,
	`step "compute" "f" { n = formatdate(var.s29, timestamp()) }`,
	`step "compute" "f" { n = parseint(var.s29, 10) }`,
	`step "compute" "f" { n = yamldecode("a: [${var.s29}") }`,
	`step "compute" "f" { n = csvdecode("a,b\n${var.s29}\n1,2,3") }`,
	`step "compute" "f" { n = 1 + var.s29 }`,
	`step "compute" "f" { n = file(var.s30) }`,
	`step "compute" "f" { n = cidrhost(var.s30, 1) }`,
	`step "wait" "f" { until = var.s30 }`,
	`step "wait" "f" { duration = var.s30 }`,
	`step "loop" "f" {
    items = var.s31
    each {
      step "log" "x" { message = "x" }
    }
  }`,
	`step "if" "f" {
    condition = var.s31
    then {
      step "log" "x" { message = "x" }
    }
  }`,
	`step "log" "f" {
    when    = var.s31
    message = "x"
  }`,
	`step "probe" "g" { timeout = var.s31 }`,
	`step "probe" "leaky" { value = var.s32 }`,
	`step "probe" "panics" { value = var.s33 }`,
	`step "probe" "leaky_park" { value = var.s34 }`,
	`step "call" "f" {
    runbook = runbook.typed
    input   = { n = var.s35 }
  }`,
	`step "call" "f" {
    runbook = runbook.broken
    input   = { text = var.s35 }
  }`,
	`step "schedule_create" "f" {
    reference = "bad"
    runbook   = runbook.typed
    cron      = var.s35
    input     = { n = 1 }
  }`,
	`step "schedule_update" "f" {
    reference = var.s36
    every     = "1h"
  }`,
	`step "set" "f" { num = var.s36 }`,
	`step "probe" "f" {
    value = var.s36
    retry {
      attempts = var.s37
    }
  }`,
	`step "log" "f" {
    message = "x"
    level   = var.s37
  }`,
}

// TestX3Secrets sends canaries through every feature and error path and searches for them in all that is
// shown, logged or stored (promise X3).
func TestX3Secrets(t *testing.T) {
	var canaries []canary
	w := newWorld(t)
	w.values = lang.Values{Set: map[string]string{}}
	var text strings.Builder
	for i := range 40 {
		c := newCanary(i)
		canaries = append(canaries, c)
		w.values.Set[c.name] = c.text
		fmt.Fprintf(&text, "variable %q {\n  type      = string\n  sensitive = true\n}\n", c.name)
	}
	text.WriteString(secretsBlueprint)
	text.WriteString(`
runbook "typed" {
  trigger "manual" {
    input_schema = object({ n = number })
  }
  step "log" "l" { message = "n" }
}
runbook "broken" {
  trigger "manual" {
    input_schema = object({ text = string })
  }
  step "compute" "c" { n = tonumber(trigger.input.text) }
}
`)
	failed := failingRunbooks(t, w, &text)
	secretProbes(w, canaries)
	w.open()
	w.load(text.String())
	w.run()

	var shown lockedBuffer // what people and programs can see
	show := func(v any) {
		text, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		_, _ = shown.Write(append(text, '\n')) // memory
	}
	stop := w.e.Follow(func(p engine.Progress) { show(p) })
	defer stop()

	var ids []string
	main := w.start("main", cty.NilVal)
	ids = append(ids, main)
	v := w.ends(main, "finished")
	if len(v.Steps) < 20 || len(v.Logs) < 8 {
		t.Errorf("%d steps and %d lines: the run did not do what it was to", len(v.Steps), len(v.Logs))
	}
	for _, name := range failed {
		ids = append(ids, w.start(name, cty.NilVal))
	}
	for i, id := range ids[1:] {
		want := "failed"
		if strings.HasPrefix(failed[i], "caught") {
			want = "finished"
		}
		if v := w.ended(id); v.Status != want {
			t.Errorf("%s is %s, want %s: %+v", failed[i], v.Status, want, v.Error)
		}
	}
	until(t, "the scheduled run ends", func() bool {
		return len(w.list(journal.Filter{Runbook: "child", Status: journal.Finished})) >= 2
	})
	postSecret(t, w, canaries[25], &shown)
	askSocket(t, w, ids, &shown)

	w.restart()
	for _, r := range w.list(journal.Filter{}) {
		show(engine.HeadOf(r))
		show(w.view(r.ID))
	}
	until(t, "all runs end", func() bool { return w.pending() == 0 })
	searchDir(t, canaries, w.dir, "while it is open")
	w.stop()
	searchDir(t, canaries, w.dir, "closed")
	for what, data := range map[string]string{"log": w.log.String(), "what is shown": shown.String()} {
		if len(data) < 1000 {
			t.Errorf("%s has %d bytes only", what, len(data))
		}
		for _, l := range leaks(canaries, []byte(data)) {
			t.Errorf("%s: %s", what, l)
		}
	}
}

// A search that finds nothing must be able to find.
func TestX3SearchFindsEveryForm(t *testing.T) {
	c := newCanary(7)
	for _, text := range []string{
		c.text, fmt.Sprintf("%q", c.text), hex.EncodeToString([]byte("x" + c.text)),
		base64.StdEncoding.EncodeToString([]byte(c.text)), base64.StdEncoding.EncodeToString([]byte("x" + c.text)),
		base64.RawURLEncoding.EncodeToString([]byte("xy" + c.text)), strings.ToUpper(hex.EncodeToString([]byte(c.text))),
	} {
		if len(leaks([]canary{c}, []byte("before "+text+" after"))) == 0 {
			t.Errorf("not found in %s", text)
		}
	}
}

// failingRunbooks writes a runbook, and one with a try, for each failing step that compiles. Which ones do
// not is the compiler's affair: what it refuses beforehand cannot leak.
func failingRunbooks(t *testing.T, w *world, text *strings.Builder) (names []string) {
	t.Helper()
	vars := text.String()
	refused := 0
	secret := regexp.MustCompile(`var\.(s\d\d)`)
	for i, step := range failing {
		// From a step, so that what is wrong shows only when it runs.
		source := secret.FindString(step)
		step = "step \"probe\" \"src\" { value = " + source + " }\n  " + strings.ReplaceAll(step, source, "step.src.value")
		plain := fmt.Sprintf("plain%02d", i)
		caught := fmt.Sprintf("caught%02d", i)
		state := "  state \"num\" {\n    default = 0\n  }\n"
		both := fmt.Sprintf("runbook %q {\n  trigger \"manual\" {}\n%s  %s\n}\n", plain, state, step) +
			fmt.Sprintf(`runbook %q {
  trigger "manual" {}
%s  step "try" "t" {
    do {
      %s
    }
    catch {
      step "log" "why" {
        message = "caught ${error.message}"
        data    = error
      }
    }
  }
  output "why" {
    value     = step.t.error
    sensitive = true
  }
}
`, caught, state, step)
		if _, diags := w.tryCompile(vars + both); diags.HasErrors() {
			refused++
			for _, d := range diags {
				t.Logf("refused beforehand: %s\n%s %s", step, d.Summary, d.Detail)
			}
			continue
		}
		text.WriteString(both)
		names = append(names, plain, caught)
	}
	if refused > len(failing)/3 {
		t.Errorf("%d of %d failing steps are refused beforehand", refused, len(failing))
	}
	return names
}

// secretProbes are steps of kinds that leak as much as they can.
func secretProbes(w *world, canaries []canary) {
	secret := func(v cty.Value) string { v, _ = v.Unmark(); return v.AsString() }
	w.on("marked", func(context.Context, *steps.Call, cty.Value) (cty.Value, error) {
		return lang.MarkSensitive(cty.StringVal(canaries[38].text)), nil
	})
	again := map[string]bool{}
	w.on("back", func(_ context.Context, c *steps.Call, v cty.Value) (cty.Value, error) {
		if !again[c.Run] {
			again[c.Run] = true
			return cty.NilVal, &steps.PutBack{After: 1, Reason: "too many requests with " + secret(v)}
		}
		return v, nil
	})
	w.on("leaky", func(_ context.Context, c *steps.Call, v cty.Value) (cty.Value, error) {
		text := secret(v)
		return cty.NilVal, steps.Errorf(steps.HTTPError, "the server said %s, %q, %x, %s", text, text, text, base64.StdEncoding.EncodeToString([]byte("user:"+text)))
	})
	w.on("leaky_park", func(_ context.Context, c *steps.Call, v cty.Value) (cty.Value, error) {
		if c.Cursor == nil {
			return cty.NilVal, &steps.Park{Until: c.Now, Cursor: []byte("1"), Reason: "waits for " + secret(v)}
		}
		return cty.NilVal, fmt.Errorf("no error of ours: %s", secret(v))
	})
	w.on("panics", func(_ context.Context, c *steps.Call, v cty.Value) (cty.Value, error) {
		panic("with " + secret(v))
	})
}

// postSecret posts to an endpoint whose token is a canary: without it, with a wrong one and with the right one.
func postSecret(t *testing.T, w *world, token canary, shown *lockedBuffer) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	srv := &ingress.Server{Route: w.e.Route, Accept: w.e.Accept, Log: slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx, ln) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	header := url(token.text)
	for _, auth := range []string{"", "Bearer " + header, "Bearer x" + header} {
		for _, body := range []string{`{"text": "hello"}`, `{"text": ["` + "x" + `"]}`, `{`} {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+ln.Addr().String()+"/inbound/test/hook", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			if auth != "" {
				req.Header.Set("Authorization", auth)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Write(shown) // the answer, as it is seen
			resp.Body.Close()
		}
	}
}

// url leaves of a canary what may stand in a header.
func url(s string) string { return regexp.MustCompile(`[^A-Za-z0-9]`).ReplaceAllString(s, "-") }

// askSocket asks the control socket for all that it tells.
func askSocket(t *testing.T, w *world, ids []string, shown *lockedBuffer) {
	t.Helper()
	conn := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(w.dir, engine.SocketFile))
	}}}
	defer conn.CloseIdleConnections()
	post := func(path, body string) {
		resp, err := conn.Post("http://runner"+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		_ = resp.Write(shown)
	}
	for _, id := range ids[:3] {
		post("/runs/"+id+"/cancel", "")
		post("/runs/"+id+"/retry", "")
		post("/runs/"+id+"/resume?do=skip", "")
	}
	for _, name := range []string{"main", "child", "nothing"} {
		rb := w.compile(w.text)
		body, err := json.Marshal(map[string]any{"bundle": rb.Bundle, "runbook": name, "variables": w.values.Set,
			"input": map[string]any{"secret": 1, "plain": "x"}})
		if err != nil {
			t.Fatal(err)
		}
		post("/run", string(body))
	}
}

// searchDir searches all files of the data directory.
func searchDir(t *testing.T, canaries []canary, dir, when string) {
	t.Helper()
	size := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		size += len(data)
		found := leaks(canaries, data)
		for _, l := range found[:min(len(found), 5)] {
			t.Errorf("%s, %s: %s", filepath.Base(path), when, l)
		}
		return err
	})
	if err != nil || size < 100_000 {
		t.Errorf("%d bytes searched, error %v", size, err)
	}
}
