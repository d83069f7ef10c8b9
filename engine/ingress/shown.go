package ingress

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxShown is the length of a text from outside in a log line or an answer, in bytes.
const maxShown = 2048

// shown is a text from outside, made fit for a log line: on one line, cut at 2 KiB, with control, format
// (so also bidirectional) and other invisible characters escaped, whatever the log's handler escapes.
func shown(s string) string { return cut(s, maxShown) }

func cut(s string, most int) string {
	plain := len(s) <= most
	for i := 0; plain && i < len(s); i++ {
		plain = s[i] >= 0x20 && s[i] < 0x7f
	}
	if plain {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		piece := s[i : i+n]
		switch {
		case r == utf8.RuneError && n <= 1:
			piece = fmt.Sprintf(`\x%02x`, s[i])
		case r != ' ' && !unicode.IsPrint(r):
			piece = fmt.Sprintf(`\u{%x}`, r)
		}
		if b.Len()+len(piece) > most {
			b.WriteString("…")
			break
		}
		b.WriteString(piece)
		i += n
	}
	return b.String()
}
