package schema

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

func TestGoldenTexts(t *testing.T) {
	var b strings.Builder
	show := func(title, text string) { b.WriteString("# " + title + "\n" + text + "\n\n") }
	query := func(title string, a QueryArgs) {
		q := mustQuery(t, a)
		show(title, q.Text(q.Connection))
		for _, f := range q.Selection.fields {
			if f.paged {
				show(title+": further pages of "+f.key, q.Selection.more(f))
			}
		}
	}
	query("people", QueryArgs{Object: "people"})
	query("all arguments", QueryArgs{Object: "people", Fields: "id", Filter: val(t, `{"disabled":false}`),
		View: val(t, `"all"`), Order: val(t, `[{"field":"name","direction":"desc"}]`)})
	query("include", QueryArgs{Object: "teams", Include: []string{"manager", "members.organization", "members.site"}})
	query("fields", QueryArgs{Object: "requests", Fields: `{ nr: requestId team { name } notes { totalCount nodes { text } } }`})
	query("the user's own part of a connection", QueryArgs{Object: "requests", Fields: `id notes(last: 5) { nodes { text } }`})
	query("me", QueryArgs{Object: "me", Fields: "name"})
	query("node", QueryArgs{Object: "node", Arguments: val(t, `{"id":"x"}`), Fields: "id ... on HasNotes { notes { nodes { text } } } ... on Request { subject }"})
	m := mustMutation(t, MutationArgs{Mutation: "requestCreate", Include: []string{"request.team"}})
	show("requestCreate", m.Text())
	m = mustMutation(t, MutationArgs{Mutation: "webhookPolicyCreate", Input: val(t, `{"jwtAlg":"es256"}`), Fields: "webhookPolicy { id publicKeyPem }"})
	show("webhookPolicyCreate", m.Text())
	golden(t, "texts.txt", b.String())
}

func TestQueryProblems(t *testing.T) {
	for name, c := range map[string]struct {
		args           QueryArgs
		argument, path string
		parts          string
	}{
		"object":           {QueryArgs{Object: "poeple"}, "object", "", `Did you mean "people"?`},
		"no object":        {QueryArgs{}, "object", "", `no object ""`},
		"object's form":    {QueryArgs{Object: "people { id } me"}, "object", "", "There is no such object"},
		"filter key":       {QueryArgs{Object: "people", Filter: val(t, `{"naem":{"values":["x"]}}`)}, "filter", "naem", `Did you mean "name"?`},
		"filter value":     {QueryArgs{Object: "requests", Filter: val(t, `{"status":{"values":["assigned","assignd"]}}`)}, "filter", "status.values.1", `Did you mean "assigned"?`},
		"filter's shape":   {QueryArgs{Object: "people", Filter: val(t, `{"name":"x"}`)}, "filter", "name", "{ values = [...] }"},
		"filter's type":    {QueryArgs{Object: "people", Filter: val(t, `["x"]`)}, "filter", "", "not a list"},
		"filter's range":   {QueryArgs{Object: "people", Filter: val(t, `{"createdAt":{"lessThan":"yesterday"}}`)}, "filter", "createdAt.lessThan", `2026-01-31T17:30:00Z is needed here, not "yesterday"`},
		"time zone":        {QueryArgs{Object: "people", Filter: val(t, `{"createdAt":{"lessThan":"2026-01-01T10:00:00"}}`)}, "filter", "createdAt.lessThan", "time zone is missing"},
		"flag":             {QueryArgs{Object: "people", Filter: val(t, `{"disabled":"maybe"}`)}, "filter", "disabled", "True or false is needed"},
		"values":           {QueryArgs{Object: "people", Filter: val(t, `{"name":{"negate":true}}`)}, "filter", "name", "needs values: a list of text"},
		"null values":      {QueryArgs{Object: "people", Filter: val(t, `{"name":{"values":null}}`)}, "filter", "name", "needs values"},
		"no order":         {QueryArgs{Object: "calendars", Order: val(t, `[]`)}, "order", "", "takes no order"},
		"no view":          {QueryArgs{Object: "webhooks", View: val(t, `"all"`)}, "view", "", "takes no view"},
		"no filter":        {QueryArgs{Object: "me", Filter: val(t, `{}`)}, "filter", "", "takes no filter"},
		"view":             {QueryArgs{Object: "people", View: val(t, `"al"`)}, "view", "", `Did you mean "all"?`},
		"views":            {QueryArgs{Object: "people", View: val(t, `"mine"`)}, "view", "", "all, all_with_roles, archive, current_account and trash"},
		"order field":      {QueryArgs{Object: "people", Order: val(t, `[{"field":"nam"}]`)}, "order", "0.field", `Did you mean "name"?`},
		"direction":        {QueryArgs{Object: "people", Order: val(t, `[{"field":"name","direction":"up"}]`)}, "order", "0.direction", "asc and desc"},
		"no such argument": {QueryArgs{Object: "node", Arguments: val(t, `{"id":"x","idd":"y"}`)}, "arguments", "idd", `Did you mean "id"?`},
		"missing argument": {QueryArgs{Object: "node"}, "arguments", "", "node needs id: text"},
		"null argument":    {QueryArgs{Object: "node", Arguments: val(t, `{"id":null}`)}, "arguments", "", "node needs id"},
		"paging":           {QueryArgs{Object: "people", Arguments: val(t, `{"first":5}`)}, "arguments", "first", "page_size and max_results"},
		"own argument":     {QueryArgs{Object: "people", Arguments: val(t, `{"filter":{}}`)}, "arguments", "filter", "as an argument of the step"},
		"arguments' type":  {QueryArgs{Object: "node", Arguments: val(t, `"x"`)}, "arguments", "", "An object is needed"},
		"include":          {QueryArgs{Object: "people", Include: []string{"site", "manger"}}, "include", "1", `Did you mean "manager"?`},
		"include inside":   {QueryArgs{Object: "people", Include: []string{"manager.siet"}}, "include", "0", `Person has no field "siet". Did you mean "site"?`},
		"include scalar":   {QueryArgs{Object: "people", Include: []string{"name"}}, "include", "0", "name is text and part of the result anyway"},
		"both":             {QueryArgs{Object: "people", Include: []string{"site"}, Fields: "id"}, "include", "", "fields or include, not both"},
	} {
		t.Run(name, func(t *testing.T) {
			q, ps := whole().Query(c.args)
			if q != nil && len(ps) > 0 {
				t.Error("there is a query in spite of the problems")
			}
			problem(t, ps, c.argument, c.path, c.parts)
		})
	}
	mustQuery(t, QueryArgs{Object: "people", View: val(t, `"all"`), Include: []string{"manager.site"},
		Filter: val(t, `{"name":{"values":["x"]},"createdAt":{"greaterThan":"2026-01-01T10:00:00Z"},"disabled":"true","vip":null}`),
		Order:  val(t, `{"field":"name"}`)})
}

