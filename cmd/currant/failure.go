package main

import (
	"bytes"
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"currant/engine"
	"currant/engine/lang"
)

// failure shows why a run failed, with the line of the blueprint where the files have it.
func failure(out stream, files map[string][]byte, v engine.View) {
	e := v.Error
	if e == nil {
		return
	}
	summary := "The run failed"
	if e.Step != "" {
		summary = fmt.Sprintf("Step %q failed", e.Step)
	}
	summary += " (" + e.Kind
	if e.Status != nil {
		summary += fmt.Sprintf(", status %d", *e.Status)
	}
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary + ")", Detail: e.Message}
	if e.File != "" && e.Line > 0 {
		d.Subject = lineRange(e.File, files[e.File], e.Line)
	}
	out.printf("\n")
	if err := lang.Render(out, files, hcl.Diagnostics{d}, lang.RenderOptions{Color: out.color, Width: min(out.width(), 120)}); err != nil {
		out.printf("%s: %s\n", summary, e.Message)
	}
}

// lineRange is the place of a line's text in a file.
func lineRange(name string, src []byte, line int) *hcl.Range {
	start := 0
	for range line - 1 {
		n := bytes.IndexByte(src[start:], '\n')
		if n < 0 {
			break
		}
		start += n + 1
	}
	text, _, _ := bytes.Cut(src[start:], []byte("\n"))
	blank := len(text) - len(bytes.TrimLeft(text, " \t"))
	from := hcl.Pos{Line: line, Column: blank + 1, Byte: start + blank}
	to := hcl.Pos{Line: line, Column: len(text) + 1, Byte: start + len(bytes.TrimRight(text, " \t\r"))}
	return &hcl.Range{Filename: name, Start: from, End: to}
}
