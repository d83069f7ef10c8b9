package blueprints

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzMarkdownImages: texts of accounts and blueprints are any texts.
func FuzzMarkdownImages(f *testing.F) {
	for _, s := range []string{"![a](b.png)", `![\]](<a b>) ![](x 'y')`, "![![](a)](b)", "![](\n", "![a](b){:width=1}", "![](attachments/1)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		end := 0
		for _, i := range inlineImages(s) {
			if i.Start < end || i.End <= i.Start || s[i.Start:i.End] != i.Path {
				t.Fatalf("%+v in %q", i, s)
			}
			end = i.End
			if clean, why := below(i.Path); why == "" && (strings.HasPrefix(clean, "/") || strings.HasPrefix(clean, "../") || clean == "..") {
				t.Fatalf("%q leaves", i.Path)
			}
		}
	})
}

// FuzzForm: any text may be said to be a form.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"<input id=a>", "<div><span></div>", "<template><input>", "<script><input></script>", "<!-- ", "<a \x00=\"", "</", "<svg><title><input></title></svg>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x := readForm(s)
		lines := 1 + strings.Count(s, "\n")
		for _, n := range x.nameless {
			if n.line < 1 || n.line > lines {
				t.Fatalf("line %d of %d", n.line, lines)
			}
		}
		for _, d := range x.doubles {
			if d.before < 1 || d.before > d.line || d.line > lines || d.id == "" {
				t.Fatalf("%+v of %d lines", d, lines)
			}
		}
		if len(x.faults) > maxFaults || len(x.doubles) > maxFaults || len(x.nameless) > maxFaults {
			t.Fatal("too many faults")
		}
	})
}

// FuzzPicture: pictures of accounts are any bytes.
func FuzzPicture(f *testing.F) {
	f.Add([]byte("<?xml?><!-- --><svg>"))
	f.Add([]byte("<!DOCTYPE svg [ ]><svg:svg>"))
	f.Add([]byte(pngStart))
	f.Fuzz(func(t *testing.T, b []byte) {
		if media := imageType(b); media == "image/svg+xml" && !bytes.Contains(b, []byte("<svg")) {
			t.Fatalf("%q is no svg", b)
		}
	})
}

func BenchmarkForm(b *testing.B) {
	html := strings.Repeat("<div class=\"row\"><label for=\"a\">A</label><input id=\"a\" type=\"text\"></div>\n", 200<<10/74)
	b.SetBytes(int64(len(html)))
	for b.Loop() {
		readForm(html)
	}
}
