package blueprints

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

func kind(t *testing.T, name string) Resource {
	t.Helper()
	for _, r := range Kinds() {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no kind %q", name)
	return Resource{}
}

// check is everything that is wrong with the body of a block.
func check(t *testing.T, r Resource, src string) hcl.Diagnostics {
	t.Helper()
	return checkIn(t, r, src, nil)
}

// checkIn is check with the blueprint's directory.
func checkIn(t *testing.T, r Resource, src string, files fs.FS) hcl.Diagnostics {
	t.Helper()
	file, diags := lang.ParseFile("test.hcl", []byte(src))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	body := file.Body.(*hclsyntax.Body)
	b, diags := r.Spec.Bind(body, body.SrcRange)
	vars := map[string]cty.Value{"u": cty.UnknownVal(cty.String), "any": cty.DynamicVal, "s": lang.MarkSensitive(cty.StringVal("hunter2")), "var": cty.DynamicVal}
	args, more := b.Eval(lang.NewScope(lang.Functions(lang.FunctionOptions{}), vars).Static(nil))
	return append(append(diags, more...), r.Check(b, args, files)...)
}

func expect(t *testing.T, diags hcl.Diagnostics, want string) {
	t.Helper()
	if want == "" {
		if len(diags) > 0 {
			t.Errorf("unexpected: %s", diags)
		}
		return
	}
	for _, d := range diags {
		if strings.Contains(d.Summary+": "+d.Detail, want) {
			return
		}
	}
	t.Errorf("want %q, got %s", want, diags)
}

func TestKinds(t *testing.T) {
	for _, r := range Kinds() {
		if r.Doc == "" || r.Check == nil || len(r.Examples) == 0 {
			t.Errorf("%s lacks something", r.Name)
		}
		if problems := lang.Undocumented(r.Name, r.Spec); len(problems) > 0 {
			t.Error(problems)
		}
		for _, e := range r.Examples {
			file, diags := lang.ParseFile("example.hcl", []byte(e.HCL))
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			b := file.Body.(*hclsyntax.Body).Blocks[0]
			if b.Type != r.Name || len(b.Labels) != 1 {
				t.Errorf("%s: the example shows %s %v", r.Name, b.Type, b.Labels)
			}
			body, diags := r.Spec.Bind(b.Body, b.DefRange())
			args, more := body.Eval(lang.NewScope(nil, nil).Static(nil))
			expect(t, append(append(diags, more...), r.Check(body, args, nil)...), "")
		}
	}
}

// The whole of the language reference's example.
func TestAppOfTheReference(t *testing.T) {
	expect(t, check(t, kind(t, "app"), `
connection       = connection.provider
reference        = "survey"
name             = "Survey"
service_instance = "Integrations"
card_description = "Feedback after completion"
description      = any
features         = any
compliance       = "Data stays in your account."
picture          = "app/logo.svg"
configuration_uri_template    = "https://…"
oauth_authorization_endpoints = []
requires_enabled_oauth_person = false
openid_connect_discovery      = false
policy {
  algorithm        = "es256"
  audience         = "survey"
  claim_expires_in = 60
}
scope {
  actions    = ["request:Read", "request:Update"]
  effect     = "allow"
  grant_type = "client_credentials"
}
ui_extension {
  name       = "Survey configuration"
  title      = "Survey configuration"
  category   = "app_offering"
  html       = any
  css        = any
  javascript = any
  activate   = true
}
automation_rule "ask" {
  name      = "Ask customer to complete survey"
  record    = "request"
  trigger   = "on note added"
  condition = "completed and was_not_completed"
  expression "completed"         { value = "status = completed" }
  expression "was_not_completed" { value = "status_was != completed" }
  expression "url"               { value = "rule_app_instance.custom_fields.form_url" }
  action "note" { value = "add note 'Please complete our [survey]({{url}})'" }
}`), "")
}

func TestAppChecks(t *testing.T) {
	const rule = "automation_rule \"%s\" {\n name = \"A\"\n record = \"request\"\n trigger = \"on create\"\n condition = \"true\"\n}\n"
	for _, tc := range []struct{ src, want string }{
		{"", ""},
		{"name = null", ""}, // clears it
		{"name = u", ""},
		{"name = \" \"", "may not be empty"},
		{"reference = \"" + strings.Repeat("a", 162) + "\"", "161 are the most"},
		{"card_description = \"" + strings.Repeat("é", 255) + "\"", ""},
		{"card_description = \"" + strings.Repeat("é", 256) + "\"", "255 are the most"},
		{"picture = \"../logo.svg\"", "not inside the blueprint's directory"},
		{"picture = \"/logo.svg\"", "not inside the blueprint's directory"},
		{"picture = \"logo.bmp\"", "no picture that Xurrent takes"},
		{"picture = \"logo.PNG\"", ""},
		{"policy { algorithm = \"hs256\" }", "is none of \"rs256\""},
		{"policy { claim_expires_in = 0 }", "1 or more"},
		{"scope {}", "\"actions\" is required"},
		{"scope { actions = [] }", "needs an action"},
		{"scope { actions = [\"request\"] }", "\"request\" is no action"},
		{"scope { actions = [u] }", ""},
		{"scope { actions = any }", ""},
		{"scope {\n actions = [\"request:Read\"]\n effect = \"alow\"\n}", "Did you mean \"allow\""},
		{"scope {\n actions = [\"request:Read\"]\n grant_type = \"password\"\n}", "is none of"},
		{"ui_extension { category = \"person\" }", "\"app_offering\""},
		{"ui_extension {}\nui_extension {}", "Duplicate block"},
		{"discription = \"x\"", "Did you mean \"description\""},
		{"automation_rule { }", "needs a label"},
		{strings.ReplaceAll(rule, "%s", "a") + strings.ReplaceAll(strings.ReplaceAll(rule, "%s", "b"), "\"A\"", "\"a\""), "has this name too"},
		{strings.ReplaceAll(rule, "%s", "a") + strings.ReplaceAll(strings.ReplaceAll(rule, "%s", "b"), "\"request\"", "\"task\""), ""},
		{strings.ReplaceAll(rule, "%s", "a") + strings.ReplaceAll(rule, "%s", "a"), "Duplicate automation rule"},
		{strings.ReplaceAll(strings.ReplaceAll(rule, "%s", "a"), "\"request\"", "\"workflow\""), "is none of \"request\""},
	} {
		t.Run(tc.src[:min(len(tc.src), 40)], func(t *testing.T) { expect(t, check(t, kind(t, "app"), tc.src), tc.want) })
	}
}

func TestRuleChecks(t *testing.T) {
	for _, tc := range []struct{ condition, rest, want string }{
		{"true", "", ""},
		{"a and !b", "expression \"a\" { value = \"x\" }\nexpression \"b\" { value = \"x\" }", ""},
		{"a and !b", "expression \"a\" { value = \"x\" }", "no expression named \"b\""},
		{"complete", "expression \"completed\" { value = \"x\" }", "Did you mean \"completed\""},
		{"status = completed", "", ""}, // the platform's to judge
		{"", "", "may not be empty"},
		{"true", "expression \"a\" { value = \"x\" }\nexpression \"a\" { value = \"y\" }", "Duplicate expression"},
		{"true", "action \"a\" { value = \"x\" }\naction \"a\" { value = \"y\" }", "Duplicate action"},
		{"true", "action \"a\" { value = \"add note '{{url}}'\" }", "no expression named \"url\""},
		{"true", "action \"a\" { value = \"add note '{{@url}} {{team.name}}'\" }", "no expression named \"url\""},
		{"true", "action \"a\" { value = any }", ""},
		{"true", "expression \"x\" { value = \"id\" }\naction \"a\" { value = \"call webhook '{app_offering_webhook}' with payload 'x y'\" }", "no expression named \"y\""},
	} {
		src := "name = \"A\"\ntrigger = \"on create\"\ncondition = \"" + tc.condition + "\"\n" + tc.rest
		expect(t, check(t, kind(t, "automation_rule"), src), tc.want)
	}
	expect(t, check(t, kind(t, "automation_rule"), "name = \"A\"\ntrigger = \"on create\""), "\"condition\" is required")
	expect(t, check(t, kind(t, "automation_rule"), "name = u\ntrigger = u\ncondition = u\nrecord = \"scim_user\""), "")
}

func TestExtensionChecks(t *testing.T) {
	for _, tc := range []struct{ src, want string }{
		{"name = \"A\"\ncategory = \"person\"\nhtml = any", ""},
		{"name = \"A\"", "\"category\" is required"},
		{"name = \"\"\ncategory = \"person\"", "may not be empty"},
		{"category = \"persons\"", "Did you mean \"person\""},
		{"category = \"person\"\nhtml = \"\"\nform_definition = {}", "Conflicting"},
	} {
		expect(t, check(t, kind(t, "ui_extension"), tc.src), tc.want)
	}
}

func TestX3SensitiveTextsAreNotQuoted(t *testing.T) {
	for _, src := range []string{
		"picture = s",
		"scope { actions = [s] }",
		"scope { actions = sensitive([\"hunter2\"]) }",
		"policy { algorithm = s }",
		"description = \"![](${s}.png)\"",
		"ui_extension { html = \"<input><${s}><input id='${s}'><input id='${s}'>\" }",
		"automation_rule \"a\" {\n name = \"A\"\n trigger = \"on create\"\n condition = \"${s}x\"\n expression \"hunter3\" { value = \"${s} and b\" }\n action \"a\" { value = \"call webhook 'x' with payload '${s}'\" }\n}",
		"automation_rule \"a\" {\n name = s\n trigger = s\n condition = s\n action \"a\" { value = \"{{${s}}}\" }\n}",
	} {
		for _, d := range check(t, kind(t, "app"), src) {
			if strings.Contains(d.Summary+d.Detail, "hunter2") {
				t.Errorf("%s: %s", src, d)
			}
		}
	}
}

func TestNamesInPhrases(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []string
	}{
		{"a and (b or !c)", []string{"a", "b", "c"}},
		{"TRUE", nil},
		{"a = b", nil},
		{"a.b", nil},
		{"", nil},
	} {
		if got := conditionNames(tc.text); !slices.Equal(got, tc.want) {
			t.Errorf("%q: %q", tc.text, got)
		}
	}
	if got := insertions("{{ a }} {{@b}} {{c.d}} {{}} {{e"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %q", got)
	}
}

// FuzzPhrases: texts of blueprints are any texts.
func FuzzPhrases(f *testing.F) {
	f.Add("a and !b")
	f.Add("call webhook 'x' with payload 'a b' {{c}}")
	f.Fuzz(func(t *testing.T, s string) {
		for _, names := range [][]string{conditionNames(s), insertions(s), payloadNames(s)} {
			for _, n := range names {
				if !identifier.MatchString(n) {
					t.Errorf("%q is no name", n)
				}
			}
		}
	})
}
