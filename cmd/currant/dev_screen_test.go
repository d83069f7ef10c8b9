package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"
)

// The screen fits its terminal, whatever is on it; mistakes come before the list of what is served.
func TestDevScreenFits(t *testing.T) {
	s := newDevScreen()
	s.title = []string{"currant dev  http://127.0.0.1:7780"}
	for i := range 3 {
		b := s.of(fmt.Sprintf("blueprint-%d", i))
		b.state = "✓ in force"
		for n := range 12 {
			b.runbooks = append(b.runbooks, [2]string{fmt.Sprintf("runbook-%d", n), "webhook at " + strings.Repeat("x", 100)})
		}
	}
	s.blueprints[1].problem = []string{"Error: Reference to undeclared step", "", "  on main.hcl line 3:", "    3:  日本語 = step.nme", "", "There is no step named \"nme\"."}
	for i := range 600 {
		s.say("%s run %d \x1b[32mfinished\x1b[0m", "10:00:00", i)
	}
	if len(s.activity) != maxActivity {
		t.Errorf("%d lines are kept", len(s.activity))
	}
	for _, size := range [][2]int{{80, 24}, {200, 60}, {40, 12}, {10, 3}, {1, 1}} {
		for _, help := range []bool{false, true} {
			s.help = help
			lines := s.lines(stream{color: true}, size[0], size[1])
			if len(lines) > size[1] {
				t.Errorf("%v: %d lines", size, len(lines))
			}
			for _, line := range lines {
				if w := runewidth.StringWidth(colours.ReplaceAllString(line, "")); w > size[0] {
					t.Errorf("%v: %d columns: %q", size, w, line)
				}
			}
		}
	}
	s.help = false
	text := strings.Join(s.lines(stream{}, 80, 24), "\n")
	for _, want := range []string{"http://127.0.0.1:7780", "blueprint-0  ✓ in force  blueprint-0", "Error: Reference to undeclared step", `There is no step named "nme".`,
		"more runbooks", "run 599", "s send"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q on the screen:\n%s", want, text)
		}
	}
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestClip(t *testing.T) {
	for _, c := range []struct {
		line  string
		width int
		want  string
	}{
		{"short", 10, "short"},
		{"too long", 3, "too"},
		{"\x1b[31mred\x1b[0m and more", 3, "\x1b[31mred\x1b[0m"},
		{"\x1b[31mred", 2, "\x1b[31mre\x1b[0m"},
		{"日本語", 5, "日本"},
		{"a\tb", 3, "a b"},
		{"\x1b[31", 5, ""},
	} {
		if got := clip(c.line, c.width); got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.line, c.width, got, c.want)
		}
	}
}

func TestFolded(t *testing.T) {
	got := folded([]string{"one", "\x1b[31mabcdef\x1b[0m", "", "日本語"}, 4)
	want := []string{"one", "\x1b[31mabcd\x1b[0m", "\x1b[31mef\x1b[0m", "", "日本", "語"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := folded([]string{"日本"}, 1); len(got) != 1 {
		t.Errorf("%q", got)
	}
}

const byHand = `runbook "greet" {
  trigger "manual" {
    input_schema = object({ name = string })
  }
  step "log" "say" { message = "Hello, ${trigger.input.name}!" }
  output "text" { value = "Hello" }
}
`

const byHandTest = `test "greets" {
  runbook = runbook.greet
  trigger { input = { name = "Ann" } }
  expect "say" { count = 1 }
}
`

// Keys send a sample, run it again, run the tests on each save, and end it; what is saved is seen in its place.
func TestDevKeys(t *testing.T) {
	p := sit(t, map[string]string{"main.hcl": byHand, "main.test.hcl": byHandTest})
	p.sees(`currant dev  http://127\.0\.0\.1:\d+`)
	p.sees(`app  ✓ in force`)
	p.sees(`greet +by hand: currant run greet`)
	p.press("r")
	p.sees(`No run has ended yet`)
	p.press("s") // there is one runbook: nothing is asked
	p.sees(`app/greet finished in`)
	p.press("r")
	p.sees(`(?s)app/greet finished in.*app/greet finished in`)

	p.press("t")
	p.sees(`tests  ✓ 1 test passed`)
	writeFile(t, p.file, strings.Replace(byHand, `step "log" "say"`, `step "log" "tell"`, 1))
	p.sees(`✓ in force, changed greet`)
	p.sees(`tests  ✗ They cannot be run`)
	writeFile(t, p.file, strings.Replace(byHand, `  step "log"`, "  step \"finish\" \"early\" {}\n  step \"log\"", 1))
	p.sees(`tests  ✗ 1 test failed`)
	writeFile(t, p.file, strings.Replace(byHand, "trigger.input.name", "trigger.input.nme", 1))
	p.sees(`✗ invalid since .* The last good version stays in force`)
	p.sees(`Did you mean "name"\?`)
	writeFile(t, p.file, byHand+strings.Replace(byHand, "greet", "again", 1))
	p.sees(`✓ in force, added again`)
	p.sees(`tests  ✓ 1 test passed`)
	p.press("t")

	p.press("s") // two runbooks: a digit chooses
	p.sees(`(?s)1  app/greet \(manual\).*2  app/again \(manual\)`)
	p.press("x")
	p.sees(`o console`)
	p.press("s")
	p.sees(`2  app/again`)
	p.press("2")
	p.sees(`app/again finished in`)
	p.press("?")
	p.sees(`run the last run again`)
	p.press("\x1b[A?") // an arrow, in one piece with what follows, means nothing
	p.press("?")
	p.sees(`o console`)
	p.press("o")
	p.sees(`There is no console: it is switched off`)

	p.press("q")
	if err := p.wait(); err != nil {
		t.Error(err)
	}
	p.left()
}

// Ctrl-C is a key on a screen: the first ends in order, also while something runs.
func TestDevCtrlC(t *testing.T) {
	p := sit(t, map[string]string{"main.hcl": patient})
	p.sees(`✓ in force`)
	p.press("s")
	p.press("\x03")
	if err := p.wait(); err != nil {
		t.Error(err)
	}
	p.left()
}

// However it ends, the terminal is as before: by a context, with a server that cannot begin, by a panic.
func TestDevLeavesTheTerminal(t *testing.T) {
	t.Run("invalid settings", func(t *testing.T) {
		p := sit(t, map[string]string{"main.hcl": "variable \"x\" {\n"})
		p.sees(`✗ invalid since`)
		p.press("\x03")
		if err := p.wait(); err != nil {
			t.Error(err)
		}
		p.left()
	})
	t.Run("panic", func(t *testing.T) {
		restored := 0
		term := &terminal{in: strings.NewReader(""), out: stream{Writer: io.Discard, live: true}, err: stream{Writer: io.Discard}, lookup: func(string) (string, bool) { return "", false }}
		keys := &keyboard{in: panicking{}, raw: func() (func() error, error) {
			return func() error { restored++; return nil }, nil
		}}
		defer func() {
			if p := recover(); p == nil || restored != 1 {
				t.Errorf("panic %v, restored %d times", p, restored)
			}
		}()
		// Without a compiler's options the server panics.
		_ = runScreen(t.Context(), term, nil, keys)
	})
}

// panicking is a keyboard that nobody types on.
type panicking struct{}

func (panicking) Read([]byte) (int, error) { return 0, io.EOF }
