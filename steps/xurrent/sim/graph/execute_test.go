package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestSelection(t *testing.T) {
	a := smallAccount(t)
	id := a.Put("Person", map[string]any{"name": `Q "é" <b>` + "\n", "organization": a.All("Organization")[0]["id"]})
	got := string(ask(t, a, `query Q($id: ID!, $yes: Boolean = true, $no: Boolean!) {
	  n: node(id: $id) { __typename ...P ... on Person { vip } ... on Request { subject } }
	  none: node(id: "NG1lLnh1cnJlbnQuY29tL1BlcnNvbi8x") { id }
	  bad: node(id: "?") { id }
	  account { id name url } me { __typename }
	  a: __typename @skip(if: $yes) b: __typename @include(if: $yes) c: __typename @include(if: $no)
	}
	fragment P on Person { alias: name organization { ...O } organization { id name } skipped: name @skip(if: $yes) }
	fragment O on Organization { ... @include(if: $no) { id } parent { name } }`, `{"id": "`+id+`", "no": false}`).Data)
	org := a.All("Organization")[0]["id"]
	want := fmt.Sprintf(`{"n":{"__typename":"Person","alias":"Q \"é\" \u003cb\u003e\n","organization":{"parent":null,"id":%q,"name":"Wdc"},"vip":false},`+
		`"none":null,"bad":null,"account":{"id":"wdc","name":"Wdc","url":"https://wdc.xurrent.com"},"me":{"__typename":"Person"},"b":"Query"}`, org)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestChosenOperation(t *testing.T) {
	a := smallAccount(t)
	two := `query A { me { id } } query B { account { id } }`
	if r := a.Execute(t.Context(), Caller{}, Request{Query: two, OperationName: "B"}); string(r.Data) != `{"account":{"id":"wdc"}}` {
		t.Errorf("B: %s %v", r.Data, r.Errors)
	}
	for name, message := range map[string]string{"": "An operation name is required", "C": `No operation named "C"`} {
		r := a.Execute(t.Context(), Caller{}, Request{Query: two, OperationName: name})
		if len(r.Errors) != 1 || r.Errors[0].Message != message || r.Data != nil {
			t.Errorf("%q: %+v", name, r)
		}
	}
}

// The validation errors are those of the service (PLATFORM 3.2).
func TestValidationErrors(t *testing.T) {
	a := smallAccount(t)
	for _, c := range []struct{ query, vars, message, path, code string }{
		{`{ people(first: 2) { nodes { foo } } }`, ``, "Field 'foo' doesn't exist on type 'Person'", "[query people nodes foo]", "undefinedField"},
		{`query Q { peple { nodes { id } } }`, ``, "Field 'peple' doesn't exist on type 'Query'", "[query Q peple]", "undefinedField"},
		{`{ people(frst: 2) { nodes { id } } }`, ``, "Field 'people' doesn't accept argument 'frst'", "[query people]", "argumentNotAccepted"},
		{`{ people(filter: {nme: {values: []}}) { nodes { id } } }`, ``, "InputObject 'PersonFilter' doesn't accept argument 'nme'", "[query people filter]", "argumentNotAccepted"},
		{`{ people(first: "x") { nodes { id } } }`, ``, `Argument 'first' on Field 'people' has an invalid value ("x"). Expected type 'Int'.`, "[query people first]", "argumentLiteralsIncompatible"},
		{`{ people(view: wrong) { nodes { id } } }`, ``, `Argument 'view' on Field 'people' has an invalid value (wrong). Expected type 'PersonView'.`, "[query people view]", "argumentLiteralsIncompatible"},
		{`{ people(view: "wrong") { nodes { id } } }`, ``, `Argument 'view' on Field 'people' has an invalid value ("wrong"). Expected type 'PersonView'.`, "[query people view]", "argumentLiteralsIncompatible"},
		{`{ node { id } }`, ``, "Field 'node' is missing required arguments: id", "[query node]", "missingRequiredArguments"},
		{`mutation { requestUpdate(input: {id: null}) { request { id } } }`, ``, `Argument 'id' on InputObject 'RequestUpdateInput' has an invalid value (null). Expected type 'ID!'.`, "[mutation requestUpdate input id]", "argumentLiteralsIncompatible"},
		{`mutation { teamCreate(input: {}) { team { id } } }`, ``, "Argument 'name' on InputObject 'TeamCreateInput' is required. Expected type String!", "[mutation teamCreate input]", "missingRequiredInputObjectAttribute"},
		{`{ me }`, ``, "Field must have selections (field 'me' returns Person but has no selections. Did you mean 'me { ... }'?)", "[query me]", "selectionMismatch"},
		{`{ me { name { id } } }`, ``, "Selections can't be made on scalars (field 'name' returns String but has selections)", "[query me name]", "selectionMismatch"},
		{`{ me { ...F } }`, ``, "Fragment F was used, but not defined", "[query me ... F]", "useAndDefineFragment"},
		{`{ me { ...F } } fragment F on Team { id }`, ``, "Fragment F on Team can't be spread inside Person", "[query me ... F]", "cannotSpreadFragment"},
		{`{ me { ...F } } fragment F on Person { manager { ...F } }`, ``, "Fragment F contains an infinite loop", "[fragment F]", "infiniteLoop"},
		{`{ me { ... on Nope { id } } }`, ``, "No such type Nope, so it can't be a fragment condition", "[query me ... on Nope]", "undefinedType"},
		{`{ me { id @upper } }`, ``, "Directive @upper is not defined", "[query me id]", "undefinedDirective"},
		{`{ me { a: id a: name } }`, ``, "Field 'a' has a field conflict: id or name?", "[query me]", "fieldConflict"},
		{`query($f: PersonFilter) { me { id } }`, ``, "Variable $f is declared by anonymous query but not used", "[query]", "variableNotUsed"},
		{`{ node(id: $id) { id } }`, ``, "Variable $id is used by anonymous query but not declared", "[query]", "variableNotDefined"},
		{`query($id: ID) { node(id: $id) { id } }`, ``, "Type mismatch on variable $id and argument id (ID / ID!)", "[query]", "variableMismatch"},
		{`query($f: TeamFilter) { people(filter: $f) { totalCount } }`, ``, "Type mismatch on variable $f and argument filter (TeamFilter / PersonFilter)", "[query]", "variableMismatch"},
		{`query($f: Nope) { people(filter: $f) { totalCount } }`, ``, "Nope isn't a defined input type (on $f)", "[query]", "variableRequiresValidType"},
		{`query($id: ID!) { node(id: $id) { id } }`, `{}`, "Variable $id of type ID! was provided invalid value (Expected value to not be null)", "[]", ""},
		{`query($f: PersonFilter) { people(filter: $f) { totalCount } }`, `{"f": {"nme": 1}}`, "Variable $f of type PersonFilter was provided invalid value for nme (Field is not defined on PersonFilter)", "[]", ""},
		{`query($n: Int) { people(first: $n) { totalCount } }`, `{"n": 1.5}`, "Variable $n of type Int was provided invalid value (Could not coerce value 1.5 to Int)", "[]", ""},
		{`mutation($i: WebhookCreateInput!) { webhookCreate(input: $i) { webhook { id } } }`, `{"i": {"event": "request.nope", "uri": "https://x"}}`, `Variable $i of type WebhookCreateInput! was provided invalid value for event (Expected "request.nope" to be one of: app_instance.create,`, "[]", ""},
		{`mutation($i: RequestCreateInput!) { requestCreate(input: $i) { request { id } } }`, `{"i": {"subject": "s", "status": "lost"}}`, `Variable $i of type RequestCreateInput! was provided invalid value for status (Expected "lost" to be one of: accepted,`, "[]", ""},
		{`mutation($i: RequestCreateInput!) { requestCreate(input: $i) { request { id } } }`, `{"i": {"subject": "s", "waitingUntil": "tomorrow"}}`, `Variable $i of type RequestCreateInput! was provided invalid value for waitingUntil (Could not coerce value "tomorrow" to ISO8601Timestamp)`, "[]", ""},
		{`{ people(first: 101) { nodes { id } } }`, ``, "Argument 'first' must be between 1 and 100, not 101", "[people]", ""},
		{`{ people(after: "nonsense") { nodes { id } } }`, ``, `Invalid cursor for argument after: "nonsense"`, "[people]", ""},
		{`{ me `, ``, "Parse error: ", "[]", "parseError"},
		{`subscription { me { id } }`, ``, "Schema is not configured for subscriptions", "[]", ""},
		{``, ``, "No query string was present", "[]", ""},
	} {
		r := ask(t, a, c.query, c.vars)
		if len(r.Errors) == 0 {
			t.Errorf("%s: no error but %s", c.query, r.Data)
			continue
		}
		e := r.Errors[0]
		code, _ := e.Extensions["code"].(string)
		if !strings.HasPrefix(e.Message, c.message) || fmt.Sprint(e.Path) != c.path || code != c.code {
			t.Errorf("%s\ngot  %q %v %q\nwant %q %v %q", c.query, e.Message, e.Path, code, c.message, c.path, c.code)
		}
		if r.Data != nil && string(r.Data) != "null" {
			t.Errorf("%s: data %s", c.query, r.Data)
		}
	}
}

func TestErrorJSON(t *testing.T) {
	r := ask(t, smallAccount(t), `{ people(first: 2) { nodes { foo } } }`, "")
	b, err := json.Marshal(r)
	want := `{"errors":[{"message":"Field 'foo' doesn't exist on type 'Person'","locations":[{"line":1,"column":30}],"path":["query","people","nodes","foo"],"extensions":{"code":"undefinedField","fieldName":"foo","typeName":"Person"}}]}`
	if err != nil || string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

// Item 38: enum values are accepted as strings, in variables and as quoted literals.
func TestP38QuotedEnums(t *testing.T) {
	a := smallAccount(t)
	for query, vars := range map[string]string{
		`{ people(view: all) { totalCount } }`:                                                                           ``,
		`{ people(view: "all") { totalCount } }`:                                                                         ``,
		`query($v: PersonView) { people(view: $v) { totalCount } }`:                                                      `{"v": "all"}`,
		`query($v: String) { people(view: $v) { totalCount } }`:                                                          `{"v": "all"}`,
		`query($v: PersonView = "all") { people(view: $v) { totalCount } }`:                                              ``,
		`{ requests(filter: {status: {values: ["completed", assigned]}}) { totalCount } }`:                               ``,
		`{ people(order: {field: "name", direction: "desc"}) { totalCount } }`:                                           ``,
		`mutation { webhookPolicyCreate(input: {jwtAlg: "es256"}) { webhookPolicy { jwtAlg } } }`:                        ``,
		`mutation { webhookPolicyCreate(input: {jwtAlg: es256}) { webhookPolicy { jwtAlg } } }`:                          ``,
		`mutation($a: String!) { webhookPolicyCreate(input: {jwtAlg: $a}) { webhookPolicy { jwtAlg } } }`:                `{"a": "es256"}`,
		`mutation { requestCreate(input: {subject: "s", category: "rfi", status: in_progress}) { request { status } } }`: ``,
	} {
		must(t, a, query, vars)
	}
	r := ask(t, a, `query($v: String) { people(view: $v) { totalCount } }`, `{"v": "nope"}`)
	if len(r.Errors) == 0 {
		t.Error("a wrong word in a String variable is accepted")
	}
}

func TestScopes(t *testing.T) {
	a := smallAccount(t)
	run := func(query string, scopes ...string) Response {
		return a.Execute(t.Context(), Caller{Scopes: scopes}, Request{Query: query})
	}
	team := a.All("Team")[0]["id"].(string)
	for _, c := range []struct {
		query  string
		scopes []string
		data   string
		error  string
	}{
		{`{ people(first: 1) { nodes { id } } }`, []string{"person:Read"}, `{"people":{"nodes":[{`, ""},
		{`{ people(first: 1) { nodes { id } } }`, []string{"person:Create"}, `null`, "Unauthorized: the token has no scope person:Read"},
		{`{ people(first: 1) { nodes { id } } }`, []string{}, `null`, "Unauthorized: the token has no scope person:Read"},
		{`{ configurationItems(first: 1) { nodes { id product { id } } } }`, []string{"ci:Read"}, `{"configurationItems":{"nodes":[{"id":"`, ""},
		{`{ configurationItems(first: 1) { nodes { product { id } } } }`, []string{"ci:Read"}, `{"configurationItems":{"nodes":[{"product":null}]}}`, ""},
		{`{ productCategories(first: 1) { nodes { name } } }`, []string{"product-category:R"}, `{"productCategories":{"nodes":[{"name":"Laptop"}]}}`, ""},
		{`{ node(id: "` + team + `") { id } }`, []string{"person:Read"}, `{"node":null}`, ""},
		{`mutation { teamCreate(input: {name: "N"}) { team { name } } }`, []string{"team:Read"}, `{"teamCreate":null}`, "Unauthorized: the token has no scope team:Create"},
		{`mutation { teamCreate(input: {name: "N"}) { team { name } } }`, []string{"team:Create"}, `{"teamCreate":{"team":{"name":"N"}}}`, ""},
	} {
		r := run(c.query, c.scopes...)
		if !strings.HasPrefix(string(r.Data), c.data) {
			t.Errorf("%s with %v: %s", c.query, c.scopes, r.Data)
		}
		if c.error == "" && len(r.Errors) > 0 || c.error != "" && (len(r.Errors) != 1 || r.Errors[0].Message != c.error) {
			t.Errorf("%s with %v: %+v", c.query, c.scopes, r.Errors)
		}
	}
}

func TestLimits(t *testing.T) {
	a := smallAccount(t)
	deep := func(n int) string {
		return `{ me { ` + strings.Repeat("manager { ", n) + "id" + strings.Repeat(" }", n) + ` } }`
	}
	wide := func(levels int) string {
		q := "{ me { ...F0 } }"
		for i := range levels {
			q += fmt.Sprintf(" fragment F%d on Person { a: manager { ...F%d } b: manager { ...F%d } }", i, i+1, i+1)
		}
		return q + fmt.Sprintf(" fragment F%d on Person { id }", levels)
	}
	huge := "{ teams { nodes { " + strings.Repeat("members { nodes { teams { nodes { ", 3) + "id" + strings.Repeat(" } } } }", 3) + " } } }"
	many := func(n int) string {
		q := "{"
		for i := range n {
			q += fmt.Sprintf(` a%d: people(filter: {query: "x%d"}) { totalCount }`, i, i)
		}
		return q + " }"
	}
	big := newWorld(t, Options{Seed: 120_000}).Account("big")
	people := a.All("Person")
	a.Put("Person", map[string]any{"id": people[0]["id"], "manager": people[1]["id"]})
	a.Put("Person", map[string]any{"id": people[1]["id"], "manager": people[0]["id"]})
	var ids []string
	for _, p := range people {
		ids = append(ids, p["id"].(string))
	}
	for range 2 {
		a.Put("Team", map[string]any{"name": "everyone", "members": ids})
	}
	for _, c := range []struct {
		name, query, message string
	}{
		{"shallow", deep(20), ""},
		{"deep", deep(40), "Query has depth of 42, which exceeds max depth of 25"},
		{"very deep", deep(5000), ""},
		{"many fragments", wide(5), ""},
		{"exponential fragments", wide(20), "Query is too complex: it selects"},
		{"long", "{ me { id } } #" + strings.Repeat("x", MaxQueryBytes), "Query is too long"},
		{"many searches", many(500), "Query is too complex: it searches"},
		{"few searches", many(5), ""},
		{"many records", huge, "Query is too complex: it returns"},
	} {
		r := ask(t, a, c.query, "")
		if strings.HasSuffix(c.name, "searches") {
			r = ask(t, big, c.query, "")
		}
		if c.name == "very deep" {
			if len(r.Errors) == 0 {
				t.Error("very deep: accepted")
			}
			continue
		}
		if c.message == "" && len(r.Errors) > 0 || c.message != "" && (len(r.Errors) == 0 || !strings.HasPrefix(r.Errors[len(r.Errors)-1].Message, c.message)) {
			t.Errorf("%s: %.300v", c.name, r.Errors)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := a.Execute(ctx, Caller{}, Request{Query: `{ people { nodes { id } } }`}); len(r.Errors) == 0 || string(r.Data) != "null" {
		t.Errorf("cancelled: %+v", r)
	}
}

func TestCost(t *testing.T) {
	a := smallAccount(t)
	for query, want := range map[string]int{`{ account { id } }`: 1, `{ people(first: 9) { nodes { id } } }`: 1, `{ people(first: 20) { nodes { id } } }`: 3, `{ people(first: 10) { nodes { organization { id } } } }`: 3} {
		if r := ask(t, a, query, ""); r.Cost != want {
			t.Errorf("%s costs %d, want %d", query, r.Cost, want)
		}
	}
}
