package console

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"currant/engine/lang"
)

// sourceLine is a line of a file, in pieces of one colour each, with what is wrong there.
type sourceLine struct {
	N      int
	Pieces []piece
	Diags  []lang.ReportDiagnostic
}

// piece is text of one class: c comment, s text, n number, k word of the language, a name, or "". Bad pieces
// are what a diagnostic points at.
type piece struct {
	Class, Text string
	Bad         bool
}

// pageLines is how many lines of a file are shown at once.
const pageLines = 1500

// sourceLines are the lines of a file from the line numbered from, at most pageLines, and how many there are.
// secrets are the names of arguments whose values are not shown.
func sourceLines(name string, text []byte, diags []lang.ReportDiagnostic, from int, secrets []string) ([]sourceLine, int) {
	text = bytes.TrimSuffix(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("\n"))
	total := bytes.Count(text, []byte("\n")) + 1
	from = max(1, min(from, total))
	out := make([]sourceLine, 0, min(pageLines, total-from+1))
	for n := from; n <= total && n < from+pageLines; n++ {
		out = append(out, sourceLine{N: n})
	}
	marks := map[int]bool{} // bytes where a place begins or ends
	bad := func(at int) bool {
		return slices.ContainsFunc(diags, func(d lang.ReportDiagnostic) bool { return d.Range.Start.Byte <= at && at < d.Range.End.Byte })
	}
	for _, d := range diags {
		marks[d.Range.Start.Byte], marks[d.Range.End.Byte] = true, true
		if at := d.Range.Start.Line - from; at >= 0 && at < len(out) {
			out[at].Diags = append(out[at].Diags, d)
		}
	}
	tokens, _ := hclsyntax.LexConfig(text, name, hcl.InitialPos)
	hidden := hiddenPlaces(name, text, tokens, secrets)
	line, at := 1, 0
	add := func(class string, part []byte) {
		for len(part) > 0 {
			for len(hidden) > 0 && hidden[0].end <= at {
				hidden = hidden[1:]
			}
			n := len(part)
			hide := len(hidden) > 0 && hidden[0].start <= at
			if len(hidden) > 0 {
				next := hidden[0].start
				if hide {
					next = hidden[0].end
				}
				n = min(n, max(next-at, 1))
			}
			for i := 1; i < n; i++ {
				if part[i-1] == '\n' || len(marks) > 0 && marks[at+i] {
					n = i
				}
			}
			piece := piece{Class: class, Text: shown(strings.TrimRight(string(part[:n]), "\r\n")), Bad: len(diags) > 0 && bad(at)}
			if hide {
				piece.Text = masked
			}
			if i := line - from; i >= 0 && i < len(out) && piece.Text != "" {
				before := out[i].Pieces
				if hide && at > hidden[0].start && len(before) > 0 && before[len(before)-1].Text == masked {
					before[len(before)-1].Bad = before[len(before)-1].Bad || piece.Bad // one secret, said once
				} else {
					out[i].Pieces = append(before, piece)
				}
			}
			if part[n-1] == '\n' {
				line++
			}
			part, at = part[n:], at+n
		}
	}
	for i, t := range tokens {
		if t.Range.Start.Byte < at || t.Range.End.Byte > len(text) {
			continue
		}
		add("", text[at:t.Range.Start.Byte])
		add(classOf(tokens, i), text[t.Range.Start.Byte:t.Range.End.Byte])
	}
	add("", text[at:])
	return out, total
}

// classOf is the colour of a token.
func classOf(tokens hclsyntax.Tokens, i int) string {
	switch t := tokens[i]; t.Type {
	case hclsyntax.TokenComment:
		return "c"
	case hclsyntax.TokenOQuote, hclsyntax.TokenCQuote, hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit, hclsyntax.TokenOHeredoc, hclsyntax.TokenCHeredoc:
		return "s"
	case hclsyntax.TokenNumberLit:
		return "n"
	case hclsyntax.TokenIdent:
		switch string(t.Bytes) {
		case "true", "false", "null", "for", "in", "if":
			return "k"
		}
		if i == 0 || tokens[i-1].Type == hclsyntax.TokenNewline || tokens[i-1].Type == hclsyntax.TokenOBrace || tokens[i-1].Type == hclsyntax.TokenComment {
			return "a"
		}
	}
	return ""
}

// holdsValues says of a file that it holds values of variables, secrets among them, and no part of the blueprint.
func holdsValues(name string) bool { return strings.HasSuffix(name, ".vars.hcl") }
