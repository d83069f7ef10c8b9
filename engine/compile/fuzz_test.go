package compile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"golang.org/x/tools/txtar"

	"currant/engine/compile"
	"currant/engine/lang"
)

// seeds are the blueprints of the tests, the examples of the reference and those of the repository.
func seeds(t testing.TB) []string {
	var out []string
	for _, text := range examples() {
		out = append(out, text)
	}
	paths, err := filepath.Glob("testdata/check/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ar.Files {
			text := string(f.Data)
			if strings.HasSuffix(f.Name, ".steps") {
				text = stepsBefore + text + "}\n"
			}
			out = append(out, text)
		}
	}
	more, err := filepath.Glob("../../examples/*/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range more {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	return out
}

// No text takes the process down, or more than its budget; what is valid stays valid when it is formatted;
// every diagnostic says what and, mostly, where; and no secret is told.
func FuzzH1Compile(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	o := options(f)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		start := time.Now()
		load := func(text string) (*compile.Blueprint, bool) {
			src, diags := lang.FromFiles(dir, map[string][]byte{"main.hcl": []byte(text)})
			if diags.HasErrors() {
				t.Skip()
			}
			bp, diags := compile.Compile(src, o)
			for _, d := range diags {
				if d.Summary == "" || d.Detail == "" {
					t.Errorf("a diagnostic without words: %q %q", d.Summary, d.Detail)
				}
				if strings.Contains(d.Detail, "failed inside Currant") {
					t.Error(d)
				}
			}
			return bp, !diags.HasErrors()
		}
		if _, ok := load(text); ok {
			if _, still := load(string(hclwrite.Format([]byte(text)))); !still {
				t.Error("it is not valid any more when it is formatted")
			}
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
