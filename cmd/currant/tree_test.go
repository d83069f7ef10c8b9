package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/lang"
	"currant/steps/standard"
)

const treeText = `runbook "main" {
  trigger "manual" {}
  step "loop" "all" {
    items = [1, 2, 3]
    each "item" {
      step "log" "one" { message = "one" }
    }
  }
  step "if" "choice" {
    condition = true
    then {
      step "wait" "pause" { duration = "1h" }
    }
    else {
      step "fail" "no" { message = "no" }
    }
  }
}
`

func treeRunbook(t *testing.T) *compile.Runbook {
	t.Helper()
	options, err := compileOptions(standard.Deps{}, lang.Values{}, "")
	if err != nil {
		t.Fatal(err)
	}
	src, diags := lang.FromFiles(t.TempDir(), map[string][]byte{"main.hcl": []byte(treeText)})
	src.Name = "app"
	bp, more := compile.Compile(src, options)
	if diags = append(diags, more...); diags.HasErrors() {
		t.Fatal(diags)
	}
	return bp.Runbook("main")
}

func TestTree(t *testing.T) {
	begin := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	at := func(s float64) time.Time { return begin.Add(time.Duration(s * float64(time.Second))) }
	tree := newTree(treeRunbook(t))
	for _, p := range []engine.Progress{
		{Path: "all", Phase: "begin", At: at(0)},
		{Path: "all.each[0]/one", Phase: "begin", At: at(0)},
		{Path: "all.each[0]/one", Phase: "log", Reason: "hello\x1b[2J", At: at(0.1)},
		{Path: "all.each[0]/one", Phase: "ok", At: at(0.2)},
		{Path: "all", Phase: "turn", Reason: "1 of 3", At: at(0.2)},
		{Path: "all", Phase: "ok", At: at(1.5)},
		{Path: "choice", Phase: "begin", At: at(1.5)},
		{Path: "choice.then/pause", Phase: "begin", At: at(1.5)},
		{Path: "choice.then/pause", Phase: "retry", At: at(2), Attempt: 2, Error: &engine.ViewError{Message: "no answer"}},
		{Path: "unknown", Phase: "ok", At: at(2)},
	} {
		tree.take(p)
	}
	got := strings.Join(tree.lines(stream{}, at(4), 80), "\n")
	want := strings.Join([]string{
		"✓ all  loop  1 of 3  1s500ms",
		`  ✓ one  log  200ms  hello\u001b[2J`,
		"▶ choice  if  2s500ms",
		"  ⏸ then ▸ pause  wait  attempt 2  no answer",
		"  · else ▸ no  fail",
	}, "\n")
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	for _, line := range tree.lines(stream{}, at(4), 24) {
		if n := len([]rune(line)); n > 24 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	// What is stored wins at the end: progress may have been missed.
	tree.settle(engine.View{Steps: []engine.ViewStep{{Path: "choice.then/pause", Status: "failed", StartedAt: at(1.5), EndedAt: at(5), Error: &engine.ViewError{Message: "gone"}}}})
	if text := strings.Join(tree.lines(stream{}, at(9), 80), "\n"); !strings.Contains(text, "✗ then ▸ pause  wait  3s500ms  attempt 2  gone") {
		t.Error(text)
	}
}

// Where nothing can be drawn again, iterations do not flood the output, and failures are never left out.
func TestProgressLines(t *testing.T) {
	var out bytes.Buffer
	v := newProgressView(stream{Writer: &out}, treeRunbook(t))
	now := time.Now()
	for i := range 1000 {
		path := "all.each[" + itoa(i) + "]/one"
		v.tell(engine.Progress{Path: path, Phase: "begin", At: now})
		phase := "ok"
		if i == 900 {
			phase = "fail"
		}
		v.tell(engine.Progress{Path: path, Phase: phase, At: now})
	}
	v.tell(engine.Progress{Path: "all", Phase: "ok", At: now})
	v.close()
	text := out.String()
	if n := strings.Count(text, "\n"); n != tellTurns+2 || !strings.Contains(text, "all.each[900]/one failed") || !strings.Contains(text, "further ones are not shown") {
		t.Errorf("%d lines:\n%s", n, text)
	}
	if len(v.begun) > 1 {
		t.Errorf("%d steps are remembered", len(v.begun))
	}
}

func TestTerminalDrawing(t *testing.T) {
	var out bytes.Buffer
	v := &progressView{out: stream{Writer: &out}, tree: newTree(treeRunbook(t)), drawn: 0}
	v.draw(false)
	if out.Len() != 0 {
		t.Errorf("drawn where it cannot be drawn again: %q", out.String())
	}
}
