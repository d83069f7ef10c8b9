package compile_test

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"currant/engine/compile"
	"currant/engine/lang"
)

// model is a blueprint that edits change.
type model struct {
	files map[string][]string // pieces of text by file
	data  string              // what file("data.txt") reads
}

// pieces are what files are made of; some do not go together, and some are wrong.
var pieces = []string{
	"variable \"v\" { default = %d }\n",
	"variable \"secret\" {\n  default   = \"text%d\"\n  sensitive = true\n}\n",
	"locals { l = \"${var.v}-%d\" }\n",
	"locals { m = %d }\n",
	"locals { f = file(\"data.txt\") }\n",
	"connection \"xurrent\" \"c%d\" {\n  account_id            = \"x\"\n  personal_access_token = var.secret\n}\n",
	"blueprint \"name%d\" {}\n",
	"# comment %d\n\n",
	"runbook \"a\" {\n  trigger \"manual\" { input_schema = object({ x%[1]d = optional(string) }) }\n  step \"compute\" \"c\" { y = local.l }\n  output \"o%[1]d\" { value = step.c.y }\n}\n",
	"runbook \"b\" {\n  trigger \"manual\" {}\n  step \"call\" \"c\" {\n    runbook = runbook.a\n    input   = { x1 = var.v }\n  }\n  step \"log\" \"l\" { message = \"${step.c.outputs.o1} %d\" }\n}\n",
	"runbook \"c\" {\n  trigger \"manual\" {}\n  step \"call\" \"c\" { runbook = runbook.b }\n  output \"all\" { value = var.secret }\n}\n",
	"runbook \"d%d\" {\n  trigger \"json_endpoint\" {}\n  step \"log\" \"l\" { message = file(\"data.txt\") }\n}\n",
	"runbook \"e\" {\n  trigger \"manual\" {}\n  step \"query\" \"q\" { object = \"requests\" }\n  step \"log\" \"l\" { message = \"${local.m} ${runbook.a.name}\" }\n}\n",
	"runbook \"f%d\" {\n  trigger \"webhook\" { events = [\"no.such\"] }\n  step \"log\" \"l\" { message = \"x\" }\n}\n",
	"runbook \"g\" {\n  trigger \"manual\" {}\n  connection \"xurrent\" \"own\" {\n    account_id            = var.v\n    personal_access_token = step.s.t\n  }\n  step \"compute\" \"s\" { t = \"%d\" }\n  step \"section\" \"n\" {\n    step \"query\" \"q\" {\n      connection = connection.own\n      object     = \"me\"\n    }\n  }\n}\n",
	"runbook \"broken\" { %d\n",
}

func (m *model) source(dir string) *lang.Source {
	content := map[string][]byte{"data.txt": []byte(m.data)}
	for name, parts := range m.files {
		content[name] = []byte(strings.Join(parts, ""))
	}
	src, _ := lang.FromFiles(dir, content)
	return src
}

func (m *model) edit(t *rapid.T) {
	piece := func() string {
		p := rapid.SampledFrom(pieces).Draw(t, "piece")
		if strings.Contains(p, "%") {
			p = fmt.Sprintf(p, rapid.IntRange(1, 3).Draw(t, "n"))
		}
		return p
	}
	file := rapid.SampledFrom([]string{"a.hcl", "b.hcl", "c.hcl"}).Draw(t, "file")
	parts := m.files[file]
	switch op := rapid.IntRange(0, 4).Draw(t, "op"); {
	case op == 0 && len(parts) > 0:
		i := rapid.IntRange(0, len(parts)-1).Draw(t, "at")
		m.files[file] = slices.Delete(slices.Clone(parts), i, i+1)
	case op == 1 && len(parts) > 0:
		m.files[file] = slices.Clone(parts)
		m.files[file][rapid.IntRange(0, len(parts)-1).Draw(t, "at")] = piece()
	case op == 2:
		m.data = rapid.SampledFrom([]string{"one", "two"}).Draw(t, "data")
	default:
		m.files[file] = slices.Insert(slices.Clone(parts), rapid.IntRange(0, len(parts)).Draw(t, "at"), piece())
	}
}

