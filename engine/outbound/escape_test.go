package outbound

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestW9EscapeLog(t *testing.T) {
	for in, want := range map[string]string{
		"":                               "",
		"plain text":                     "plain text",
		`C:\temp "quoted"`:               `C:\temp "quoted"`,
		"grüße 密码 💣":                     "grüße 密码 💣",
		"👩\u200d💻":                       "👩\u200d💻",
		"a\nlevel=ERROR b":               `a\nlevel=ERROR b`,
		"a\r\nb":                         `a\r\nb`,
		"a\tb":                           `a\tb`,
		"a\x00b":                         `a\x00b`,
		"a\x1b[31mred":                   `a\x1b[31mred`,
		"a\x7fb":                         `a\x7fb`,
		"a\u0085b":                       `a\x85b`,
		"a\u009b31mb":                    `a\x9b31mb`,
		"a\u2028b\u2029c":                `a\u2028b\u2029c`,
		"a\u202eb\u202cc":                `a\u202eb\u202cc`,
		"a\u2066b\u2069c":                `a\u2066b\u2069c`,
		"a\u200eb\u200fc\u061cd":         `a\u200eb\u200fc\u061cd`,
		"a\ufeffb\u200bc\u00add":         `a\ufeffb\u200bc\xadd`,
		"a\xffb\xc3":                     `a\xffb\xc3`,
		"a\U000e0041b":                   `a\U000e0041b`,
		"a\x08\x08\x08b\x0b\x0c\x07":     `a\x08\x08\x08b\x0b\x0c\x07`,
		"\x1b]8;;http://evil\x1b\\link":  `\x1b]8;;http://evil\x1b\link`,
		"x\u2029time=now level=INFO m=y": `x\u2029time=now level=INFO m=y`,
	} {
		if got := EscapeLog(in, 0); got != want {
			t.Errorf("EscapeLog(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"1234567890":  "1234567890",
		"12345678901": "1234567…",
		"123456üüü":   "123456…",
		"1234567\n89": "1234567…",
		"12345678\n":  `12345678\n`,
		"123456789\n": "1234567…",
	} {
		if got := EscapeLog(in, 10); got != want {
			t.Errorf("EscapeLog(%q, 10) = %q, want %q", in, got, want)
		}
	}
	if got := EscapeLog(strings.Repeat("x", 5000), 0); len(got) != 2048 || !strings.HasSuffix(got, "…") {
		t.Errorf("cut at %d bytes", len(got))
	}
}

func FuzzW9EscapeLog(f *testing.F) {
	f.Add("a\nb", 10)
	f.Add("\u202e\xff", 3)
	f.Fuzz(func(t *testing.T, s string, n int) {
		got := EscapeLog(s, n)
		if n <= 0 {
			n = MaxLogField
		}
		if len(got) > n || n >= 3 && !utf8.ValidString(got) || strings.IndexFunc(got, hidden) >= 0 && n >= 3 {
			t.Fatalf("EscapeLog(%q, %d) = %q", s, n, got)
		}
	})
}
