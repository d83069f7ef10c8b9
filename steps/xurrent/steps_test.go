package xurrent

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

func TestConnection(t *testing.T) {
	vars := map[string]cty.Value{"u": cty.UnknownVal(cty.String)}
	for _, tc := range []struct{ src, want string }{
		{"account_id = \"wna\"\nclient_id = \"a\"\nclient_secret = \"b\"", ""},
		{"account_id = \"wna\"\npersonal_access_token = u", ""},
		{"account_id = u\npersonal_access_token = u\nstage = \"QA\"\nregion = \"uk\"\ntimeout = \"30s\"", ""},
		{"account_id = \"wna\"", "or \"personal_access_token\""},
		{"account_id = \"wna\"\nclient_id = \"a\"", "write \"client_secret\" too"},
		{"personal_access_token = u", "\"account_id\" is required"},
		{"account_id = \"\"\npersonal_access_token = u", "may not be empty"},
		{"account_id = \"wna\"\npersonal_access_token = u\nstage = \"prod\"", "is none of \"Prod\""},
		{"account_id = \"wna\"\npersonal_access_token = u\nregion = \"eu\"", "is none of \"au\""},
		{"account_id = \"wna\"\npersonal_access_token = u\ntimeout = \"6m\"", "at most \"5m\""},
		{"account_id = \"wna\"\npersonal_access_token = u\ngraphql_endpoint = \"https://x.test/graphql\"", "write \"oauth2_endpoint\" too"},
		{"account_id = \"wna\"\npersonal_access_token = u\nstage = \"QA\"\ngraphql_endpoint = \"https://x.test/graphql\"", ""},
		{"account_id = \"wna\"\npersonal_access_token = u\nrest_endpoint = \"x.test\"", "begins with https://"},
	} {
		c, diags := bound(t, Connection.Spec(), tc.src, vars)
		expect(t, append(diags, Connection.Check(c)...), tc.want)
	}
}

func TestX3ConnectionKeepsSecretsMarked(t *testing.T) {
	c, diags := bound(t, Connection.Spec(), "account_id = \"wna\"\nclient_id = \"a\"\nclient_secret = \"hunter2\"", nil)
	if diags.HasErrors() || !lang.IsSensitive(c.Args.GetAttr("client_secret")) {
		t.Fatalf("%#v, %v", c.Args, diags)
	}
	v, err := Connection.Open(context.Background(), c.Args)
	a, ok := v.(*Account)
	if err != nil || !ok || a.Client().Endpoints().GraphQL != "https://graphql.xurrent.com" {
		t.Errorf("got %T, %v", v, err)
	}
	if text := fmt.Sprintf("%+v", v); strings.Contains(text, "hunter2") {
		t.Errorf("the open connection shows its secret: %s", text)
	}
}

