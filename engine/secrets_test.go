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
