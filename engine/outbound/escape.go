package outbound

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLogField is the longest field of a log line, in bytes.
const MaxLogField = 2 << 10

const ellipsis = "…"

// EscapeLog makes outside text safe in a log line: control characters, line and
// paragraph separators, bidi and other invisible format characters, and bytes
// that are not UTF-8 are written as escapes, and the result is cut at max bytes
// (0 is MaxLogField), ending in "…" where something was cut off.
func EscapeLog(s string, max int) string {
	if max <= 0 {
		max = MaxLogField
	}
	if len(s) <= max && plain(s) {
		return s
	}
	var b strings.Builder
	keep := 0 // longest length that leaves room for the ellipsis
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		piece := s[i : i+n]
		switch {
		case r == utf8.RuneError && n == 1:
			piece = fmt.Sprintf(`\x%02x`, s[i])
		case hidden(r):
			piece = escapeRune(r)
		}
		if b.Len()+len(piece) > max {
			return b.String()[:keep] + ellipsis[:min(len(ellipsis), max-keep)]
		}
		b.WriteString(piece)
		if b.Len() <= max-len(ellipsis) {
			keep = b.Len()
		}
		i += n
	}
	return b.String()
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return strings.IndexFunc(s, hidden) < 0 && utf8.ValidString(s)
		}
	}
	return true
}

func escapeRune(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// hidden reports the runes that a terminal acts on or does not show. The two
// joiners stay: scripts and emoji need them, and they forge nothing.
func hidden(r rune) bool {
	switch r {
	case 0x200c, 0x200d:
		return false
	}
	return r < ' ' || r >= 0x7f && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