// A compilation that takes over what has not changed gives what one of the whole gives.
func TestReuseEqualsWhole(t *testing.T) {
	o := options(t)
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		m := &model{files: map[string][]string{"a.hcl": {pieces[2], "variable \"v\" { default = 1 }\n", pieces[10]}}, data: "one"}
		again := o
		again.Previous = &compile.Cache{}
		for range rapid.IntRange(1, 15).Draw(t, "edits") {
			m.edit(t)
			got, gotDiags := compile.Compile(m.source(dir), again)
			want, wantDiags := compile.Compile(m.source(dir), o)
			if g, w := texts(gotDiags), texts(wantDiags); !slices.Equal(g, w) {
				t.Fatalf("diagnostics\n%s\nwant\n%s", strings.Join(g, "\n"), strings.Join(w, "\n"))
			}
			if got.Digest != want.Digest || string(got.Bundle) != string(want.Bundle) {
				t.Fatal("another digest")
			}
			if g, w := dump(t, got), dump(t, want); g != w {
				t.Fatalf("got\n%s\nwant\n%s", g, w)
			}
		}
	})
}

func texts(diags hcl.Diagnostics) (out []string) {
	for _, d := range diags {
		out = append(out, fmt.Sprint(d.Severity, " ", d.Error()))
	}
	return out
}

// dump is a blueprint's runbooks as text, and checks that all in it belongs to it.
func dump(t *rapid.T, bp *compile.Blueprint) string {
	var b strings.Builder
	var node func(rb *compile.Runbook, n *compile.Node)
	node = func(rb *compile.Runbook, n *compile.Node) {
		fmt.Fprintln(&b, n.Name, n.Kind.Name, n.Range, n.Output.GoString(), n.Needs, n.References)
		if rb.Nodes[n.Name] != n {
			t.Fatalf("%s is not the node of that name", n.Name)
		}
		if c := n.Connection; c != nil {
			fmt.Fprintln(&b, "connection", c.Name, c.Local, c.Range)
			if owner := bp.Connections[c.Name]; c.Local {
				if rb.Connections[c.Name] != c || c.Scope != bp.Scope {
					t.Fatal("a connection of another version")
				}
			} else if owner != c {
				t.Fatal("a connection of another version")
			}
		}
		for _, bl := range n.Blocks {
			fmt.Fprintln(&b, bl.Key, bl.Inner, bl.Needs)
			for _, inner := range bl.Steps {
				node(rb, inner)
			}
		}
	}
	for _, rb := range bp.Runbooks {
		fmt.Fprintln(&b, rb.Name, rb.Range, rb.Body, rb.OutputType.GoString(), rb.Enabled, rb.Timeout, len(rb.Nodes))
		if rb.Blueprint != bp || bp.Runbook(rb.Name) != rb {
			t.Fatal("a runbook of another version")
		}
		if tr := rb.Trigger; tr != nil {
			fmt.Fprintln(&b, tr.Blueprint, tr.Runbook, tr.Kind.Name, tr.Args.GoString(), tr.Output.GoString())
			if tr.Scope != bp.Scope {
				t.Fatal("a trigger of another version")
			}
		}
		for _, s := range rb.States {
			fmt.Fprintln(&b, s)
		}
		for _, n := range rb.Steps {
			node(rb, n)
		}
		for _, out := range rb.Outputs {
			fmt.Fprintln(&b, out.Name, out.Range, out.Sensitive, out.Needs)
		}
	}
	return b.String()
}

