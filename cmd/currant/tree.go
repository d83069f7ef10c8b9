package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/lang"
)

// tree is a runbook's steps with how each stands. A step inside a loop is one line, that of the iteration
// heard of last: memory is that of the text, however many items there are.
type tree struct {
	list  []*branch
	paths map[string]*branch // without the indices of iterations
}

// branch is one step in the tree.
type branch struct {
	name, kind string
	depth      int
	status     string // "" has not begun
	begun      time.Time
	ended      time.Time
	until      time.Time
	detail     string
	turns      string
	attempt    int
}

func newTree(rb *compile.Runbook) *tree {
	t := &tree{paths: map[string]*branch{}}
	if rb != nil {
		t.add(rb.Steps, "", "", 0)
	}
	return t
}

func (t *tree) add(nodes []*compile.Node, prefix, label string, depth int) {
	for _, n := range nodes {
		b := &branch{name: label + n.Name, kind: n.Kind.Name, depth: depth}
		path := prefix + n.Name
		t.list = append(t.list, b)
		t.paths[path] = b
		for _, block := range n.Blocks {
			inner := ""
			if len(n.Blocks) > 1 {
				inner = block.Key + " ▸ "
			}
			t.add(block.Steps, path+"."+block.Key+"/", inner, depth+1)
		}
	}
}

// phases is what a step's status becomes.
var phases = map[string]string{"begin": "running", "call": "running", "wait": "waiting", "retry": "waiting", "ok": "ok", "skip": "skipped",
	"fail": "failed", "held": "held"}

func (t *tree) take(p engine.Progress) {
	b := t.paths[indices.ReplaceAllString(p.Path, "")]
	if b == nil {
		return
	}
	b.attempt = p.Attempt
	switch p.Phase {
	case "begin":
		b.begun, b.ended, b.turns = p.At, time.Time{}, ""
	case "ok", "skip", "fail":
		b.ended = p.At
	case "turn":
		b.turns = p.Reason
		return
	case "log":
		b.detail = p.Reason
		return
	}
	if s := phases[p.Phase]; s != "" {
		b.status = s
	}
	if b.until = p.Until; p.Phase == "ok" && b.kind == "log" {
		return // its line stays beside it
	}
	b.detail = p.Reason
	if p.Error != nil {
		b.detail = p.Error.Message
	}
}

// settle takes over what is stored of an ended or held run.
func (t *tree) settle(v engine.View) {
	for _, s := range v.Steps {
		b := t.paths[indices.ReplaceAllString(s.Path, "")]
		if b == nil {
			continue
		}
		b.status, b.begun, b.ended, b.until = s.Status, s.StartedAt, s.EndedAt, s.WakeAt
		if s.Error != nil {
			b.detail = s.Error.Message
		}
	}
}

var glyphs = map[string]string{"": "·", "running": "▶", "waiting": "⏸", "ok": "✓", "skipped": "-", "failed": "✗", "held": "!", "stopped": "■"}

// lines is the tree as text, one line per step, none wider than the screen.
func (t *tree) lines(out stream, now time.Time, width int) []string {
	var lines []string
	for _, b := range t.list {
		text := strings.Repeat("  ", b.depth) + glyphs[b.status] + " " + b.name
		side := b.kind
		if b.turns != "" {
			side += "  " + b.turns
		}
		switch b.status {
		case "ok", "failed", "stopped":
			if !b.ended.IsZero() && b.ended.After(b.begun) {
				side += "  " + lang.FormatDuration(b.ended.Sub(b.begun))
			}
		case "running":
			if d := now.Sub(b.begun); d >= redrawEvery {
				side += "  " + lang.FormatDuration(d.Truncate(100*time.Millisecond))
			}
		case "waiting":
			if !b.until.IsZero() {
				side += fmt.Sprintf("  until %s (%s)", clock(b.until), lang.FormatDuration(max(0, time.Until(b.until)).Truncate(time.Second)))
			}
		}
		if b.attempt > 1 {
			side += fmt.Sprintf("  attempt %d", b.attempt)
		}
		if b.detail != "" && b.status != "ok" || b.kind == "log" && b.detail != "" {
			side += "  " + plain(b.detail)
		}
		line := runewidth.Truncate(text+"  "+side, max(width-1, 20), "…")
		head, tail, cut := line, "", strings.HasPrefix(line, text)
		if cut {
			head, tail = line[:len(text)], line[len(text):]
		}
		lines = append(lines, out.style(statusStyle(b.status), head)+out.style(styleDim, tail))
	}
	return lines
}
