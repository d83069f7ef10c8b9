package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/term"

	"currant/engine/lang"
)

// terminal is what a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err stream
	lookup   func(string) (string, bool) // of environment variables
	// asks says that a person is there to answer.
	asks bool
}

// stream is an output.
type stream struct {
	io.Writer
	// live outputs are a person's screen: lines may be drawn again.
	live  bool
	color bool
	file  *os.File // where live
}

func newTerminal(in, out, err *os.File, lookup func(string) (string, bool)) *terminal {
	t := &terminal{in: in, lookup: lookup, asks: term.IsTerminal(int(in.Fd()))}
	t.out, t.err = t.stream(out), t.stream(err)
	return t
}

func (t *terminal) stream(f *os.File) stream {
	s := stream{Writer: f, file: f}
	if s.live = term.IsTerminal(int(f.Fd())); s.live {
		noColor, _ := t.lookup("NO_COLOR")
		name, _ := t.lookup("TERM")
		s.live, s.color = name != "dumb", noColor == "" && name != "dumb"
	}
	return s
}

// width is the number of columns, 0 where there is no limit.
func (s stream) width() int {
	w, _ := s.size()
	return w
}

func (s stream) size() (width, height int) {
	if !s.live {
		return 0, 0
	}
	w, h, err := term.GetSize(int(s.file.Fd()))
	if err != nil || w <= 0 || h <= 0 {
		return 80, 24
	}
	return w, h
}

// The colours, by what they say.
const (
	styleBold   = "\x1b[1m"
	styleDim    = "\x1b[2m"
	styleGood   = "\x1b[32m"
	styleBad    = "\x1b[31m"
	styleWarn   = "\x1b[33m"
	styleActive = "\x1b[36m"
	styleReset  = "\x1b[0m"
)

func (s stream) style(style, text string) string {
	if !s.color || text == "" || style == "" {
		return text
	}
	return style + text + styleReset
}

func (s stream) printf(format string, args ...any) { fmt.Fprintf(s, format, args...) }

// json prints one value, indented, for a program or a person.
func (s stream) json(v any) error {
	enc := json.NewEncoder(s)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// diagnostics shows what is wrong with a blueprint.
func (s stream) diagnostics(files map[string][]byte, diags hcl.Diagnostics) error {
	return lang.Render(s, files, diags, lang.RenderOptions{Color: s.color, Width: min(s.width(), 120)})
}
