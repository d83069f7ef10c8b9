package flow

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

func TestIfChooses(t *testing.T) {
	for _, tc := range []struct {
		name      string
		condition cty.Value
		block     string
		result    cty.Value
	}{
		{"true", cty.True, "then", cty.True},
		{"false", cty.False, "else", cty.False},
		{"text", str("true"), "then", cty.True},
		{"sensitive steers", lang.MarkSensitive(cty.True), "then", cty.True},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := args(t, If, "condition = v\nthen {}\nelse {}", map[string]cty.Value{"v": tc.condition})
			c, err := If.Choose(a)
			if err != nil || c.Block != tc.block || c.Index != 0 {
				t.Fatalf("got %+v, %v", c, err)
			}
			same(t, c.Output, object("result", tc.result))
		})
	}
}

func TestIfCheck(t *testing.T) {
	for _, tc := range []struct{ src, want string }{
		{"condition = true\nthen {}", ""},
		{"condition = true\nelse {}", ""},
		{"condition = true", "\"then\""},
		{"then {}", "\"condition\""},
		{"condition = null\nthen {}", "may not be null"},
		{"condition = []\nthen {}", "Incorrect value type"},
		{"condition = true\nthan {}", "Did you mean \"then\""},
	} {
		expect(t, checked(t, If, tc.src, nil, nil), tc.want)
	}
}

func TestSwitchChooses(t *testing.T) {
	const src = `value = v
case "a" {}
case { match = ["b", "c"] }
case { match = [1, 2] }
case "true" {}
case "" {}
default {}`
	for _, tc := range []struct {
		name    string
		value   cty.Value
		block   string
		index   int
		matched cty.Value
	}{
		{"text", str("a"), "case", 0, str("a")},
		{"list", str("c"), "case", 1, str("c")},
		{"number of a list", number(2), "case", 2, number(2)},
		{"number as text", str("1"), "case", 2, number(1)},
		{"boolean", cty.True, "case", 3, str("true")},
		{"empty", str(""), "case", 4, str("")},
		{"other", str("A"), "default", 0, cty.NullVal(cty.String)},
		{"null", cty.NullVal(cty.DynamicPseudoType), "default", 0, cty.NullVal(cty.String)},
		{"sensitive", lang.MarkSensitive(str("a")), "case", 0, lang.MarkSensitive(str("a"))},
		{"sensitive, none", lang.MarkSensitive(str("z")), "default", 0, lang.MarkSensitive(cty.NullVal(cty.String))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := Switch.Choose(args(t, Switch, src, map[string]cty.Value{"v": tc.value}))
			if err != nil || c.Block != tc.block || c.Index != tc.index {
				t.Fatalf("got %+v, %v", c, err)
			}
			same(t, c.Output, object("matched", tc.matched))
		})
	}
	if _, err := Switch.Choose(object("value", cty.EmptyObjectVal, "case", cty.EmptyTupleVal)); err == nil {
		t.Error("an object was compared")
	}
}

func TestSwitchCheck(t *testing.T) {
	for _, tc := range []struct{ src, want string }{
		{"value = 1\ncase \"1\" {}", ""},
		{"value = 1\ndefault {}", ""},
		{"value = 1", "Missing block"},
		{"case \"1\" {}", "\"value\" is required"},
		{"value = 1\ncase {}", "needs a label"},
		{"value = 1\ncase \"1\" { match = [1] }", "not both"},
		{"value = 1\ncase { match = 1 }", "Incorrect value type"},
		{"value = 1\ncase \"1\" {}\ncase \"1\" {}", "Duplicate case"},
		{"value = [1]\ncase \"1\" {}", "a text, number or boolean is needed"},
	} {
		expect(t, checked(t, Switch, tc.src, nil, nil), tc.want)
	}
	c, _ := bound(t, Switch, "value = 1\ncase \"1\" {}", nil)
	if got := Switch.OutputType(c); !got.Equals(cty.Object(map[string]cty.Type{"matched": cty.String})) {
		t.Errorf("got %#v", got)
	}
}

func TestSectionAndParallel(t *testing.T) {
	c, err := Section.Choose(args(t, Section, "step \"log\" \"a\" { message = \"\" }", nil))
	if err != nil || c.Block != "" || c.Index != 0 {
		t.Fatalf("got %+v, %v", c, err)
	}
	expect(t, checked(t, Section, "", nil, nil), "")
	expect(t, checked(t, Parallel, "", nil, nil), "needs a \"branch\"")
	expect(t, checked(t, Parallel, "branch \"a\" {}\nbranch \"b\" {}", nil, nil), "")
	expect(t, checked(t, Parallel, "branch {}", nil, nil), "needs a label")
	expect(t, checked(t, Parallel, "branch \"A b\" {}", nil, nil), "Invalid name")
	if Parallel.Fork == nil || Parallel.Fork.Block != "branch" {
		t.Error("no fork")
	}
}

func TestRepeatAndTry(t *testing.T) {
	for _, tc := range []struct{ src, want string }{
		{"while = true\ndo {}", ""},
		{"until = true\nmax = 3\ndo {}", ""},
		{"do {}", "One of \"while\" and \"until\""},
		{"while = true\nuntil = true\ndo {}", "Conflicting arguments"},
		{"while = true\nmax = 0\ndo {}", "1 or more"},
		{"while = true", "\"do\""},
	} {
		expect(t, checked(t, Repeat, tc.src, nil, nil), tc.want)
	}
	for _, tc := range []struct{ src, want string }{
		{"do {}", ""},
		{"retry { attempts = 2 }\ndo {}\ncatch {}\nfinally {}", ""},
		{"catch {}", "\"do\""},
		{"do {}\ndo {}", "Duplicate block"},
	} {
		expect(t, checked(t, Try, tc.src, nil, nil), tc.want)
	}
	want := cty.Object(map[string]cty.Type{"failed": cty.Bool, "error": cty.Object(map[string]cty.Type{
		"message": cty.String, "kind": cty.String, "step": cty.String, "status": cty.Number})})
	if got := Try.OutputType(nil); !got.Equals(want) {
		t.Errorf("got %#v", got)
	}
}
