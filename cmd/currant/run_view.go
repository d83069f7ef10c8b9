package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/lang"
)

// progressView shows a run while it goes: as a tree that is drawn again on a terminal, else as lines.
type progressView struct {
	out   stream
	mu    sync.Mutex // guards what follows
	tree  *tree
	drawn int    // lines of the last drawing
	last  string // the last drawing
	told  map[string]int
	turns map[string]time.Time // when a loop's count was printed last
	begun map[string]time.Time
	quit  chan struct{}
	done  chan struct{}
}

// redrawEvery is how often durations on the screen move.
const redrawEvery = 100 * time.Millisecond

// tellTurns is how many iterations of a step are printed as lines; failures always are.
const tellTurns = 20

func newProgressView(out stream, rb *compile.Runbook) *progressView {
	v := &progressView{out: out, tree: newTree(rb), told: map[string]int{}, turns: map[string]time.Time{}, begun: map[string]time.Time{},
		quit: make(chan struct{}), done: make(chan struct{})}
	go v.redraw()
	return v
}

func (v *progressView) redraw() {
	defer close(v.done)
	if !v.out.live {
		return
	}
	tick := time.NewTicker(redrawEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			v.mu.Lock()
			v.draw(false)
			v.mu.Unlock()
		case <-v.quit:
			return
		}
	}
}

func (v *progressView) close() {
	v.mu.Lock()
	select {
	case <-v.quit:
	default:
		close(v.quit)
	}
	v.mu.Unlock()
	<-v.done
}

// tell takes one thing that the run did.
func (v *progressView) tell(p engine.Progress) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tree.take(p)
	if !v.out.live {
		v.line(p)
	}
}

// note prints a line for the person who watches.
func (v *progressView) note(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.erase()
	v.out.printf("%s\n", text)
	v.draw(false)
}

// end draws the tree for the last time, from the stored run: progress may have been missed.
func (v *progressView) end(view engine.View) {
	v.close()
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.out.live {
		return
	}
	v.tree.settle(view)
	v.draw(true)
}

func (v *progressView) erase() {
	if v.drawn > 0 {
		v.out.printf("\x1b[%dA\x1b[J", v.drawn)
		v.drawn = 0
	}
}

func (v *progressView) draw(whole bool) {
	if !v.out.live {
		return
	}
	width, height := v.out.size()
	lines := v.tree.lines(v.out, time.Now(), width)
	if max := height - 2; !whole && max > 3 && len(lines) > max {
		lines = append(lines[:max:max], fmt.Sprintf("… and %d more", len(lines)-max))
	}
	text := strings.Join(lines, "\n")
	if v.drawn > 0 && text == v.last {
		return // drawing it again would only flicker
	}
	v.erase()
	v.out.printf("%s\n", text)
	v.drawn, v.last = len(lines), text
}

var indices = regexp.MustCompile(`\[\d+\]`)

// line prints one thing that the run did, where nothing can be drawn again.
func (v *progressView) line(p engine.Progress) {
	name := p.Path
	if name == "" {
		return
	}
	text, style := "", ""
	switch p.Phase {
	case "begin":
		v.begun[p.Path] = p.At
		return
	case "ok":
		text = "ok " + lang.FormatDuration(v.took(p))
	case "skip":
		text = "skipped"
	case "fail":
		text, style = "failed", styleBad
		if p.Error != nil {
			text += ": " + plain(p.Error.Message)
		}
	case "retry":
		text, style = "tried again at "+clock(p.Until), styleWarn
		if p.Error != nil {
			text += ": " + plain(p.Error.Message)
		}
	case "wait":
		text = waitText(p.Reason, p.Until)
	case "held":
		text, style = "held: "+plain(p.Reason), styleWarn
	case "log":
		text = "log: " + plain(p.Reason)
	case "turn":
		if p.Reason == "" || p.At.Sub(v.turns[p.Path]) < time.Second {
			return
		}
		v.turns[p.Path] = p.At
		text = p.Reason
	default:
		return
	}
	if p.Phase == "ok" || p.Phase == "skip" || p.Phase == "log" {
		delete(v.begun, p.Path)
		if plain := indices.ReplaceAllString(p.Path, ""); plain != p.Path {
			v.told[plain+p.Phase]++
			if n := v.told[plain+p.Phase]; n > tellTurns {
				return
			} else if n == tellTurns {
				text += " (further ones are not shown)"
			}
		}
	}
	v.out.printf("%s step %s %s\n", v.out.style(styleDim, clock(p.At)), name, v.out.style(style, text))
}

func (v *progressView) took(p engine.Progress) time.Duration {
	if b, ok := v.begun[p.Path]; ok && p.At.After(b) {
		return p.At.Sub(b)
	}
	return 0
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "--:--:--"
	}
	if d := time.Until(t); d > 20*time.Hour || d < -20*time.Hour {
		return t.Local().Format("2006-01-02 15:04:05")
	}
	return t.Local().Format("15:04:05")
}

func waitText(reason string, until time.Time) string {
	text := "waiting"
	if !until.IsZero() {
		text += " until " + clock(until)
	}
	if reason != "" {
		text += ": " + plain(reason)
	}
	return text
}

// outputs prints the outputs of a run for people.
func outputs(out stream, v engine.View) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(v.Outputs, &values); err == nil && len(values) > 0 {
		out.printf("\n%s\n", out.style(styleBold, "Outputs:"))
		width := 0
		for name := range values {
			width = max(width, len(name))
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			out.printf("  %-*s = %s\n", width, name, valueText(values[name], "  "))
		}
	}
	text := v.Status
	if !v.EndedAt.IsZero() {
		text += " in " + lang.FormatDuration(v.EndedAt.Sub(v.AcceptedAt))
	}
	if v.Message != "" {
		text += ": " + plain(v.Message)
	}
	out.printf("\nRun %s %s.\n", v.JobUUID, out.style(statusStyle(v.Status), text))
}

// valueText is a value as JSON: on one line where that is short.
func valueText(raw json.RawMessage, indent string) string {
	if len(raw) <= 80 {
		return plain(string(raw))
	}
	var b bytes.Buffer
	if json.Indent(&b, raw, indent, "  ") != nil {
		return plain(string(raw))
	}
	return plainLines(b.String())
}

func statusStyle(status string) string {
	switch status {
	case "finished", "ok":
		return styleGood
	case "failed", "cancelled":
		return styleBad
	case "held", "waiting":
		return styleWarn
	case "running":
		return styleActive
	}
	return styleDim
}
