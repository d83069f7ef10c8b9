package lang

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the golden files")

// sampleContext is what the golden files may refer to.
func sampleContext() *hcl.EvalContext {
	return &hcl.EvalContext{Variables: map[string]cty.Value{"local": cty.ObjectVal(map[string]cty.Value{
		"number": cty.NumberIntVal(5), "text": cty.StringVal("x\u202ey"), "secret": cty.StringVal("hunter2").Mark("sensitive"), "later": cty.UnknownVal(cty.Number),
		"list": cty.ListVal([]cty.Value{cty.StringVal("a")}), "null": cty.NullVal(cty.Number), "object": cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("hunter2").Mark(1), "b": cty.True}),
		"empty": cty.EmptyTupleVal,
	})}}
}

// diagnose parses a file and evaluates all its attributes.
func diagnose(name string, src []byte) hcl.Diagnostics {
	file, diags := ParseFile(name, src)
	var walk func(*hclsyntax.Body)
	walk = func(b *hclsyntax.Body) {
		for _, a := range b.Attributes {
			_, d := a.Expr.Value(sampleContext())
			diags = append(append(diags, d...), d...) // twice: repetitions are dropped
		}
		for _, bl := range b.Blocks {
			walk(bl.Body)
		}
	}
	walk(file.Body.(*hclsyntax.Body))
	return diags
}

func TestH4Golden(t *testing.T) {
	paths, err := filepath.Glob("testdata/diag/*.txtar")
	if err != nil || len(paths) < 10 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in := ar.Files[0]
			diags := diagnose(in.Name, in.Data)
			var got bytes.Buffer
			if err := Render(&got, map[string][]byte{in.Name: in.Data}, diags, RenderOptions{Width: 78}); err != nil {
				t.Fatal(err)
			}
			if !diags.HasErrors() || strings.Contains(got.String(), "hunter2") {
				t.Errorf("got:\n%s", got.String())
			}
			if *update {
				ar.Files[1].Data = got.Bytes()
				if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := string(ar.Files[1].Data); got.String() != want {
				t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
			}
		})
	}
}

func TestH4Colour(t *testing.T) {
	src := []byte("a = local.nothing\n")
	files := map[string][]byte{"a.hcl": src}
	var plain, color bytes.Buffer
	diags := diagnose("a.hcl", src)
	if Render(&plain, files, diags, RenderOptions{}) != nil || Render(&color, files, diags, RenderOptions{Color: true}) != nil {
		t.Fatal("failed")
	}
	stripped := color.String()
	for _, s := range []string{styleError, styleBold, stylePlace, styleDim, styleReset} {
		if s != styleDim && !strings.Contains(stripped, s) {
			t.Errorf("no %q", s)
		}
		stripped = strings.ReplaceAll(stripped, s, "")
	}
	if strings.Contains(plain.String(), "\x1b") || stripped != plain.String() {
		t.Errorf("%s\n%s", plain.String(), stripped)
	}
}

func TestH4AtMostFifty(t *testing.T) {
	diags := hcl.Diagnostics{{Severity: hcl.DiagWarning, Summary: "w", Subject: &hcl.Range{Filename: "z"}}}
	for i := range 60 {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprint("e", i)})
	}
	diags = append(diags, diags[3], nil)
	var out bytes.Buffer
	if err := Render(&out, nil, diags, RenderOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "Error: "); n != 50 || !strings.HasSuffix(out.String(), "… and 10 more errors and 1 more warning\n") {
		t.Errorf("%d: %s", n, out.String()[len(out.String())-100:])
	}
	if r := NewReport(nil, diags); r.ErrorCount != 60 || r.WarningCount != 1 || r.Valid {
		t.Errorf("%+v", r)
	}
}