func TestStepChecks(t *testing.T) {
	vars := map[string]cty.Value{"u": cty.UnknownVal(cty.String), "any": cty.DynamicVal}
	for _, tc := range []struct {
		kind      *steps.Kind
		src, want string
	}{
		{Query, "object = \"requests\"\nfilter = { id = any }\norder = [{ field = \"id\", direction = \"desc\" }]", ""},
		{Query, "object = u\nfilter = any\norder = any\ninclude = [\"team.manager\"]\npage_size = 100\nmax_results = 5", ""},
		{Query, "", "\"object\" is required"},
		{Query, "object = \"\"", "may not be empty"},
		{Query, "object = \"x\"\npage_size = 0", "from 1 to 100"},
		{Query, "object = \"x\"\npage_size = 101", "from 1 to 100"},
		{Query, "object = \"x\"\nmax_results = 0", "1 or more"},
		{Query, "object = \"x\"\nfields = \"id\"\ninclude = [\"team\"]", "Only one of \"fields\" and \"include\""},
		{Query, "object = \"x\"\ninclude = [\"team.\"]", "joined by dots"},
		{Query, "object = \"x\"\nfilter = \"id\"", "an object is needed"},
		{Query, "object = \"x\"\norder = \"id\"", "Incorrect value type"},
		{Query, "object = \"x\"\norder = [{ direction = \"asc\" }]", "Element 0 has no \"field\""},
		{Query, "object = \"x\"\norder = [{ field = \"id\" }, { field = \"id\", direction = \"down\" }]", "Element 1: \"down\" is none of"},
		{Query, "object = \"x\"\norder = [{ feild = \"id\" }]", "Did you mean \"field\""},
		{Query, "object = \"x\"\neach {}\neach_page {}", "Only one of \"each\" and \"each_page\""},
		{Mutation, "mutation = \"noteCreate\"\ninput = { text = u }\nclear = [\"x\"]", ""},
		{Mutation, "input = {}", "\"mutation\" is required"},
		{Mutation, "mutation = \"x\"\nclear = [\"a\"]\ninput = { a = 1 }", "cannot be cleared"},
		{Mutation, "mutation = \"x\"\nclear = [\"a\"]\ninput = { a = null }", ""},
		{Mutation, "mutation = \"x\"\ninput = [1]", "an object is needed"},
		{Upload, "file_name = \"a\"\nfile_path = u", ""},
		{Upload, "file_name = \"a\"", "One of \"file_content\""},
		{Upload, "file_name = \"a\"\nfile_path = \"x\"\nfile_url = \"https://x.test\"", "Conflicting"},
		{Upload, "file_name = \"a\"\nfile_url = \"ftp://x.test\"", "web address"},
		{Token, "", ""},
		{Token, "grant = \"authorization_code\"", ""},
		{Token, "grant = \"authorisation_code\"", "Did you mean \"authorization_code\""},
		{Config, "field \"a\" { type = number }\nfield \"b\" {\n secret = true\n own = true\n}", ""},
		{Config, "field \"a\" {}\nfield \"a\" {}", "Duplicate field"},
		{Config, "field \"a\" { own = true }", "write secret = true too"},
		{Config, "field \"a\" {\n type = number\n default = \"x\"\n}", "does not fit its type"},
		{Config, "field \"a\" { type = \"number\" }", "Invalid type specification"},
		{SecretSet, "name = \"a\"\nvalue = u", ""},
		{SecretSet, "name = \"a\"", "\"value\" is required"},
		{ConfigUpdate, "custom_fields = { a = 1 }", ""},
		{ConfigUpdate, "custom_fields = [{ id = \"a\", value = 1 }]", ""},
		{ConfigUpdate, "custom_fields = [{ id = \"a\" }]", "list of { id, value }"},
		{ConfigUpdate, "custom_fields = \"a\"", "list of { id, value }"},
		{ConfigUpdate, "", "Nothing is changed"},
		{ConfigUpdate, "suspension { suspended = true }", "\"comment\" is required"},
		{ConfigUpdate, "suspension {\n suspended = true\n comment = \" \"\n}", "may not be empty"},
		{Async, "urls = [u]", ""},
		{Async, "urls = [u]\nbackoff_time = \"10ms\"", "shortest pause"},
		{Async, "urls = [u]\nmax_iterations = 0", "1 or more"},
	} {
		t.Run(tc.kind.Name, func(t *testing.T) { expect(t, checkedStep(t, tc.kind, tc.src, vars), tc.want) })
	}
}

func TestX3SensitiveArgumentsAreNotQuoted(t *testing.T) {
	vars := map[string]cty.Value{"s": lang.MarkSensitive(cty.StringVal("hunter2"))}
	for _, tc := range []struct {
		kind *steps.Kind
		src  string
	}{
		{Query, "object = s\norder = [{ field = s, direction = s }]\ninclude = [s]\nfilter = s\npage_size = s"},
		{Query, "object = s\norder = [{ (s) = s }]"},
		{Mutation, "mutation = s\nclear = [s]\ninput = { hunter2 = 1 }"},
		{Upload, "file_name = s\nfile_url = s"},
		{Token, "grant = s"},
		{Config, "field \"a\" {\n type = number\n default = s\n}"},
		{ConfigUpdate, "custom_fields = s\ndisabled = s"},
		{Async, "urls = [s]\nbackoff_time = s"},
	} {
		for _, d := range checkedStep(t, tc.kind, tc.src, vars) {
			if strings.Contains(d.Summary+d.Detail, "hunter2") {
				t.Errorf("%s: %s", tc.kind.Name, d)
			}
		}
	}
}

