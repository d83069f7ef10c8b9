package main

import (
	"fmt"
	"strings"
	"unicode"
)

// plain is text from outside, safe to print: what does not print, and what turns the direction of writing,
// is shown as its code. Line breaks are too.
func plain(s string) string { return show(s, false) }

// plainLines is plain, with line breaks left as they are.
func plainLines(s string) string { return show(s, true) }

func show(s string, lines bool) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	ok := func(r rune) bool { return unicode.IsPrint(r) || lines && (r == '\n' || r == '\t') }
	if strings.IndexFunc(s, func(r rune) bool { return !ok(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case ok(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
