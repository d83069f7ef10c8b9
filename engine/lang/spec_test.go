package lang

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

type everything struct {
	Name    string            `hcl:"name,label,name"`
	Text    string            `hcl:"text" doc:"x"`
	Default string            `hcl:"default_text" default:"d" doc:"x"`
	Choice  string            `hcl:"choice,optional" enum:"one|two" doc:"x"`
	Count   int               `hcl:"count,optional" min:"1" max:"9" doc:"x"`
	Factor  float64           `hcl:"factor,optional" doc:"x"`
	On      *bool             `hcl:"on" doc:"x"`
	Pause   time.Duration     `hcl:"pause,optional" min:"1s" doc:"x"`
	Secret  string            `hcl:"secret,optional,secret" doc:"x"`
	List    []string          `hcl:"list,optional" doc:"x"`
	Map     map[string]string `hcl:"map,optional" doc:"x"`
	Any     cty.Value         `hcl:"any,optional" doc:"x"`
	Rest    cty.Value         `hcl:"rest,remain"`
	One     *part             `hcl:"one,block" doc:"x"`
	Many    []part            `hcl:"many,block" doc:"x"`
	Embedded
}

// Embedded is what other specs share.
type Embedded struct {
	Shared string `hcl:"shared,optional" doc:"x"`
}

type part struct {
	Label string `hcl:"label,label,optional"`
	N     int    `hcl:"n" doc:"x"`
}

type rootOfEverything struct {
	Thing *everything `hcl:"thing,block" doc:"x"`
}

func decodeThing(t *testing.T, text string, vars map[string]cty.Value) (everything, []string, hcl.Diagnostics) {
	t.Helper()
	file, diags := ParseFile("a.hcl", []byte(text))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	body, diags := SpecOf[rootOfEverything]().Bind(file.Body.(*hclsyntax.Body), hcl.Range{Filename: "a.hcl"})
	v, more := body.Eval(NewScope(Functions(FunctionOptions{}), vars).Static(nil))
	var root rootOfEverything
	secrets := SpecOf[rootOfEverything]().Decode(v, &root)
	if root.Thing == nil {
		root.Thing = &everything{}
	}
	return *root.Thing, secrets, append(diags, more...)
}

func TestDecode(t *testing.T) {
	got, secrets, diags := decodeThing(t, `thing "x" {
  text   = "a ${hidden}"
  choice = "two"
  count  = 3
  factor = 1.5
  on     = false
  pause  = "1h30m"
  secret = "s"
  list   = ["a", 1]
  map    = { a = "b" }
  any    = { deep = [1, "x"] }
  shared = "y"
  extra  = 7
  one { n = 1 }
  many "m" { n = 2 }
  many { n = 3 }
}
`, map[string]cty.Value{"hidden": MarkSensitive(cty.StringVal("h"))})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	off := false
	want := everything{Name: "x", Text: "a h", Default: "d", Choice: "two", Count: 3, Factor: 1.5, On: &off, Pause: 90 * time.Minute, Secret: "s",
		List: []string{"a", "1"}, Map: map[string]string{"a": "b"}, Embedded: Embedded{"y"},
		One: &part{N: 1}, Many: []part{{Label: "m", N: 2}, {N: 3}}}
	if !got.Any.RawEquals(cty.ObjectVal(map[string]cty.Value{"deep": cty.TupleVal([]cty.Value{cty.NumberIntVal(1), cty.StringVal("x")})})) ||
		!got.Rest.RawEquals(cty.ObjectVal(map[string]cty.Value{"extra": cty.NumberIntVal(7)})) {
		t.Errorf("%#v %#v", got.Any, got.Rest)
	}
	got.Any, got.Rest = want.Any, want.Rest
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	slices.Sort(secrets)
	if !slices.Equal(secrets, []string{"a h", "s"}) {
		t.Errorf("secrets: %q", secrets)
	}
}

