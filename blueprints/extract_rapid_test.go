package blueprints

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"currant/engine/lang"
)

// pieces are what is hard to write, in any order.
var pieces = []string{"${", "$${", "%{", "%%{", "$", "%", "{", "}", "~}", "\"", "'", "`", "\\", "\\n", "\\u0041", "\n", "\r\n", "\r", " ", "\t", "<<EOT\n", "EOT\n", "#", "//", "/*", "*/",
	"\ufeff", "\u2028", "\u0085", "\u00a0", "é", "漢", "🍇", "\x01", "\x1b", "\x7f", "\u202e", "a", "Z", "0", "<p>", "&amp;", ",", "=", "[", "]", "(", ")"}

// texts are as the language spells them: in NFC.
func texts(min, max int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(pieces), rapid.StringN(0, 4, -1)), min, max).Draw(t, "pieces"), "")
	}).Filter(func(s string) bool {
		return utf8.ValidString(s) && norm.NFC.IsNormalString(s) && !strings.ContainsRune(s, 0)
	})
}

// nonBlank are texts that are more than white space, on a line or on many.
func nonBlank(max int) *rapid.Generator[string] {
	return texts(1, max).Filter(func(s string) bool { return strings.TrimSpace(s) != "" })
}

// Any text of an account goes through main.hcl and the files beside it, and comes back as it was: the plan is empty.
func TestAnyTextRoundTrips(t *testing.T) {
	dir := t.TempDir()
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		a := anOffering()
		o := a.offering
		o["description"] = strings.ReplaceAll(texts(0, 30).Draw(t, "description"), "![", "")
		o["features"] = strings.ReplaceAll(texts(0, 3).Draw(t, "features"), "![", "")
		o["name"] = nonBlank(4).Draw(t, "name")
		o["reference"] = nonBlank(4).Draw(t, "reference")
		o["policyJwtAudience"] = texts(0, 3).Draw(t, "audience")
		o["cardDescription"] = texts(0, 5).Draw(t, "card")
		o["oauthAuthorizationEndpoints"] = []any{texts(0, 3).Draw(t, "endpoint")}
		html, css := texts(0, 40).Draw(t, "html"), texts(0, 40).Draw(t, "css")
		a.form(map[string]any{"status": "active", "html": html, "css": css})
		r := ruleOf(a)
		r["name"] = nonBlank(4).Draw(t, "rule")
		r["trigger"] = nonBlank(2).Draw(t, "trigger")
		r["description"] = texts(0, 4).Draw(t, "rule description")
		r["expressions"] = []any{map[string]any{"name": "e" + texts(0, 3).Draw(t, "expression"), "value": texts(0, 6).Draw(t, "value")}}
		r["actions"] = []any{map[string]any{"name": "a" + texts(0, 3).Draw(t, "action"), "value": strings.ReplaceAll(texts(0, 30).Draw(t, "action value"), "{{", "")}}
		files := extracted(t, a)
		for name, want := range map[string]string{"ui/config.html": html, "ui/config.css": css} {
			if got := bytes.TrimPrefix(files[name], []byte(byteOrderMark)); string(got) != strings.TrimPrefix(want, byteOrderMark) && string(got) != want {
				t.Fatalf("%s: %q, want %q", name, got, want)
			}
		}
		round++
		at := filepath.Join(dir, fmt.Sprint("r", round))
		defer os.RemoveAll(at)
		unchanged(t, a, files, at)
	})
}

// FuzzExtractedNames: names of an account become labels and files, whatever they are.
func FuzzExtractedNames(f *testing.F) {
	for _, s := range []string{"", "Ask customer", "../../x.png", "CON.png", "é", "日本", "a_2", strings.Repeat("x", 100), "x/..", ".", "\x00", "a\\b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		labels, paths := taken{}, taken{}
		for range 3 {
			if label := labels.label(s, "rule"); !lang.ValidName(label) {
				t.Fatalf("label %q", label)
			}
			if path := paths.file("images", s, ".png"); !imagePath.MatchString(path) || reservedNames[strings.TrimSuffix(strings.ToLower(path[7:]), ".png")] {
				t.Fatalf("path %q", path)
			}
		}
		if len(labels) != 3 || len(paths) != 3 {
			t.Fatalf("%v %v", labels, paths)
		}
	})
}

var imagePath = regexp.MustCompile(`^images/[A-Za-z0-9_][A-Za-z0-9_-]{0,70}\.png$`)
