package compile_test

import (
	"strings"
	"testing"

	"currant/engine/compile"
)

// A trigger knows its connection: the one that it names, or the only one. It stays that of the blueprint in
// force when the runbook is taken over from the compilation before.
func TestTriggerConnection(t *testing.T) {
	conn := func(name, account string) string {
		return "connection \"xurrent\" \"" + name + "\" {\n account_id = " + account + "\n personal_access_token = \"t\"\n}\n"
	}
	hook := func(argument string) string {
		return "runbook \"hook\" {\n trigger \"webhook\" { " + argument + " }\n step \"log\" \"l\" { message = \"x\" }\n}\n"
	}
	o := options(t)
	o.Previous = &compile.Cache{}
	for _, c := range []struct{ name, rest, hook, account string }{
		{"none", "", hook(""), ""},
		{"the only one", conn("a", `"one"`), hook(""), "one"},
		{"the only one, changed", conn("a", `"two"`), hook(""), "two"},
		{"by a local", "locals { id = \"three\" }\n" + conn("a", "local.id"), hook(""), "three"},
		{"the local changed", "locals { id = \"four\" }\n" + conn("a", "local.id"), hook(""), "four"},
		{"two, none named", conn("a", `"one"`) + conn("b", `"two"`), hook(""), ""},
		{"two, one named", conn("a", `"one"`) + conn("b", `"two"`), hook("connection = connection.b"), "two"},
		{"of another kind", "connection \"http\" \"h\" { base_url = \"https://x.example\" }\n", hook(""), ""},
		{"a trigger without", conn("a", `"one"`), strings.Replace(hook(""), "webhook", "manual", 1), ""},
	} {
		bp, diags := compile.Compile(sourceOf(t, map[string]string{"hook.hcl": c.hook, "rest.hcl": c.rest}), o)
		if diags.HasErrors() {
			t.Fatalf("%s: %s", c.name, diags)
		}
		connection := bp.Runbook("hook").Trigger.Connection
		if connection == nil {
			if c.account != "" {
				t.Errorf("%s: none", c.name)
			}
			continue
		}
		args, err := connection()
		if err != nil || args.GetAttr("account_id").AsString() != c.account {
			t.Errorf("%s: %#v, %v", c.name, args, err)
		}
	}
	// A connection whose arguments cannot be evaluated says so when it is asked.
	bp, diags := compile.Compile(source(t, "variable \"id\" { type = string }\n"+conn("a", "lower(var.id)")+hook("")), options(t))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if v, err := bp.Runbook("hook").Trigger.Connection(); err == nil && v.IsWhollyKnown() {
		t.Errorf("an account of nothing: %#v", v)
	}
}