func TestBindFaults(t *testing.T) {
	cases := []struct{ text, want string }{
		{`thing "x" {}`, `"text" is required`},
		{`thing { text = "a" }`, "needs a label"},
		{`thing "X" { text = "a" }`, "is no name"},
		{`thing "x" { text = null }`, "may not be null"},
		{`thing "x" { text = ["a"] }`, "string"},
		{"thing \"x\" {\n text = \"a\"\n choice = \"tow\"\n}", `Did you mean "two"?`},
		{"thing \"x\" {\n text = \"a\"\n count = 10\n}", "from 1 to 9"},
		{"thing \"x\" {\n text = \"a\"\n count = 1.5\n}", "whole"},
		{"thing \"x\" {\n text = \"a\"\n pause = \"1x\"\n}", "1x"},
		{"thing \"x\" {\n text = \"a\"\n pause = \"1ms\"\n}", "less than 1s"},
		{"thing \"x\" {\n text = \"a\"\n one {}\n}", `"n" is required`},
		{"thing \"x\" {\n text = \"a\"\n one { n = 1 }\n one { n = 1 }\n}", "Only one"},
		{"thing \"x\" {\n text = \"a\"\n oen { n = 1 }\n}", `Did you mean "one"?`},
		{"thing \"x\" {\n text = \"a\"\n text {}\n}", "is an argument here"},
		{"thing \"x\" {\n text = \"a\"\n many \"a\" \"b\" { n = 1 }\n}", "Extra label"},
	}
	for _, c := range cases {
		_, _, diags := decodeThing(t, c.text+"\n", nil)
		if !diags.HasErrors() || !strings.Contains(diags.Error(), c.want) {
			t.Errorf("%s: %v", c.text, diags)
		}
	}
}

func TestToValue(t *testing.T) {
	type inner struct {
		A int `hcl:"a" doc:"x"`
	}
	type result struct {
		Text   string            `hcl:"text" doc:"x"`
		Secret string            `hcl:"secret,secret" doc:"x"`
		Maybe  *int              `hcl:"maybe" doc:"x"`
		List   []string          `hcl:"list" doc:"x"`
		Map    map[string]string `hcl:"map" doc:"x"`
		Inner  inner             `hcl:"inner" doc:"x"`
		Any    cty.Value         `hcl:"any" doc:"x"`
		Mixed  []cty.Value       `hcl:"mixed" doc:"x"`
		At     time.Time         `hcl:"at" doc:"x"`
	}
	spec := SpecOf[result]()
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	got := spec.ToValue(result{Text: "t", Secret: "s", Inner: inner{A: 1}, Mixed: []cty.Value{cty.True, cty.StringVal("x")}, At: at})
	want := cty.ObjectVal(map[string]cty.Value{"text": cty.StringVal("t"), "secret": MarkSensitive(cty.StringVal("s")), "maybe": cty.NullVal(cty.Number),
		"list": cty.ListValEmpty(cty.String), "map": cty.MapValEmpty(cty.String), "inner": cty.ObjectVal(map[string]cty.Value{"a": cty.NumberIntVal(1)}),
		"any": cty.NullVal(cty.DynamicPseudoType), "mixed": cty.TupleVal([]cty.Value{cty.True, cty.StringVal("x")}), "at": cty.StringVal("2030-01-02T03:04:05Z")})
	if !got.RawEquals(want) {
		t.Errorf("%#v", got)
	}
	if spec.ObjectType().AttributeType("inner").AttributeType("a") != cty.Number {
		t.Error(spec.ObjectType().GoString())
	}
}

// The list that says which functions read files is that of the functions themselves.
func TestReadsFiles(t *testing.T) {
	for _, d := range FunctionDocs() {
		if ReadsFiles(d.Name) != (d.Kind == FileFunction) {
			t.Errorf("%s: %v", d.Name, d.Kind)
		}
	}
}
