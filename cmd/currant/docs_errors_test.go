package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"currant/steps"
)

const errorsPage = "engine/compile/README.md"

// sourceFiles are the parsed files of the packages that check blueprints, by directory.
func sourceFiles(t *testing.T) map[string][]*ast.File {
	t.Helper()
	out := map[string][]*ast.File{}
	set := token.NewFileSet()
	for _, root := range []string{"blueprints", "cmd", "engine", "steps"} {
		err := filepath.WalkDir(filepath.Join(repository, root), func(path string, e fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case e.IsDir() && (e.Name() == "sim" || e.Name() == "testdata" || e.Name() == "console"):
				return fs.SkipDir
			case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			f, err := parser.ParseFile(set, path, nil, 0)
			out[filepath.Dir(path)] = append(out[filepath.Dir(path)], f)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// summaries are the headings of the diagnostics that the sources can give. One that ends with … goes on with a name.
func summaries(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	add := func(x ast.Expr) {
		if s := headingOf(x); s != "" {
			out[s] = true
		}
	}
	for _, files := range sourceFiles(t) {
		// Functions that are given a summary hand it on.
		taking := map[string]int{"Error": 1, "Warning": 1}
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				if d, ok := n.(*ast.FuncDecl); ok {
					i := 0
					for _, p := range d.Type.Params.List {
						for _, name := range p.Names {
							if name.Name == "summary" {
								taking[d.Name.Name] = i
							}
							i++
						}
					}
				}
				return true
			})
		}
		for _, f := range files {
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					name, of := calledName(n.Fun)
					i, ok := taking[name]
					if (name == "Error" || name == "Warning") && of != "lang" && f.Name.Name != "lang" {
						ok = false
					}
					if ok && i < len(n.Args) {
						add(n.Args[i])
					}
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Summary" {
						add(n.Value)
					}
				}
				return true
			})
		}
	}
	for s := range out {
		if strings.HasSuffix(s, ".") || len(s) > 60 || s[0] < 'A' || s[0] > 'Z' {
			delete(out, s) // a sentence: the summary of something else
		}
	}
	return out
}

func calledName(fun ast.Expr) (name, of string) {
	switch fun := fun.(type) {
	case *ast.Ident:
		return fun.Name, ""
	case *ast.SelectorExpr:
		if x, ok := fun.X.(*ast.Ident); ok {
			of = x.Name
		}
		return fun.Sel.Name, of
	}
	return "", ""
}

// headingOf is a heading as it is written; "" is one that is not written there.
func headingOf(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(x.Value); err == nil && x.Kind == token.STRING {
			return s
		}
	case *ast.BinaryExpr:
		if s := headingOf(x.X); s != "" {
			return strings.TrimRight(s, `"…`) + "…"
		}
	case *ast.CallExpr:
		if name, of := calledName(x.Fun); of == "fmt" && name == "Sprintf" && len(x.Args) > 0 {
			s, _, _ := strings.Cut(headingOf(x.Args[0]), "%")
			return s + "…"
		}
	}
	return ""
}

// TestErrorsPageIsFresh compares the catalogue of errors with what the sources say: each heading and each kind is
// explained, and nothing is explained that there is not.
func TestErrorsPageIsFresh(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, errorsPage))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	kinds := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.HasPrefix(cells[1], "---") {
			continue
		}
		if strings.TrimSpace(cells[2]) == "" || strings.TrimSpace(cells[3]) == "" {
			t.Errorf("%s: a cause or a cure is missing: %s", errorsPage, line)
		}
		name := strings.TrimSpace(cells[1])
		if kind, ok := strings.CutPrefix(name, "`"); ok {
			kinds[strings.TrimSuffix(kind, "`")] = true
			continue
		}
		if name != "heading" && name != "kind" {
			listed[name] = true
		}
	}
	given := summaries(t)
	if len(given) < 80 {
		t.Fatalf("only %d headings were found in the sources", len(given))
	}
	used := map[string]bool{}
	for _, heading := range slices.Sorted(maps.Keys(given)) {
		entry := heading
		for name := range listed {
			if begin, ok := strings.CutSuffix(name, "…"); ok && !listed[heading] && strings.HasPrefix(heading, begin) {
				entry = name
			}
		}
		used[entry] = true
		if !listed[entry] {
			t.Errorf("%s does not explain %q", errorsPage, heading)
		}
	}
	for name := range listed {
		if !used[name] {
			t.Errorf("%s explains %q, which nothing says", errorsPage, name)
		}
	}
	for _, kind := range steps.ErrorKinds {
		if !kinds[kind] {
			t.Errorf("%s does not explain the kind %q", errorsPage, kind)
		}
		delete(kinds, kind)
	}
	for kind := range kinds {
		t.Errorf("%s explains the kind %q, which there is not", errorsPage, kind)
	}
}
