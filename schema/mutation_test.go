package schema

import (
	"context"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

func TestMutationProblems(t *testing.T) {
	for name, c := range map[string]struct {
		args                  MutationArgs
		argument, path, parts string
	}{
		"mutation":        {MutationArgs{Mutation: "requestCraete"}, "mutation", "", `Did you mean "requestCreate"?`},
		"key":             {MutationArgs{Mutation: "requestCreate", Input: val(t, `{"subjcet":"x"}`)}, "input", "subjcet", `Did you mean "subject"?`},
		"type":            {MutationArgs{Mutation: "requestCreate", Input: val(t, `{"subject":["x"]}`)}, "input", "subject", "Text is needed here, not a list"},
		"list":            {MutationArgs{Mutation: "requestCreate", Input: val(t, `{"configurationItemIds":{"a":1}}`)}, "input", "configurationItemIds", "A list of text is needed"},
		"enum":            {MutationArgs{Mutation: "requestCreate", Input: val(t, `{"impact":"hihg"}`)}, "input", "impact", `Did you mean "high"?`},
		"few values":      {MutationArgs{Mutation: "requestCreate", Input: val(t, `{"impact":"zzzzzz"}`)}, "input", "impact", "high, low, medium and top"},
		"fixed list":      {MutationArgs{Mutation: "webhookCreate", Input: val(t, `{"uri":"https://x","event":"request.craete"}`)}, "input", "event", `Did you mean "request.create"?`},
		"fraction":        {MutationArgs{Mutation: "requestCreate", Input: val(t, `{"timeSpent":1.5}`)}, "input", "timeSpent", "has a fraction"},
		"32 bits":         {MutationArgs{Mutation: "requestCreate", Input: val(t, `{"timeSpent":2147483648}`)}, "input", "timeSpent", "32 bits"},
		"no number":       {MutationArgs{Mutation: "requestCreate", Input: val(t, `{"timeSpent":"much"}`)}, "input", "timeSpent", "A whole number is needed here, not a text"},
		"nested":          {MutationArgs{Mutation: "requestCreate", Input: val(t, `{"customFields":[{"id":"a","value":1},{"vlaue":1,"id":"b"}]}`)}, "input", "customFields.1.vlaue", `Did you mean "value"?`},
		"nested required": {MutationArgs{Mutation: "requestCreate", Input: val(t, `{"customFields":[{"value":1}]}`)}, "input", "customFields.0", "CustomFieldInput needs id: text"},
		"required":        {MutationArgs{Mutation: "requestUpdate", Input: val(t, `{"subject":"x"}`)}, "input", "", "RequestUpdateInput needs id"},
		"no input":        {MutationArgs{Mutation: "requestUpdate"}, "input", "", "RequestUpdateInput needs id"},
		"null required":   {MutationArgs{Mutation: "requestUpdate", Input: val(t, `{"id":null}`)}, "input", "", "RequestUpdateInput needs id"},
		"no object":       {MutationArgs{Mutation: "requestCreate", Input: val(t, `"x"`)}, "input", "", "An object (RequestCreateInput) is needed"},
		"clear":           {MutationArgs{Mutation: "requestCreate", Clear: []string{"note", "nte"}}, "clear", "1", `Did you mean "note"?`},
		"clear and value": {MutationArgs{Mutation: "requestCreate", Input: val(t, `{"note":"x"}`), Clear: []string{"note"}}, "clear", "0", "gives note a value"},
		"clear required":  {MutationArgs{Mutation: "requestUpdate", Input: val(t, `{"id":"x"}`), Clear: []string{"id"}}, "clear", "0", "cannot be null"},
		"include":         {MutationArgs{Mutation: "requestCreate", Include: []string{"requst.team"}}, "include", "0", `Did you mean "request"?`},
		"fields":          {MutationArgs{Mutation: "requestCreate", Fields: "request { nam }"}, "fields", "", "Request has no field"},
	} {
		t.Run(name, func(t *testing.T) {
			_, ps := whole().Mutation(c.args)
			problem(t, ps, c.argument, c.path, c.parts)
		})
	}
	mustMutation(t, MutationArgs{Mutation: "webhookCreate", Input: val(t, `{"uri":"https://x","event":"request.create"}`)})
	mustMutation(t, MutationArgs{Mutation: "requestCreate", Clear: []string{"note"}, Include: []string{"request.team"},
		Input: val(t, `{"subject":5,"impact":"high","timeSpent":"5","configurationItemIds":"x","customFields":{"id":"a","value":[1]},"note":null}`)})
}

// TestP30PayloadIsSelected: the record and the errors are asked for unless fields says something else.
func TestP30PayloadIsSelected(t *testing.T) {
	m := mustMutation(t, MutationArgs{Mutation: "requestCreate"})
	if text := m.Text(); !strings.Contains(text, " errors { message path } ") || !strings.Contains(text, " request { ") {
		t.Error(text)
	}
	typ := m.Selection.Type()
	if !typ.HasAttribute("errors") || !typ.HasAttribute("request") || !typ.AttributeType("request").HasAttribute("subject") {
		t.Errorf("the result is %#v", typ)
	}
	m = mustMutation(t, MutationArgs{Mutation: "requestCreate", Fields: "request { id }"})
	if !strings.Contains(m.Text(), "errors { path message }") {
		t.Errorf("errors are not asked for: %s", m.Text())
	}
	if m.Selection.Type().HasAttribute("errors") {
		t.Error("what fields did not ask for is in the result")
	}
	m = mustMutation(t, MutationArgs{Mutation: "requestCreate", Fields: "request { id } errors { message }"})
	v, errs, err := m.Payload(context.Background(), []byte(`{"requestCreate":{"request":null,"errors":[{"message":"a"}],"errors_":[{"message":"a","path":["b"]}]}}`), nil)
	if err != nil || len(errs) != 1 || errs[0].Path[0] != "b" || toJSON(t, v) != `{"errors":[{"message":"a"}],"request":null}` {
		t.Errorf("%v %v %v", v, errs, err)
	}
}

// TestP31InputTypes: the names come from the schema, inputs that hold themselves are fine, and at most 5,000
// fields are visited.
func TestP31InputTypes(t *testing.T) {
	for name, want := range map[string]string{
		"appOfferingPublish": "AppOfferingPublishMutationInput!", "webhookDelete": "WebhookDeleteMutationInput!", "requestCreate": "RequestCreateInput!",
	} {
		m := mustMutation(t, MutationArgs{Mutation: name, Input: cty.DynamicVal})
		if m.InputType != want || !strings.HasPrefix(m.Text(), "mutation($input: "+want+") { "+name+"(input: $input) { ") {
			t.Errorf("%s takes %s: %s", name, m.InputType, m.Text())
		}
	}
	s, err := FromIntrospection([]byte(`{"__schema":{"queryType":{"name":"Q"},"mutationType":{"name":"M"},"types":[
		{"kind":"OBJECT","name":"Q"},{"kind":"OBJECT","name":"P","fields":[{"name":"ok","type":{"kind":"SCALAR","name":"Boolean"}}]},
		{"kind":"OBJECT","name":"M","fields":[{"name":"m","type":{"kind":"OBJECT","name":"P"},"args":[{"name":"input","type":{"kind":"INPUT_OBJECT","name":"In"}}]}]},
		{"kind":"INPUT_OBJECT","name":"In","inputFields":[{"name":"x","type":{"kind":"LIST","ofType":{"kind":"INPUT_OBJECT","name":"In"}}},{"name":"n","type":{"kind":"SCALAR","name":"Int"}}]}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	nested := `{"n":"bad"}`
	for range 30 {
		nested = `{"x":` + nested + `}`
	}
	_, ps := s.Mutation(MutationArgs{Mutation: "m", Input: val(t, nested)})
	problem(t, ps, "input", strings.Repeat("x.", 30)+"n", "A whole number is needed")

	few, many := make([]cty.Value, 2000), make([]cty.Value, 2600) // each element and its key are visited
	for i := range many {
		many[i] = cty.ObjectVal(map[string]cty.Value{"n": cty.Zero})
	}
	copy(few, many)
	bad := cty.ObjectVal(map[string]cty.Value{"n": cty.StringVal("bad")})
	few[len(few)-1], many[len(many)-1] = bad, bad
	list := func(elems []cty.Value) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"x": cty.TupleVal(elems)})
	}
	_, ps = s.Mutation(MutationArgs{Mutation: "m", Input: list(few)})
	problem(t, ps, "input", "x.1999.n", "A whole number is needed")
	m, ps := s.Mutation(MutationArgs{Mutation: "m", Input: list(many)})
	if len(ps) > 0 {
		t.Fatal("more than 5,000 fields are visited")
	}
	if _, err := m.Variables(); err == nil || !strings.Contains(err.Error(), "a whole number is needed") {
		t.Errorf("what was not visited is sent as it is: %v", err)
	}
}

// TestP32Timestamps: words may stand in place of a time, in a timestamp only.
func TestP32Timestamps(t *testing.T) {
	for _, word := range timestampWords {
		mustMutation(t, MutationArgs{Mutation: "requestCreate", Input: cty.ObjectVal(map[string]cty.Value{"waitingUntil": cty.StringVal(word)})})
	}
	for name, texts := range map[string]map[string]bool{
		"ISO8601Timestamp": {"best_effort": true, "no_target": true, "clock_stopped": true, "soon": false,
			"2026-01-31T17:30:00Z": true, "2026-01-31T17:30:00.5+01:00": true, "2026-01-31T17:30:00": false, "2026-02-30T00:00:00Z": false},
		"ISO8601DateTime": {"best_effort": false, "2026-01-31T17:30:00Z": true},
		"ISO8601Date":     {"2026-01-31": true, "2026-02-30": false, "31.1.2026": false},
		"ISO8601Time":     {"17:30": true, "25:00": false},
	} {
		for text, want := range texts {
			if ok, _ := checkFormat(name, cty.StringVal(text)); ok != want {
				t.Errorf("%s takes %q: %v", name, text, ok)
			}
		}
	}
	_, ps := whole().Mutation(MutationArgs{Mutation: "requestCreate", Input: val(t, `{"waitingUntil":"tomorrow"}`)})
	problem(t, ps, "input", "waitingUntil", "A time such as")
}

func TestMutationVariables(t *testing.T) {
	m := mustMutation(t, MutationArgs{Mutation: "requestUpdate", Clear: []string{"note", "teamId", "note"}, Input: cty.ObjectVal(map[string]cty.Value{
		"id": cty.StringVal("x"), "subject": lang.MarkSensitive(cty.StringVal("s<>&\u2028\n")), "note": cty.NullVal(cty.String),
		"timeSpent": cty.StringVal("5"), "urgent": cty.StringVal("true"), "source": cty.NumberIntVal(7), "memberId": cty.NullVal(cty.String),
		"configurationItemIds": cty.TupleVal([]cty.Value{cty.StringVal("a"), cty.NullVal(cty.String)}),
		"customFields": cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("f"), "value": cty.TupleVal([]cty.Value{
			cty.NullVal(cty.String), cty.MustParseNumberVal("12345678901234567890.5"), lang.MarkSensitive(cty.True), cty.EmptyObjectVal})}),
	})})
	b, err := m.Variables()
	want := `{"input":{"configurationItemIds":["a"],"customFields":[{"id":"f","value":[null,12345678901234567890.5,true,{}]}],` +
		`"id":"x","source":"7","subject":"s<>&\u2028\n","timeSpent":5,"urgent":true,"note":null,"teamId":null}}`
	if err != nil || string(b) != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, b, want)
	}
}

// TestP16PayloadErrors: errors without a message do not count, and a path may be a text.
func TestP16PayloadErrors(t *testing.T) {
	m := mustMutation(t, MutationArgs{Mutation: "requestCreate"})
	for data, want := range map[string]string{
		`{"requestCreate":{"errors":[{"message":"a","path":["x","y"]},{"message":null},{"message":"b","path":"z"},{"message":" "},null]}}`: "a:x.y b:z",
		`{"requestCreate":{"errors":[]}}`:                    "",
		`{"requestCreate":{"errors":null,"request":{}}}`:     "",
		`{"requestCreate":{"errors":[{"path":["no"]}]}}`:     "",
		`{"requestCreate":{"errors":[{"message":"alone"}]}}`: "alone:",
	} {
		v, errs, err := m.Payload(context.Background(), []byte(data), noFetch(t))
		var got []string
		for _, e := range errs {
			got = append(got, e.Message+":"+strings.Join(e.Path, "."))
		}
		if err != nil || strings.Join(got, " ") != want || !v.Type().HasAttribute("request") {
			t.Errorf("%s: %v %v", data, got, err)
		}
	}
	for _, data := range []string{`{"requestCreate":null}`, `{}`, `null`} {
		if _, _, err := m.Payload(context.Background(), []byte(data), nil); err == nil || err.Error() != "No data returned for mutation 'requestCreate'" {
			t.Errorf("%s: %v", data, err)
		}
	}
}

func TestLookup(t *testing.T) {
	s := whole()
	m := mustMutation(t, MutationArgs{Mutation: "requestCreate", Input: val(t, `{"subject":"x","source":"currant","sourceID":"7"}`), Fields: "r: request { id subject }"})
	q, ok := s.Lookup(m)
	if !ok {
		t.Fatal("a request is not found")
	}
	valid(t, q.Text(false))
	b, err := q.Variables(2, "")
	if err != nil || q.Object != "requests" || string(b) != `{"first":2,"filter":{"source":{"values":["currant"]},"sourceID":{"values":["7"]}}}` {
		t.Errorf("%s %s %v", q.Object, b, err)
	}
	page, err := q.Page(context.Background(), []byte(`{"requests":{"nodes":[{"id":"1","subject":"x"}]}}`), noFetch(t))
	if err != nil || len(page.Nodes) != 1 {
		t.Fatal(page, err)
	}
	if got := toJSON(t, m.Found(page.Nodes[0])); got != `{"r":{"id":"1","subject":"x"}}` {
		t.Error(got)
	}
	m = mustMutation(t, MutationArgs{Mutation: "requestCreate", Input: val(t, `{"source":"a","sourceID":"7"}`)})
	if q, ok := s.Lookup(m); !ok || !m.Found(cty.NullVal(q.Selection.Type())).Type().Equals(m.Selection.Type()) {
		t.Error("the payload that was found is of another type")
	}
	for name, a := range map[string]MutationArgs{
		"no sourceID":      {Mutation: "requestCreate", Input: val(t, `{"source":"a"}`)},
		"null sourceID":    {Mutation: "requestCreate", Input: val(t, `{"source":"a","sourceID":null}`)},
		"unknown sourceID": {Mutation: "requestCreate", Input: cty.ObjectVal(map[string]cty.Value{"source": cty.StringVal("a"), "sourceID": cty.UnknownVal(cty.String)})},
		"no creation":      {Mutation: "requestUpdate", Input: val(t, `{"id":"x","source":"a","sourceID":"7"}`)},
		"unknown input":    {Mutation: "requestCreate", Input: cty.DynamicVal},
	} {
		if _, ok := s.Lookup(mustMutation(t, a)); ok {
			t.Errorf("%s: there is a query", name)
		}
	}
	found := 0
	for _, e := range s.Mutations() {
		in := s.lookup(find(s.root(s.mutation, e.Name).args, "input").typ.base())
		if !strings.HasSuffix(e.Name, "Create") || in.field("sourceID") == nil {
			continue
		}
		p := problems{}
		m := &Mutation{Name: e.Name, schema: s, errors: -1, input: val(t, `{"source":"a","sourceID":"b"}`), Selection: s.byInclude(&p, e.Type, nil, true)}
		if q, ok := s.Lookup(m); ok {
			valid(t, q.Text(false))
			found++
		}
	}
	if found < 50 {
		t.Errorf("only %d kinds of records can be found by their source", found)
	}
}
