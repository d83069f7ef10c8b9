package compile_test

import (
	"strings"
	"testing"

	"currant/engine/compile"
)

// Any trigger can ask for the blueprint's only connection of a type, in force now.
func TestTriggerOnlyConnection(t *testing.T) {
	conn := func(name, account string) string {
		return "connection \"xurrent\" \"" + name + "\" {\n account_id = \"" + account + "\"\n personal_access_token = \"t\"\n}\n"
	}
	other := "connection \"http\" \"h\" { base_url = \"https://x.example\" }\n"
	o := options(t)
	o.Previous = &compile.Cache{}
	for _, c := range []struct{ name, rest, account string }{
		{"none", other, ""}, {"one", other + conn("a", "one"), "one"}, {"changed", other + conn("a", "two"), "two"},
		{"two", conn("a", "one") + conn("b", "two"), ""},
	} {
		hook := "runbook \"hook\" {\n trigger \"json_endpoint\" {}\n step \"log\" \"l\" { message = \"x\" }\n}\n"
		bp, diags := compile.Compile(sourceOf(t, map[string]string{"hook.hcl": hook, "rest.hcl": c.rest}), o)
		if diags.HasErrors() {
			t.Fatalf("%s: %s", c.name, diags)
		}
		args, err := bp.Runbook("hook").Trigger.Only("xurrent")
		switch {
		case c.account == "" && (err == nil || !strings.Contains(err.Error(), "where one is needed")):
			t.Errorf("%s: %#v, %v", c.name, args, err)
		case c.account != "" && (err != nil || args.GetAttr("account_id").AsString() != c.account):
			t.Errorf("%s: %#v, %v", c.name, args, err)
		}
	}
}