// What an edit does not touch is not checked again, and no version keeps another in memory.
func TestReuseForgetsOldVersions(t *testing.T) {
	o := options(t)
	o.Previous = &compile.Cache{}
	files := manyFiles(20)
	files["conn.hcl"] = "connection \"xurrent\" \"c\" {\n  account_id            = \"x\"\n  personal_access_token = \"t\"\n}\nrunbook \"q\" {\n  trigger \"manual\" {}\n  step \"query\" \"q\" { object = \"me\" }\n}\n"
	dir := t.TempDir()
	load := func(edit string) *compile.Blueprint {
		files["rb0003.hcl"] = runbookText(3, edit)
		src := sourceOf(t, files)
		src.Dir = dir
		for i := range src.Files {
			src.Files[i].Name = src.Files[i].Name[strings.LastIndex(src.Files[i].Name, "/")+1:]
		}
		bp, diags := compile.Compile(src, o)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return bp
	}
	old := load("one")
	freed := make(chan struct{})
	kept := maps.Clone(old.Runbook("rb7").Nodes)
	runtime.AddCleanup(old, func(c chan struct{}) { close(c) }, freed)
	old = nil
	now := load("two")
	for name, n := range now.Runbook("rb7").Nodes {
		if kept[name] != n {
			t.Fatalf("%s was checked again", name)
		}
	}
	for range 10 {
		runtime.GC()
		select {
		case <-freed:
			runtime.KeepAlive(now)
			return
		default:
			runtime.Gosched()
		}
	}
	t.Fatal("the old version is still in memory")
}

// A taken-over runbook sees the values of its own version.
func TestReuseEvaluatesInItsOwnVersion(t *testing.T) {
	o := options(t)
	o.Previous = &compile.Cache{}
	dir := t.TempDir()
	for _, want := range []string{"one", "two", "two", "three"} {
		m := &model{files: map[string][]string{
			"a.hcl": {"locals {\n  a = \"" + want + "\"\n  b = 1\n}\n"},
			"b.hcl": {"runbook \"r\" {\n  trigger \"manual\" {}\n  step \"log\" \"l\" { message = local.a }\n}\nrunbook \"s\" {\n  trigger \"manual\" {}\n  step \"log\" \"l\" { message = \"${local.b}\" }\n}\n"},
		}}
		bp, diags := compile.Compile(m.source(dir), o)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		n := bp.Runbook("r").Nodes["l"]
		v, diags := n.Body.Eval(bp.Runbook("r").Blueprint.Scope)
		if diags.HasErrors() || !v.GetAttr("message").RawEquals(cty.StringVal(want)) {
			t.Fatalf("%#v %v", v, diags)
		}
	}
}

// A caller is checked again when what its callee takes or gives has changed, and only then.
func TestReuseFollowsCalls(t *testing.T) {
	o := options(t)
	o.Previous = &compile.Cache{}
	dir := t.TempDir()
	caller := "runbook \"caller\" {\n  trigger \"manual\" {}\n  step \"call\" \"c\" {\n    runbook = runbook.callee\n    input   = { id = \"x\" }\n  }\n  output \"o\" { value = step.c.outputs.o }\n}\n"
	callee := func(input, output string) string {
		return "runbook \"callee\" {\n  trigger \"manual\" { input_schema = object({ id = " + input + " }) }\n  step \"log\" \"l\" { message = \"x\" }\n  " + output + "\n}\n"
	}
	cases := []struct{ text, want string }{
		{callee("string", `output "o" { value = 1 }`), ""},
		{callee("string", `output "o" { value = "text" }`), ""},
		{callee("number", `output "o" { value = 1 }`), "number"},
		{callee("string", `output "p" { value = 1 }`), `has no attribute "o"`},
		{callee("string", "output \"o\" {\n    value     = 1\n    sensitive = true\n  }"), "write sensitive = true"},
		{callee("string", `output "o" { value = 1 }`), ""},
	}
	for i, c := range cases {
		m := &model{files: map[string][]string{"a.hcl": {caller}, "b.hcl": {c.text}}}
		_, diags := compile.Compile(m.source(dir), o)
		if (c.want == "") == diags.HasErrors() || !strings.Contains(diags.Error(), c.want) {
			t.Errorf("%d: %s", i, diags.Error())
		}
	}
}
