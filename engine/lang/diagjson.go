package lang

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// Report is a list of diagnostics in the form that "terraform validate -json" has. What people read is
// rendered from it, so that the two never disagree.
type Report struct {
	FormatVersion string             `json:"format_version"`
	Valid         bool               `json:"valid"`
	ErrorCount    int                `json:"error_count"`
	WarningCount  int                `json:"warning_count"`
	Diagnostics   []ReportDiagnostic `json:"diagnostics"`
}

// ReportDiagnostic is one diagnostic of a Report.
type ReportDiagnostic struct {
	Severity string       `json:"severity"` // error or warning
	Summary  string       `json:"summary"`
	Detail   string       `json:"detail"`
	Range    *ReportRange `json:"range,omitempty"`
	Snippet  *Snippet     `json:"snippet,omitempty"`
}

// ReportRange is a place in a file.
type ReportRange struct {
	Filename string    `json:"filename"`
	Start    ReportPos `json:"start"`
	End      ReportPos `json:"end"`
}

// ReportPos is a position: line and column from 1, byte from 0.
type ReportPos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// Snippet is the source around a place. The offsets are of bytes in Code.
type Snippet struct {
	// Context is the header of the block around the place.
	Context              *string        `json:"context"`
	Code                 string         `json:"code"`
	StartLine            int            `json:"start_line"`
	HighlightStartOffset int            `json:"highlight_start_offset"`
	HighlightEndOffset   int            `json:"highlight_end_offset"`
	Values               []SnippetValue `json:"values"`
}

// SnippetValue says what a name in the expression stands for: "local.x", "is 5".
type SnippetValue struct {
	Traversal string `json:"traversal"`
	Statement string `json:"statement"`
}

// maxReported bounds the list; the counts are of all.
const maxReported = 1000

// NewReport makes a report of diagnostics, in order of file and line and without repetitions. Files are
// the sources by name; a place in a file that is not among them has no snippet.
func NewReport(files map[string][]byte, diags hcl.Diagnostics) *Report {
	r := &Report{FormatVersion: "1.0", Valid: true, Diagnostics: []ReportDiagnostic{}}
	blocks := blockFinder{files: files}
	for _, d := range inOrder(diags) {
		severity := "warning"
		if d.Severity == hcl.DiagError {
			severity = "error"
			r.ErrorCount++
			r.Valid = false
		} else {
			r.WarningCount++
		}
		if len(r.Diagnostics) == maxReported {
			continue
		}
		rd := ReportDiagnostic{Severity: severity, Summary: showText(d.Summary), Detail: showText(d.Detail)}
		if d.Subject != nil {
			at := visible(*d.Subject)
			rd.Range = &ReportRange{Filename: showText(at.Filename), Start: ReportPos(at.Start), End: ReportPos(at.End)}
			if src := files[at.Filename]; src != nil {
				rd.Snippet = snippet(src, at, d.Context)
				if header := blocks.around(at.Filename, d.Subject.Start.Byte); header != "" {
					rd.Snippet.Context = &header
				}
				rd.Snippet.Values = valuesOf(d)
			}
		}
		r.Diagnostics = append(r.Diagnostics, rd)
	}
	return r
}

// inOrder sorts diagnostics by file and place, those without a place first, and drops repetitions.
func inOrder(diags hcl.Diagnostics) hcl.Diagnostics {
	type key struct {
		at              hcl.Range
		summary, detail string
	}
	seen := map[key]bool{}
	var out hcl.Diagnostics
	for _, d := range diags {
		if d == nil {
			continue
		}
		k := key{summary: d.Summary, detail: d.Detail}
		if d.Subject != nil {
			k.at = *d.Subject
		}
		if !seen[k] {
			seen[k] = true
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b *hcl.Diagnostic) int {
		var x, y hcl.Range
		if a.Subject != nil {
			x = *a.Subject
		}
		if b.Subject != nil {
			y = *b.Subject
		}
		return cmp.Or(cmp.Compare(x.Filename, y.Filename), cmp.Compare(x.Start.Line, y.Start.Line), cmp.Compare(x.Start.Column, y.Start.Column))
	})
	return out
}

// visible is a range that has at least one character, so that it can be pointed at.
func visible(r hcl.Range) hcl.Range {
	if r.End.Byte <= r.Start.Byte {
		r.End = r.Start
		r.End.Byte++
		r.End.Column++
	}
	return r
}

// A snippet is at most this large, however long the lines are and however large the place is.
const (
	maxSnippetLines = 10
	maxSnippetWidth = 200
)

// snippet cuts the lines around a place out of a file.
func snippet(src []byte, at hcl.Range, context *hcl.Range) *Snippet {
	start, end := clamp(at.Start.Byte, len(src)), clamp(at.End.Byte, len(src))
	from, to := start, end
	if context != nil && context.Filename == at.Filename {
		from, to = min(from, clamp(context.Start.Byte, len(src))), max(to, clamp(context.End.Byte, len(src)))
	}
	from = bytes.LastIndexByte(src[:from], '\n') + 1
	if from == 0 && bytes.HasPrefix(src, bom8) {
		from = len(bom8)
		start, end, to = max(start, from), max(end, from), max(to, from)
	}
	if to > from && to > start && src[to-1] == '\n' {
		to-- // the place ends with its line
	}
	// Keep the place when there are too many lines before it.
	if n := bytes.Count(src[from:start], []byte{'\n'}); n > maxSnippetLines/2 {
		for range n - maxSnippetLines/2 {
			from += bytes.IndexByte(src[from:], '\n') + 1
		}
	}
	s := &Snippet{StartLine: at.Start.Line - bytes.Count(src[from:start], []byte{'\n'}), HighlightStartOffset: -1, Values: []SnippetValue{}}
	var code []byte
	for line := range maxSnippetLines {
		if line > 0 {
			code = append(code, '\n')
		}
		stop := len(src)
		if n := bytes.IndexByte(src[from:], '\n'); n >= 0 {
			stop = from + n
		}
		text := bytes.TrimSuffix(src[from:stop], []byte{'\r'})
		hs, he := clamp(start-from, len(text)), clamp(end-from, len(text))
		shown, a, b := showLine(string(text), hs, he)
		if s.HighlightStartOffset < 0 && start <= from+len(text)+1 {
			s.HighlightStartOffset = len(code) + a
		}
		if s.HighlightStartOffset >= 0 && end > from {
			s.HighlightEndOffset = len(code) + b
		}
		code = append(code, shown...)
		from = stop + 1
		if stop >= to || stop >= len(src) {
			break
		}
	}
	s.Code = string(code)
	s.HighlightStartOffset = clamp(s.HighlightStartOffset, len(code))
	s.HighlightEndOffset = max(s.HighlightEndOffset, s.HighlightStartOffset)
	return s
}

func clamp(i, n int) int { return max(0, min(i, n)) }
