package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"

	"currant/engine"
	"currant/engine/lang"
)

// maxActivity is how many lines of what happened are kept.
const maxActivity = 500

// devScreen is what dev shows on a terminal: what is served and where, what the last reload changed, mistakes in
// their place, and what happens, line by line. It is drawn again when something changes.
type devScreen struct {
	mu         sync.Mutex // guards what follows
	title      []string
	blueprints []*servedBlueprint
	testing    bool // tests run on each save
	activity   []string
	unfinished string // what was written after the last line's end
	question   string // that a key answers, or ""
	help       bool
	ending     bool

	changed chan struct{} // holds one element while the screen is not as it should be
}

// servedBlueprint is one directory on the screen.
type servedBlueprint struct {
	dir, name string
	state     string
	problem   []string    // diagnostics
	runbooks  [][2]string // name and how it is started
	tests     string      // what became of them, or ""
	failure   []string    // of tests
}

func newDevScreen() *devScreen { return &devScreen{changed: make(chan struct{}, 1)} }

// touch asks for a drawing.
func (s *devScreen) touch() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// change changes what is on the screen.
func (s *devScreen) change(f func()) {
	s.mu.Lock()
	f()
	s.mu.Unlock()
	s.touch()
}

// Write takes lines of what happens.
func (s *devScreen) Write(p []byte) (int, error) {
	s.change(func() {
		lines := strings.Split(s.unfinished+string(p), "\n")
		s.unfinished = lines[len(lines)-1]
		s.activity = append(s.activity, lines[:len(lines)-1]...)
		if over := len(s.activity) - maxActivity; over > 0 {
			s.activity = append([]string(nil), s.activity[over:]...)
		}
	})
	return len(p), nil
}

// say adds one line to what happens.
func (s *devScreen) say(format string, args ...any) { fmt.Fprintf(s, format+"\n", args...) }

// of is the part of a directory; the first call makes it.
func (s *devScreen) of(dir string) *servedBlueprint {
	for _, b := range s.blueprints {
		if b.dir == dir {
			return b
		}
	}
	b := &servedBlueprint{dir: dir, name: lang.NameOf(dir)}
	s.blueprints = append(s.blueprints, b)
	return b
}

// reloaded shows what came of reading a blueprint.
func (s *devScreen) reloaded(r engine.Reload, d *devView) {
	out := d.out
	var problem []string
	if len(r.Diags) > 0 {
		var text bytes.Buffer
		if err := lang.Render(&text, r.Files, r.Diags, lang.RenderOptions{Color: out.color, Width: min(out.width(), 120)}); err != nil {
			text.WriteString(plain(r.Diags.Error()))
		}
		problem = strings.Split(strings.TrimRight(text.String(), "\n"), "\n")
	}
	now := clock(time.Now())
	s.change(func() {
		b := s.of(r.Dir)
		if r.Diags.HasErrors() || r.Swapped || len(b.problem) > 0 {
			b.problem = problem
		}
		switch {
		case r.Diags.HasErrors():
			b.state = out.style(styleBad, "✗ invalid since "+now+".") + " " + whatIsServed(r)
		case r.Blueprint == nil:
		case r.Swapped && d.served:
			b.state = fmt.Sprintf("%s%s %s", out.style(styleGood, "✓ in force"), whatChanged(r), out.style(styleDim, "("+now+", "+lang.FormatDuration(r.Took)+")"))
		default:
			b.state = out.style(styleGood, "✓ in force")
		}
		if r.Blueprint != nil {
			b.name = r.Blueprint.Name
			b.runbooks = nil
			for _, rb := range r.Blueprint.Runbooks {
				b.runbooks = append(b.runbooks, [2]string{rb.Name, d.howStarted(rb)})
			}
		}
	})
	if !r.Diags.HasErrors() && d.served && s.testsOn() {
		d.runTests(r.Dir)
	}
}

func (s *devScreen) testsOn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.testing
}

// ready shows where events are taken.
func (s *devScreen) ready(d *devView) {
	title := []string{d.out.style(styleBold, "currant dev") + "  " + d.server.publicURL}
	if c := d.server.console; c != nil {
		title[0] += d.out.style(styleDim, "  console at "+c.URL())
	}
	if d.server.o.account != nil {
		for _, line := range d.kept() {
			title = append(title, d.out.style(styleDim, line))
		}
	}
	s.change(func() { s.title = title })
}