// TestP25DepthAndSkippedFields: six names are followed, and pageInfo, totalCount, fields with required arguments
// and long names are not selected by default.
func TestP25DepthAndSkippedFields(t *testing.T) {
	deep := "manager.manager.manager.manager.manager.manager"
	q := mustQuery(t, QueryArgs{Object: "people", Include: []string{deep}})
	if n := strings.Count(q.Text(false), "manager {"); n != 6 {
		t.Errorf("%d names are followed", n)
	}
	_, ps := whole().Query(QueryArgs{Object: "people", Include: []string{deep + ".manager"}})
	problem(t, ps, "include", "0", "7 names; at most 6")

	for _, e := range []string{"projectTaskTemplates", "taskTemplates"} {
		q = mustQuery(t, QueryArgs{Object: e})
		if strings.Contains(q.Selection.Text(), "plannedEffortRequesterBusinessUnitManager") || !strings.Contains(q.Selection.Text(), "plannedEffort ") {
			t.Errorf("the long name is selected, or the short one is not: %s", q.Selection.Text())
		}
		mustQuery(t, QueryArgs{Object: e, Fields: "plannedEffortRequesterBusinessUnitManager"})
	}
	if strings.Contains(q.Selection.Text(), "totalCount") || strings.Contains(q.Selection.Text(), "pageInfo") {
		t.Error("what belongs to pages is selected of a record")
	}
	s, err := FromIntrospection([]byte(small(`"fields":[{"name":"r","type":{"kind":"OBJECT","name":"R"}}]`, `,{"kind":"OBJECT","name":"R","fields":[
		{"name":"a","type":{"kind":"SCALAR","name":"String"}},{"name":"totalCount","type":{"kind":"SCALAR","name":"Int"}},
		{"name":"b","args":[{"name":"x","type":{"kind":"NON_NULL","ofType":{"kind":"SCALAR","name":"Int"}}}],"type":{"kind":"SCALAR","name":"String"}},
		{"name":"c","args":[{"name":"x","defaultValue":"1","type":{"kind":"NON_NULL","ofType":{"kind":"SCALAR","name":"Int"}}}],"type":{"kind":"SCALAR","name":"String"}}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	if q, ps := s.Query(QueryArgs{Object: "r"}); len(ps) > 0 || q.Text(false) != "query { r { a c } }" {
		t.Errorf("%v %v", q.Text(false), ps)
	}
}

// TestSelectionsAreBounded: what is included of Node stands in the text once for each of its types.
func TestSelectionsAreBounded(t *testing.T) {
	include := []string{"account.seraAiStudio.runAs.manager"}
	node := QueryArgs{Object: "node", Arguments: val(t, `{"id":"x"}`), Include: include}
	if n := len(mustQuery(t, node).Text(false)); n < 50_000 || n > maxText+100 {
		t.Errorf("the text has %d bytes", n)
	}
	for _, path := range []string{".site", ".organization", ".manager.site", ".manager.organization", ".manager.manager"} {
		node.Include = append(node.Include, "account.organization.manager"+path, "account.seraAiStudio.runAs"+path)
	}
	_, ps := whole().Query(node)
	problem(t, ps, "include", "", "more than 256 KiB")
}

// TestP26NestedOnlyWhenIncluded: nothing nested is selected by itself, and what is below only with what is above.
func TestP26NestedOnlyWhenIncluded(t *testing.T) {
	if text := mustQuery(t, QueryArgs{Object: "people"}).Selection.Text(); strings.Contains(text, "{") {
		t.Errorf("something nested is selected: %s", text)
	}
	text := mustQuery(t, QueryArgs{Object: "people", Include: []string{"manager.site"}}).Selection.Text()
	if strings.Count(text, "{") != 2 || !strings.Contains(text, "manager { ") || !strings.Contains(text, " site { ") {
		t.Errorf("not the manager and his site: %s", text)
	}
}

// TestP29TypesWithoutSelectableFields: id, or the name of the type; a union has the fields of its members.
func TestP29TypesWithoutSelectableFields(t *testing.T) {
	s, err := FromIntrospection([]byte(small(`"fields":[{"name":"u","type":{"kind":"UNION","name":"U"}},{"name":"n","type":{"kind":"OBJECT","name":"N"}},{"name":"m","type":{"kind":"OBJECT","name":"M"}}]`, `,
		{"kind":"UNION","name":"U","possibleTypes":[{"name":"A"},{"name":"B"}]},
		{"kind":"OBJECT","name":"A","fields":[{"name":"id","type":{"kind":"SCALAR","name":"ID"}},{"name":"x","type":{"kind":"SCALAR","name":"Int"}}]},
		{"kind":"OBJECT","name":"B","fields":[{"name":"id","type":{"kind":"SCALAR","name":"ID"}},{"name":"x","type":{"kind":"SCALAR","name":"String"}},{"name":"y","type":{"kind":"SCALAR","name":"String"}}]},
		{"kind":"OBJECT","name":"N","fields":[{"name":"n","type":{"kind":"OBJECT","name":"N"}}]},
		{"kind":"OBJECT","name":"M","fields":[{"name":"id","args":[],"type":{"kind":"SCALAR","name":"ID"}},{"name":"n","type":{"kind":"OBJECT","name":"N"}}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	for object, want := range map[string]string{
		"u": "... on A { id x } ... on B { id y }",
		"n": "__typename",
		"m": "id",
	} {
		q, ps := s.Query(QueryArgs{Object: object})
		if len(ps) > 0 || q.Selection.Text() != want {
			t.Errorf("%s: %v %v, not %s", object, q, ps, want)
		}
	}
}

// TestP37BlankFilterKeys: blank top-level keys of a filter are dropped; what says "is empty", and false, is not.
func TestP37BlankFilterKeys(t *testing.T) {
	q := mustQuery(t, QueryArgs{Object: "people", Filter: val(t, `{"account":null,"query":"","name":{"values":[]},
		"jobTitle":{"negate":true,"values":[]},"disabled":false,"site":{"values":[null]},"customFilters":[]}`)})
	b, err := q.Variables(7, "")
	want := `{"first":7,"filter":{"disabled":false,"jobTitle":{"negate":true,"values":[]},"name":{"values":[]},"site":{"values":[null]}}}`
	if err != nil || string(b) != want {
		t.Errorf("%s %v, not %s", b, err, want)
	}
}

// TestP38EnumsTravelAsText: values of enums, and of scalars that list values, are strings in the variables.
func TestP38EnumsTravelAsText(t *testing.T) {
	q := mustQuery(t, QueryArgs{Object: "requests", Filter: val(t, `{"status":{"values":"assigned"}}`), View: val(t, `"all"`),
		Order: val(t, `{"field":"createdAt","direction":"desc"}`)})
	b, err := q.Variables(100, "abc")
	want := `{"first":100,"after":"abc","filter":{"status":{"values":["assigned"]}},"view":"all","order":[{"direction":"desc","field":"createdAt"}]}`
	if err != nil || string(b) != want {
		t.Errorf("%s %v, not %s", b, err, want)
	}
	m := mustMutation(t, MutationArgs{Mutation: "webhookPolicyCreate", Input: val(t, `{"jwtAlg":"es256"}`)})
	if b, err := m.Variables(); err != nil || string(b) != `{"input":{"jwtAlg":"es256"}}` {
		t.Errorf("%s %v", b, err)
	}
	if strings.Contains(q.Text(true), "assigned") || strings.Contains(m.Text(), "es256") {
		t.Error("a value is in the text")
	}
}

func TestUnknownsAreCheckedByTheirType(t *testing.T) {
	unknown := cty.UnknownVal
	object := func(attrs map[string]cty.Value) cty.Value { return cty.ObjectVal(attrs) }
	for name, filter := range map[string]cty.Value{
		"anything":       cty.DynamicVal,
		"a part":         object(map[string]cty.Value{"name": cty.DynamicVal}),
		"a list of text": object(map[string]cty.Value{"name": object(map[string]cty.Value{"values": unknown(cty.List(cty.String))})}),
		"a flag as text": object(map[string]cty.Value{"disabled": unknown(cty.String)}),
		"a map":          unknown(cty.Map(cty.DynamicPseudoType)),
		"typed object":   unknown(cty.Object(map[string]cty.Type{"vip": cty.Bool})),
	} {
		q := mustQuery(t, QueryArgs{Object: "people", Filter: filter})
		if _, err := q.Variables(1, ""); err == nil {
			t.Errorf("%s: what is not known is sent", name)
		}
	}
	for name, c := range map[string]struct {
		filter     cty.Value
		path, text string
	}{
		"list for a flag":   {object(map[string]cty.Value{"disabled": unknown(cty.List(cty.String))}), "disabled", "not a list"},
		"number for a flag": {object(map[string]cty.Value{"disabled": unknown(cty.Number)}), "disabled", "not a number"},
		"key of a type":     {unknown(cty.Object(map[string]cty.Type{"vpi": cty.Bool})), "vpi", `Did you mean "vip"?`},
		"text for filter":   {unknown(cty.String), "", "not a text"},
		"element's type":    {object(map[string]cty.Value{"name": object(map[string]cty.Value{"values": unknown(cty.List(cty.EmptyObject))})}), "name.values.0", "Text is needed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, ps := whole().Query(QueryArgs{Object: "people", Filter: c.filter})
			problem(t, ps, "filter", c.path, c.text)
		})
	}
	q := mustQuery(t, QueryArgs{Object: "people", FieldsUnknown: true})
	if q.Selection.Type() != cty.DynamicPseudoType {
		t.Error("the type of an unknown selection is known")
	}
	q = mustQuery(t, QueryArgs{Object: "node", Arguments: cty.DynamicVal})
	if _, err := q.Variables(1, ""); err == nil {
		t.Error("unknown arguments are sent")
	}
}

func TestP39SensitiveValuesAreNeverQuoted(t *testing.T) {
	secret := func(v cty.Value) cty.Value { return lang.MarkSensitive(v) }
	text := cty.StringVal("hunter2")
	object := func(name string, v cty.Value) cty.Value { return cty.ObjectVal(map[string]cty.Value{name: v}) }
	for name, a := range map[string]QueryArgs{
		"view":      {Object: "people", View: secret(text)},
		"value":     {Object: "requests", Filter: object("status", object("values", cty.TupleVal([]cty.Value{secret(text)})))},
		"inside":    {Object: "requests", Filter: secret(object("status", object("values", cty.TupleVal([]cty.Value{text}))))},
		"key":       {Object: "requests", Filter: secret(object("hunter2", cty.True))},
		"time":      {Object: "people", Filter: object("createdAt", object("lessThan", secret(text)))},
		"arguments": {Object: "node", Arguments: secret(cty.ObjectVal(map[string]cty.Value{"hunter2": text, "id": text}))},
	} {
		_, ps := whole().Query(a)
		if len(ps) != 1 || strings.Contains(ps[0].Error(), "hunter2") {
			t.Errorf("%s: %v", name, ps)
		}
	}
	if _, ps := whole().Query(QueryArgs{Object: "people", View: text}); len(ps) != 1 || !strings.Contains(ps[0].Error(), "hunter2") {
		t.Errorf("what is no secret is not quoted: %v", ps)
	}
	q := mustQuery(t, QueryArgs{Object: "people", Filter: secret(object("query", secret(text)))})
	if b, err := q.Variables(1, ""); err != nil || !strings.Contains(string(b), "hunter2") || strings.Contains(q.Text(false), "hunter2") {
		t.Errorf("a secret is not sent, or is in the text: %s %v", b, err)
	}
}
