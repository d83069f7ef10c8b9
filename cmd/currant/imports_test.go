package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport says which of our packages each may import, tests aside, and why no more.
var mayImport = map[string]struct {
	imports []string
	why     string
}{
	"engine/lang":       {nil, "the language knows nothing of what runs it"},
	"engine/journal":    {nil, "the store keeps bytes and knows nothing of what they mean"},
	"engine/watch":      {nil, "watching tells that files changed, not what is in them"},
	"engine/vault":      {nil, "sealing knows no runs"},
	"engine/keyservice": {[]string{"engine/vault"}, "drivers of key services fill the vault's contract and know nothing of what is sealed"},
	"engine/console":    {[]string{"engine", "engine/compile", "engine/graph", "engine/journal", "engine/lang"}, "the console shows and steers an engine; what connectors know is given to it"},
	"engine/graph":      {[]string{"engine/compile", "engine/lang", "steps"}, "pictures are drawn from what is compiled"},
	"engine/testrun":    {[]string{"engine", "engine/compile", "engine/ingress", "engine/lang", "engine/run", "engine/schedule", "engine/vault", "steps"}, "tests run the interpreter without a store, and share with the engine how runs begin and connections open; connectors are given to them"},
	"engine/outbound":   {nil, "what may be called is decided apart from who calls"},
	"engine/schedule":   {nil, "when something fires is computed apart from what"},

	"steps":                   {[]string{"engine/lang"}, "the contract of kinds is what everyone sees; it must not see them"},
	"engine/ingress":          {[]string{"engine/lang", "engine/schedule"}, "triggers hand events over and never execute a step"},
	"steps/flow":              {[]string{"steps", "engine/lang", "engine/schedule"}, "flow kinds have no effect outside the run"},
	"steps/httpreq":           {[]string{"steps", "engine/lang", "engine/outbound"}, "a kind reaches out through the guard only"},
	"schema":                  {[]string{"engine/lang"}, "the data model reaches no network and no store"},
	"steps/xurrent/api":       {[]string{"steps", "engine/outbound"}, "the client of an account knows no kinds and no data model"},
	"steps/xurrent/verify":    {[]string{"engine/lang", "engine/outbound"}, "what a signature is worth is decided apart from who asks"},
	"steps/xurrent/sim":       {[]string{"steps/xurrent/sim/graph"}, "the simulated account is reached over HTTP only, and shares nothing with what it is to test"},
	"steps/xurrent/sim/graph": {nil, "records and GraphQL of the simulated account know no HTTP"},
	"steps/xurrent":           {[]string{"steps", "steps/xurrent/api", "steps/xurrent/verify", "schema", "engine/ingress", "engine/lang", "engine/outbound"}, "the connector is one plug-in among possible others"},
	"steps/standard":          {[]string{"steps", "steps/flow", "steps/httpreq", "steps/xurrent", "engine/ingress", "engine/lang", "engine/outbound"}, "the list of kinds, and nothing but it"},
	"blueprints":              {[]string{"engine/lang", "engine/outbound", "steps", "steps/xurrent/api"}, "deploying is not running"},
	"engine/compile":          {[]string{"engine/lang", "engine/ingress", "steps"}, "checking executes nothing and stores nothing"},
	"engine/run":              {[]string{"engine/compile", "engine/lang", "steps"}, "the interpreter asks its host for all else, so that other engines can be hosts"},
	"engine":                  {[]string{"engine/compile", "engine/ingress", "engine/journal", "engine/lang", "engine/outbound", "engine/run", "engine/schedule", "engine/vault", "engine/watch", "steps"}, "the engine imports no connector: Xurrent is one plug-in among possible others"},
	"engine/run/runtest":      {[]string{"engine/run", "engine/compile", "engine/ingress", "engine/lang", "steps", "steps/flow"}, "a host in memory for tests of the interpreter; product code does not import it"},
	"cmd/currant":             {[]string{"*"}, "main puts all together, and nothing imports it"},
}

// source is one of our packages as its files tell.
type source struct {
	imports map[string]string // of ours, with the file that has it
	tests   map[string]string
	docs    []string // files with a package comment
}

// ourPackages reads the imports and package comments of the whole module.
func ourPackages(t *testing.T) map[string]*source {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*source{}
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := e.Name(); e.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata") {
			return filepath.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		p := out[filepath.ToSlash(dir)]
		if p == nil {
			p = &source{imports: map[string]string{}, tests: map[string]string{}}
			out[filepath.ToSlash(dir)] = p
		}
		p.add(filepath.Base(path), file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (p *source) add(name string, file *ast.File) {
	test := strings.HasSuffix(name, "_test.go")
	if file.Doc != nil && !test {
		p.docs = append(p.docs, name)
	}
	for _, imp := range file.Imports {
		path, err := strconv.Unquote(imp.Path.Value)
		if ours, ok := strings.CutPrefix(path, "currant/"); ok && err == nil {
			if test {
				p.tests[ours] = name
			} else {
				p.imports[ours] = name
			}
		}
	}
}

// TestImports keeps the architecture: who may import whom among our packages.
func TestImports(t *testing.T) {
	packages := ourPackages(t)
	for name, p := range packages {
		rule, listed := mayImport[name]
		if !listed {
			t.Errorf("the package %s is not in the table of imports: add it, with the reason why it may not import more", name)
			continue
		}
		for imported, file := range p.imports {
			if strings.HasSuffix(imported, "test") {
				t.Errorf("%s/%s imports %s, which is for tests only", name, file, imported)
			}
			if !slices.Contains(rule.imports, imported) && !slices.Contains(rule.imports, "*") {
				t.Errorf("%s/%s imports %s, which %s may not: %s", name, file, imported, name, rule.why)
			}
		}
		for imported, file := range p.tests {
			if imported == "cmd/currant" {
				t.Errorf("%s/%s imports the command: %s", name, file, mayImport["cmd/currant"].why)
			}
		}
	}
	for name := range mayImport {
		if _, err := os.Stat(filepath.Join("../..", name)); err != nil || packages[name] == nil {
			t.Errorf("the table of imports names %s, which does not exist", name)
		}
	}
}

// Every package says once what it is for.
func TestPackageComments(t *testing.T) {
	for name, p := range ourPackages(t) {
		if slices.Sort(p.docs); len(p.docs) != 1 {
			t.Errorf("%s has %d package comments (%s); it needs one", name, len(p.docs), strings.Join(p.docs, ", "))
		}
	}
}