func TestReportJSON(t *testing.T) {
	src := []byte("\ufeffrunbook \"a\" {\r\n  x = local.nothing + 1\r\n}\r\n")
	b, err := json.Marshal(NewReport(map[string][]byte{"d/a.hcl": src}, diagnose("d/a.hcl", src)))
	want := `{"format_version":"1.0","valid":false,"error_count":1,"warning_count":0,"diagnostics":[{"severity":"error","summary":"Unsupported attribute","detail":"This object does not have an attribute named \"nothing\".",` +
		`"range":{"filename":"d/a.hcl","start":{"line":2,"column":12,"byte":29},"end":{"line":2,"column":20,"byte":37}},` +
		`"snippet":{"context":"runbook \"a\"","code":"  x = local.nothing + 1","start_line":2,"highlight_start_offset":11,"highlight_end_offset":19,"values":[]}}]}`
	if err != nil || string(b) != want {
		t.Errorf("%s\n%v", b, err)
	}
	if b, _ := json.Marshal(NewReport(nil, nil)); string(b) != `{"format_version":"1.0","valid":true,"error_count":0,"warning_count":0,"diagnostics":[]}` {
		t.Errorf("%s", b)
	}
}

// TestH4AnyRange: whatever range a diagnostic has, it is shown.
func TestH4AnyRange(t *testing.T) {
	src := []byte("\ufeffa = \"é\xff\"\r\n\n\tb {\n}")
	for start := -1; start < len(src)+3; start++ {
		for end := start - 2; end < len(src)+3; end++ {
			d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "s", Detail: "d", Subject: &hcl.Range{Filename: "a.hcl", Start: hcl.Pos{Line: 1, Column: 1, Byte: start}, End: hcl.Pos{Line: 1, Column: 1, Byte: end}},
				Context: &hcl.Range{Filename: "a.hcl", Start: hcl.Pos{Byte: end}, End: hcl.Pos{Byte: start + 5}}}
			r := NewReport(map[string][]byte{"a.hcl": src}, hcl.Diagnostics{d})
			s := r.Diagnostics[0].Snippet
			if s.HighlightStartOffset < 0 || s.HighlightStartOffset > s.HighlightEndOffset || s.HighlightEndOffset > len(s.Code) || !utf8.ValidString(s.Code) {
				t.Fatalf("%d to %d: %+v", start, end, s)
			}
			if err := r.Render(&bytes.Buffer{}, RenderOptions{Width: 10}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestH4ExcerptIsCut(t *testing.T) {
	line := strings.Repeat("x", 1000) + "PLACE" + strings.Repeat("y", 1000)
	shown, a, b := showLine(line, 1000, 1005)
	if shown[a:b] != "PLACE" || utf8.RuneCountInString(shown) != maxSnippetWidth+2 {
		t.Errorf("%q", shown)
	}
	if shown, a, b = showLine(line, 0, 2005); utf8.RuneCountInString(shown[a:b]) != maxSnippetWidth {
		t.Errorf("%q", shown)
	}
}

func TestH4ShowText(t *testing.T) {
	for in, want := range map[string]string{
		"plain text\n\tx": "plain text\n\tx", "Grüße, Müller": "Grüße, Müller", "Привет": "Привет", "日本語": "日本語", "a\x00b\x1b[1m\x7f": `a\u0000b\u001b[1m\u007f`,
		"x\u202ey\u2066\u200b\ufeff\u00ad": `x\u202ey\u2066\u200b\ufeff\u00ad`, "p\u0430ss": `p\u0430ss`, "\u0441\u043e\u0440": `\u0441\u043e\u0440`, "\uff41b": `\uff41b`, "\U0001d41a": `\U0001d41a`,
		"\u03b1\u03b2\u03b3": "αβγ", "bad\xff": `bad\xff`, "\u2028": `\u2028`, "«…» — 😀": "«…» — 😀", "\ufffd": "\ufffd",
	} {
		if got := showText(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	got := wrap("one two three\n\n  code stays as it is\nlonglonglong x\n", 8)
	want := []string{"one two", "three", "", "  code stays as it is", "longlonglong", "x"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