// A step that takes the installation from its trigger needs one that has it.
func TestInstallationOfTheTrigger(t *testing.T) {
	app := cty.UnknownVal(cty.Object(map[string]cty.Type{"customer_account_id": cty.String, "app_reference": cty.String}))
	other := cty.UnknownVal(cty.Object(map[string]cty.Type{"input": cty.String}))
	expect(t, checkedStep(t, Token, "", map[string]cty.Value{"trigger": app}), "")
	expect(t, checkedStep(t, Token, "", map[string]cty.Value{"trigger": other}), "\"customer_account_id\" is required here")
	expect(t, checkedStep(t, Token, "customer_account_id = \"a\"\napp_reference = \"b\"", map[string]cty.Value{"trigger": other}), "")
}

func TestStepOutputs(t *testing.T) {
	query := map[string]cty.Type{"nodes": cty.DynamicPseudoType, "count": cty.Number, "total_count": cty.Number, "has_next_page": cty.Bool,
		"ratelimit": rateLimit, "costlimit": costLimit, "request_id": cty.String}
	without := func(m map[string]cty.Type, name string) map[string]cty.Type {
		out := map[string]cty.Type{}
		for k, v := range m {
			if k != name {
				out[k] = v
			}
		}
		return out
	}
	for _, tc := range []struct {
		kind *steps.Kind
		src  string
		want cty.Type
	}{
		{Query, "object = \"people\"", cty.Object(query)},
		{Query, "object = \"people\"\neach {}", cty.Object(without(query, "nodes"))},
		{Query, "object = \"me\"", cty.DynamicPseudoType},
		{Mutation, "mutation = \"noteCreate\"", cty.DynamicPseudoType},
		{Upload, "file_name = \"a\"\nfile_path = \"a\"", cty.Object(map[string]cty.Type{"storage_key": cty.String, "size": cty.Number, "ratelimit": rateLimit, "request_id": cty.String})},
		{Token, "", cty.Object(map[string]cty.Type{"client_id": cty.String, "client_secret": cty.String, "oauth_application_nodeID": cty.String})},
		{ConfigUpdate, "disabled = true", cty.Object(map[string]cty.Type{"app_instance_id": cty.String})},
		{SecretSet, "name = \"a\"\nvalue = \"b\"", cty.EmptyObject},
		{Config, "field \"a\" {}\nfield \"b\" { type = object({ x = optional(number) }) }", cty.Object(map[string]cty.Type{
			"config":   cty.Object(map[string]cty.Type{"a": cty.String, "b": cty.Object(map[string]cty.Type{"x": cty.Number})}),
			"disabled": cty.Bool, "enabled_by_customer": cty.Bool, "suspended": cty.Bool, "suspension_comment": cty.String})},
		{Async, "urls = []", cty.Object(map[string]cty.Type{"results": cty.DynamicPseudoType, "count": cty.Number})},
	} {
		c, _ := bound(t, tc.kind.Spec(), tc.src, nil)
		if got := tc.kind.OutputType(c); !got.Equals(tc.want) {
			t.Errorf("%s %s: got %#v", tc.kind.Name, tc.src, got)
		}
	}
	c, _ := bound(t, Query.Spec(), "object = \"people\"\neach { collect = 1 }", nil)
	c.Collected = cty.Number
	if got := Query.OutputType(c); !got.HasAttribute("collected") || !got.AttributeType("collected").Equals(cty.List(cty.Number)) {
		t.Errorf("got %#v", got)
	}
}

func TestMutationEffect(t *testing.T) {
	source := cty.ObjectVal(map[string]cty.Value{"source": cty.StringVal("Currant"), "sourceID": cty.StringVal("1")})
	for _, tc := range []struct {
		name  string
		input cty.Value
		want  steps.Effect
	}{
		{"requestUpdate", cty.EmptyObjectVal, steps.Idempotent},
		{"requestCreate", cty.EmptyObjectVal, steps.Write},
		{"requestCreate", cty.ObjectVal(map[string]cty.Value{"source": cty.StringVal("Currant"), "sourceID": cty.NullVal(cty.String)}), steps.Write},
		{"requestCreate", source, steps.Checked},
		{"webhookDelete", source, steps.Write},
	} {
		if got := Mutation.EffectOf(cty.ObjectVal(map[string]cty.Value{"mutation": cty.StringVal(tc.name), "input": tc.input})); got != tc.want {
			t.Errorf("%s(%#v): %v, want %v", tc.name, tc.input, got, tc.want)
		}
	}
}
