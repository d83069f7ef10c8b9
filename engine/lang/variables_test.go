package lang

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

type rootOfVariables struct {
	Variables []VariableArgs `hcl:"variable,block" doc:"x"`
}

func givenTo(t *testing.T, text string, auto []File, from Values) (map[string]cty.Value, hcl.Diagnostics) {
	t.Helper()
	file, diags := ParseFile("main.hcl", []byte(text))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	body, diags := SpecOf[rootOfVariables]().Bind(file.Body.(*hclsyntax.Body), hcl.Range{Filename: "main.hcl", Start: hcl.InitialPos, End: hcl.InitialPos})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	vars, diags := Variables(body.BlocksOf("variable"), auto, from, NewScope(Functions(FunctionOptions{}), nil))
	out := map[string]cty.Value{}
	for _, v := range vars {
		out[v.Name] = v.Value
	}
	return out, diags
}

func envOf(vals map[string]string) func(string) (string, bool) {
	return func(k string) (string, bool) { v, ok := vals[k]; return v, ok }
}

// Each source of values wins over those before it (LANGUAGE section 2).
func TestVariableSources(t *testing.T) {
	const text = "variable \"my-var\" {\n  default = \"default\"\n  env     = \"OWN\"\n  type    = string\n}\n"
	auto := []File{{Name: "a.auto.vars.hcl", Bytes: []byte("my-var = \"auto a\"\n")}, {Name: "b.auto.vars.hcl", Bytes: []byte("my-var = \"auto b\"\n")}}
	file := []File{{Name: "x.vars.hcl", Bytes: []byte("my-var = \"file\"\n")}}
	own, general := map[string]string{"OWN": "own"}, map[string]string{"OWN": "own", "CURRANT_VAR_my_var": "general"}
	cases := []struct {
		name string
		auto []File
		from Values
		want string
	}{
		{"default", nil, Values{}, "default"},
		{"env", nil, Values{Env: envOf(own)}, "own"},
		{"CURRANT_VAR", nil, Values{Env: envOf(general)}, "general"},
		{"auto in name order", auto, Values{Env: envOf(general)}, "auto b"},
		{"--var-file", auto, Values{Env: envOf(general), Files: file}, "file"},
		{"--var", auto, Values{Env: envOf(general), Files: file, Set: map[string]string{"my-var": "set"}}, "set"},
		{"pinned", auto, Values{Set: map[string]string{"my-var": "set"}, Pinned: map[string]cty.Value{"my-var": cty.StringVal("pinned")}}, "pinned"},
		{"set to nothing", nil, Values{Env: envOf(map[string]string{"OWN": ""})}, ""},
	}
	for _, c := range cases {
		vals, diags := givenTo(t, text, c.auto, c.from)
		if diags.HasErrors() || !vals["my-var"].RawEquals(cty.StringVal(c.want)) {
			t.Errorf("%s: %#v %v", c.name, vals["my-var"], diags)
		}
	}
}

func TestVariableValues(t *testing.T) {
	cases := []struct {
		name, block, set string
		want             cty.Value
		err              string
	}{
		{"text stays text", `type = string`, `[1]`, cty.StringVal("[1]"), ""},
		{"number", `type = number`, `12`, cty.NumberIntVal(12), ""},
		{"no number", `type = number`, `"a"`, cty.NilVal, "number"},
		{"no expression", `type = number`, `a b`, cty.NilVal, "no valid expression of type number"},
		{"bool", `type = bool`, `true`, cty.True, ""},
		{"list", `type = list(string)`, `["a", 1]`, cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("1")}), ""},
		{"untyped text", ``, `hello there`, cty.StringVal("hello there"), ""},
		{"untyped list", ``, `[1]`, cty.TupleVal([]cty.Value{cty.NumberIntVal(1)}), ""},
		{"optional", `type = object({ a = string, b = optional(number, 7) })`, `{ a = "x" }`,
			cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("x"), "b": cty.NumberIntVal(7)}), ""},
		{"missing attribute", `type = object({ a = string })`, `{}`, cty.NilVal, `attribute "a" is required`},
		{"null", `type = number`, `null`, cty.NullVal(cty.Number), ""},
		{"a name", `type = list(string)`, `[var.b]`, cty.NilVal, "no valid expression"},
		{"sensitive", "type = string\n  sensitive = true", `x`, MarkSensitive(cty.StringVal("x")), ""},
		{"sensitive and wrong", "type = number\n  sensitive = true", `"hunter2"`, cty.NilVal, "number"},
	}
	for _, c := range cases {
		vals, diags := givenTo(t, "variable \"v\" {\n  "+c.block+"\n}\n", nil, Values{Set: map[string]string{"v": c.set}})
		switch {
		case c.err != "":
			if !diags.HasErrors() || !strings.Contains(diags.Error(), c.err) || strings.Contains(diags.Error(), "hunter2") {
				t.Errorf("%s: %v", c.name, diags)
			}
		case diags.HasErrors() || !vals["v"].RawEquals(c.want):
			t.Errorf("%s: %#v, want %#v %v", c.name, vals["v"], c.want, diags)
		}
	}
}

func TestVariableFaults(t *testing.T) {
	_, diags := givenTo(t, "variable \"needed\" {}\n", nil, Values{})
	if !strings.Contains(diags.Error(), "CURRANT_VAR_needed") {
		t.Error(diags)
	}
	vals, diags := givenTo(t, "variable \"needed\" { type = number }\n", nil, Values{Partial: true})
	if diags.HasErrors() || !vals["needed"].RawEquals(cty.UnknownVal(cty.Number)) {
		t.Error(vals, diags)
	}
	_, diags = givenTo(t, "variable \"needed\" { default = 1 }\n", nil, Values{Set: map[string]string{"neded": "1"}})
	if !strings.Contains(diags.Error(), `Did you mean "needed"?`) {
		t.Error(diags)
	}
	undeclared := File{Name: "x.vars.hcl", Bytes: []byte("other = 1\n")}
	if _, diags = givenTo(t, "", []File{undeclared}, Values{}); diags.HasErrors() || len(diags) != 1 {
		t.Error("an automatic file may name what is not declared, with a warning:", diags)
	}
	if _, diags = givenTo(t, "", nil, Values{Files: []File{undeclared}}); !diags.HasErrors() {
		t.Error("a file that was asked for may not")
	}
	for _, text := range []string{"a {}\n", "v = var.x\n", "v = \n"} {
		_, diags = givenTo(t, "variable \"v\" { default = 1 }\n", nil, Values{Files: []File{{Name: "x.vars.hcl", Bytes: []byte(text)}}})
		if !diags.HasErrors() || diags[0].Subject == nil || diags[0].Subject.Filename != "x.vars.hcl" {
			t.Errorf("%q: %v", text, diags)
		}
	}
	bom := []byte("\xEF\xBB\xBFv = 2\r\n")
	vals, diags = givenTo(t, "variable \"v\" { default = 1 }\n", nil, Values{Files: []File{{Name: "x.vars.hcl", Bytes: bom}}})
	if diags.HasErrors() || !vals["v"].RawEquals(cty.NumberIntVal(2)) {
		t.Error(vals, diags)
	}
}
