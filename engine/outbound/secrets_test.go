package outbound

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// spellings writes a secret as the outputs of a runner may.
func spellings(s string) map[string]string {
	j, _ := json.Marshal(s)
	jj, _ := json.Marshal(string(j))
	out := map[string]string{
		"plain":     s,
		"json":      string(j),
		"json json": string(jj),
		"go":        fmt.Sprintf("%q", s),
		"go ascii":  fmt.Sprintf("%+q", s),
		"query":     "?x=" + url.QueryEscape(s),
		"path":      "/x/" + url.PathEscape(s),
		"html":      html.EscapeString(s),
		"hex":       hex.EncodeToString([]byte(s)),
		"HEX":       fmt.Sprintf("%X", s),
		"url":       (&url.URL{Scheme: "http", Host: "h", RawQuery: url.Values{"k": {s}}.Encode()}).String(),
	}
	for i, before := range []string{"", "u", "us"} {
		out[fmt.Sprint("base64 ", i)] = base64.StdEncoding.EncodeToString([]byte(before + s + "tail"))
		out[fmt.Sprint("base64url ", i)] = base64.RawURLEncoding.EncodeToString([]byte(before + s))
	}
	return out
}

func TestX3SecretsInEveryForm(t *testing.T) {
	for _, secret := range []string{
		"hunter2", "abcd", `pa"ss\word`, "a<b>&c'd/e", "p w+d%20=?", "grüße-密码", "line one is long enough\nline two is long enough\n", "tab\there", "\x01\x02\x03\x04", "💣💣",
	} {
		s := NewSecrets("another one", secret)
		for form, text := range spellings(secret) {
			if !s.Contains([]byte("before " + text + " after")) {
				t.Errorf("%q as %s (%s) is not found", secret, form, text)
			}
			got := s.Redact("before " + text + " after")
			if strings.Contains(got, text) || !strings.Contains(got, Sensitive) || !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") || s.Contains([]byte(got)) {
				t.Errorf("%q as %s: Redact gives %q", secret, form, got)
			}
		}
	}
}

func TestX3SecretsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.StringN(4, 20, -1), 1, 4).Draw(t, "secrets")
		s := NewSecrets(list...)
		secret := rapid.SampledFrom(list).Draw(t, "secret")
		text := rapid.String().Draw(t, "before") + secret + rapid.String().Draw(t, "after")
		if got := s.Redact(text); strings.Contains(strings.ReplaceAll(got, Sensitive, "\x00\x00"), secret) {
			t.Fatalf("%q of %q is still in %q", secret, list, got)
		}
	})
}

func TestX3SecretsThatOverlap(t *testing.T) {
	s := NewSecrets("abcdef", "defghi", "abc", "zzzz")
	for text, want := range map[string]string{
		"xabcdefghix":  "x" + Sensitive + "x",
		"abcdef":       Sensitive,
		"abcdefdefghi": Sensitive,
		"zzzzzz":       Sensitive,
		"abc":          "abc", // too short to be looked for
		"abcde":        "abcde",
		"":             "",
		"zzzz zzzz":    Sensitive + " " + Sensitive,
	} {
		if got := s.Redact(text); got != want {
			t.Errorf("Redact(%q) = %q, want %q", text, got, want)
		}
	}
	key := "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----\n"
	s = NewSecrets(key)
	if got := s.Redact("x AQEFAASCBKcwggSjAgEAAoIB y"); got != "x "+Sensitive+" y" {
		t.Errorf("a line of a key: %q", got)
	}
	if got := s.Redact("-----BEGIN KEY-----"); got != "-----BEGIN KEY-----" {
		t.Errorf("%q", got)
	}
}

func TestX3SecretsDoNotPrint(t *testing.T) {
	s := NewSecrets("hunter2", "hunter3")
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s)
	j, err := json.Marshal(struct{ S *Secrets }{s})
	all := fmt.Sprintf("%v %+v %#v %s %q %v %s", s, s, s, s, s, struct{ S *Secrets }{s}, log.String()) + string(j)
	if err != nil || strings.Contains(all, "hunter") || !strings.Contains(all, "Secrets(2)") {
		t.Errorf("%v: %s", err, all)
	}
	var none *Secrets
	if none.Redact("hunter2") != "hunter2" || none.Contains([]byte("hunter2")) || none.String() != "Secrets(0)" {
		t.Error("nil")
	}
}

func BenchmarkSecretsRedact(b *testing.B) {
	var list []string
	for i := range 100 {
		list = append(list, fmt.Sprintf("secret-number-%d-%x", i, i*7919))
	}
	s := NewSecrets(list...)
	text := strings.Repeat("a log line without anything in it; ", 30)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Redact(text)
	}
}
