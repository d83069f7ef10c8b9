package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"currant/engine/lang"
)

var functions = template.FuncMap{
	"shown": shown, "stamp": stamp, "exact": exact, "took": took, "short": short, "shortID": shortID, "number": number, "mark": mark, "add": func(a, b int) int { return a + b },
	"several": several,
}

// shown makes text of unknown origin say what is there: control characters and those that change the direction
// of writing, or that nobody sees, are written as their number.
func shown(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7F {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n' || r == '\t' || r == '\u200D' || unicode.IsPrint(r) || unicode.Is(unicode.Zs, r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\u{%04x}`, r)
		}
	}
	return b.String()
}

// cut shortens text to a number of bytes, at the end of a character.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

// stamp is a moment for people, in the runner's time zone: without the date where that is today's.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	now, local := time.Now(), t.Local()
	if now.YearDay() == local.YearDay() && now.Year() == local.Year() {
		return local.Format("15:04:05")
	}
	return local.Format("2006-01-02 15:04:05")
}

// exact is a moment with all its digits and its zone.
func exact(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(time.RFC3339Nano)
}

// took is a duration in about three digits.
func took(d time.Duration) string {
	switch {
	case d < 0:
		d = 0
	case d == 0:
		return "0 ms"
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return lang.FormatDuration(d.Round(time.Second))
}

// short is the beginning of a digest, which is enough to name it.
func short(s string) string { return s[:min(len(s), 12)] }

// shortID is the beginning and the end of a run's id: what begins at one moment ends differently.
func shortID(s string) string {
	if len(s) < 20 {
		return s
	}
	return s[:8] + "…" + s[len(s)-6:]
}

// number groups the digits of a number.
func number(n int64) string {
	if n < 0 && n > math.MinInt64 {
		return "−" + number(-n)
	}
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202F" + s[i:]
	}
	return s
}

// several is a number with its noun.
func several(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(int64(n)) + " " + noun + "s"
}

// marks are signs of states, for those who do not see colours.
var marks = map[string]string{"ok": "✓", "finished": "✓", "failed": "✗", "cancelled": "⊘", "running": "▸", "waiting": "◷", "held": "‖",
	"queued": "…", "skipped": "–", "stopped": "■", "error": "✗", "warning": "!"}

func mark(status string) string { return marks[status] }

// pretty is JSON over several lines where it is long.
func pretty(raw json.RawMessage) string {
	var b bytes.Buffer
	if len(raw) <= 72 || json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}
