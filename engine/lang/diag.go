package lang

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/mattn/go-runewidth"
)

// maxRendered is how many diagnostics are printed; the rest is counted.
const maxRendered = 50

// RenderOptions say how diagnostics are printed.
type RenderOptions struct {
	// Color uses terminal colours.
	Color bool
	// Width is where lines of prose are wrapped, in columns; 0 means that they are not.
	Width int
}

// Render prints diagnostics for people: the summary, the place with its lines and block, the values
// involved and the detail. Files are the sources by name.
func Render(w io.Writer, files map[string][]byte, diags hcl.Diagnostics, o RenderOptions) error {
	return NewReport(files, diags).Render(w, o)
}

// Render prints the report for people.
func (r *Report) Render(w io.Writer, o RenderOptions) error {
	out := &renderer{Writer: bufio.NewWriter(w), o: o}
	shown := r.Diagnostics[:min(len(r.Diagnostics), maxRendered)]
	errors, warnings := r.ErrorCount, r.WarningCount
	for i := range shown {
		if shown[i].Severity == "error" {
			errors--
		} else {
			warnings--
		}
		out.diagnostic(&shown[i])
	}
	var more []string
	if errors > 0 {
		more = append(more, fmt.Sprintf("%d more %s", errors, plural(errors, "error")))
	}
	if warnings > 0 {
		more = append(more, fmt.Sprintf("%d more %s", warnings, plural(warnings, "warning")))
	}
	if len(more) > 0 {
		fmt.Fprintf(out, "… and %s\n", strings.Join(more, " and "))
	}
	return out.Flush()
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

type renderer struct {
	*bufio.Writer // keeps the first error for Flush
	o             RenderOptions
}

const (
	styleError   = "\x1b[1;31m"
	styleWarning = "\x1b[1;33m"
	styleBold    = "\x1b[1m"
	stylePlace   = "\x1b[4m"
	styleDim     = "\x1b[2m"
	styleReset   = "\x1b[0m"
)

func (w *renderer) style(style, text string) string {
	if !w.o.Color || text == "" {
		return text
	}
	return style + text + styleReset
}

func (w *renderer) diagnostic(d *ReportDiagnostic) {
	label, style := "Error:", styleError
	if d.Severity == "warning" {
		label, style = "Warning:", styleWarning
	}
	fmt.Fprintf(w, "%s %s\n\n", w.style(style, label), w.style(styleBold, d.Summary))
	if r := d.Range; r != nil {
		fmt.Fprintf(w, "  on %s line %d", r.Filename, r.Start.Line)
		if s := d.Snippet; s != nil && s.Context != nil {
			fmt.Fprintf(w, ", in %s", *s.Context)
		}
		w.WriteString(":\n")
		if d.Snippet == nil {
			w.WriteString("    (source code not available)\n")
		} else {
			w.snippet(d.Snippet, style)
		}
		w.WriteString("\n")
	}
	if d.Detail != "" {
		for _, line := range wrap(d.Detail, w.o.Width) {
			w.WriteString(line + "\n")
		}
		w.WriteString("\n")
	}
}

func (w *renderer) snippet(s *Snippet, style string) {
	at := 0
	for i, line := range strings.Split(s.Code, "\n") {
		a, b := clamp(s.HighlightStartOffset-at, len(line)), clamp(s.HighlightEndOffset-at, len(line))
		inside := s.HighlightStartOffset <= at+len(line) && s.HighlightEndOffset >= at
		at += len(line) + 1
		number := fmt.Sprintf("%4d: ", s.StartLine+i)
		// Leading blanks of a line in the middle of a place are not underlined.
		for a < b && (line[a] == ' ' || line[a] == '\t') {
			a++
		}
		fmt.Fprintf(w, "%s%s%s%s\n", w.style(styleDim, number), line[:a], w.style(stylePlace, line[a:b]), line[b:])
		if inside && (a < b || s.HighlightStartOffset >= at-len(line)-1) {
			blank := strings.Map(func(r rune) rune {
				if r == '\t' {
					return r
				}
				return ' '
			}, strings.Repeat(" ", len(number))+pad(line[:a]))
			fmt.Fprintf(w, "%s%s\n", blank, w.style(style, strings.Repeat("^", max(1, columns(line[a:b])))))
		}
	}
	if len(s.Values) > 0 {
		w.WriteString("    ├────────────────\n")
		for _, v := range s.Values {
			fmt.Fprintf(w, "    │ %s %s\n", w.style(styleBold, v.Traversal), v.Statement)
		}
	}
}

// columns is the width of text on a terminal, in columns.
func columns(s string) int {
	return (&runewidth.Condition{}).StringWidth(s)
}

// pad is text as wide as s, with its tabs.
func pad(s string) string {
	parts := strings.Split(s, "\t")
	for i, p := range parts {
		parts[i] = strings.Repeat(" ", columns(p))
	}
	return strings.Join(parts, "\t")
}

// wrap breaks text into lines of at most width columns where there are blanks. Lines that begin with a
// blank are examples and stay as they are.
func wrap(text string, width int) []string {
	var out []string
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if width <= 0 || columns(line) <= width || strings.HasPrefix(line, " ") {
			out = append(out, line)
			continue
		}
		cur, n := "", 0
		for _, word := range strings.Fields(line) {
			size := columns(word)
			if cur != "" && n+1+size > width {
				out = append(out, cur)
				cur, n = "", 0
			}
			if cur != "" {
				cur, n = cur+" ", n+1
			}
			cur, n = cur+word, n+size
		}
		out = append(out, cur)
	}
	return out
}
