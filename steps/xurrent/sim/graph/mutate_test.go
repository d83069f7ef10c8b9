package graph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// minimal makes the smallest valid value of an input type: only what is required.
func minimal(t testing.TB, a *Account, typ *ast.Type, field string) any {
	m := a.world.model
	if typ.Elem != nil {
		return []any{minimal(t, a, typ.Elem, field)}
	}
	def := m.schema.Types[typ.NamedType]
	if words := m.lists[def.Name]; words != nil {
		return sortedKeys(words)[0]
	}
	switch {
	case def.Kind == ast.Enum:
		return def.EnumValues[0].Name
	case def.Kind == ast.InputObject:
		return minimalInput(t, a, def)
	}
	switch field {
	case "id":
		return "" // the test gives it
	case "condition":
		return "true" // its names are checked
	}
	switch def.Name {
	case "ID":
		return someRecord(t, a, field)
	case "Int":
		return 3
	case "Boolean":
		return true
	case "ISO8601Timestamp", "ISO8601DateTime":
		return "2026-04-05T06:07:08Z"
	case "ISO8601Date":
		return "2026-04-05"
	case "ISO8601Time":
		return "09:30"
	case "Decimal", "MonetaryAmount":
		return "12.50"
	case "JSON":
		return map[string]any{"a": 1}
	}
	return "some " + field
}

func minimalInput(t testing.TB, a *Account, def *ast.Definition) map[string]any {
	in := map[string]any{}
	for _, f := range def.Fields {
		if f.Type.NonNull {
			in[f.Name] = minimal(t, a, f.Type, f.Name)
		}
	}
	return in
}

// someRecord gives the id of a record that fits an input field, going by the field's name.
func someRecord(t testing.TB, a *Account, field string) string {
	stem := strings.TrimSuffix(strings.TrimSuffix(field, "Ids"), "Id")
	typ := map[string]string{"owner": "Request", "provider": "Organization", "customer": "Organization", "supplier": "Organization",
		"finance": "Organization", "manager": "Person", "respondent": "Person", "customerAccount": "Account", "requestedFor": "Person",
		"approvalDelegate": "Person", "child": "ConfigurationItem", "parent": "Organization", "template": "RequestTemplate",
		"workHours": "Calendar", "supportHours": "Calendar", "initialCustomer": "Organization", "expectedHit": "RequestTemplate", "phase": "ProjectPhase", "runAs": "Person"}[stem]
	if typ == "" {
		typ = strings.ToUpper(stem[:1]) + stem[1:]
	}
	if id := a.Put(typ, map[string]any{"name": "made for " + field}); id != "" {
		return id
	}
	t.Fatalf("no record for the input field %s (%s)", field, typ)
	return ""
}

// Every create mutation of the schema works with the least valid input, and node(id) gives the record back.
func TestEveryCreateMutation(t *testing.T) {
	a := smallAccount(t)
	created := 0
	for _, name := range sortedKeys(a.world.model.mutations) {
		mu := a.world.model.mutations[name]
		if mu.action != ActionCreate {
			continue
		}
		created++
		t.Run(name, func(t *testing.T) {
			in := minimalInput(t, a, mu.input)
			if also := requiredOnCreate[mu.typ.name]; also != "" {
				in[also] = "some " + also
			}
			if name == "translationCreate" {
				in["ownerId"] = a.Put("Service", map[string]any{"name": "S"})
			}
			in["clientMutationId"] = "c1"
			q := fmt.Sprintf("mutation($input: %s!) { m: %s(input: $input) { clientMutationId errors { path message } r: %s { id __typename } } }", mu.input.Name, name, mu.answer)
			got := a.Execute(t.Context(), Caller{}, Request{Query: q, Variables: map[string]any{"input": in}})
			if len(got.Errors) > 0 {
				t.Fatalf("%+v\ninput %v", got.Errors, in)
			}
			m := decode(t, got.Data)["m"]
			if errs := at(t, m, "errors").([]any); len(errs) > 0 {
				t.Fatalf("%v\ninput %v", errs, in)
			}
			id := at(t, m, "r", "id").(string)
			if at(t, m, "clientMutationId") != "c1" || Number(id) == 0 {
				t.Errorf("answer %v", m)
			}
			back := must(t, a, fmt.Sprintf(`{ node(id: %q) { id __typename ... on %s { %s } } }`, id, mu.typ.name, scalars(mu.typ)), "")["node"]
			if at(t, back, "id") != id || at(t, back, "__typename") != mu.typ.name {
				t.Errorf("node gives %v", back)
			}
			for k, v := range in {
				if f := mu.typ.fields[k]; f != nil && f.kind == scalarField {
					if s := at(t, back, k); fmt.Sprint(s) != fmt.Sprint(v) && f.named.Name != "JSON" {
						t.Errorf("%s is %v, not %v", k, s, v)
					}
				}
				if f := mu.typ.fields[strings.TrimSuffix(k, "Id")]; f != nil && f.kind == recordField {
					other := must(t, a, fmt.Sprintf(`{ node(id: %q) { ... on %s { %s { ... on Node { id } } } } }`, id, mu.typ.name, f.name), "")
					if got := at(t, other, "node", f.name, "id"); got != v {
						t.Errorf("%s is %v, not %v", f.name, got, v)
					}
				}
			}
		})
	}
	if created < 70 {
		t.Errorf("only %d create mutations", created)
	}
}

func scalars(typ *typeInfo) string {
	var names []string
	for _, f := range sortedFields(typ) {
		if f.kind == scalarField {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, " ")
}

// Every update mutation that sets one field shows it, and every delete takes the record away.
func TestEveryUpdateAndDeleteMutation(t *testing.T) {
	a := smallAccount(t)
	for _, name := range sortedKeys(a.world.model.mutations) {
		mu := a.world.model.mutations[name]
		if mu.action != ActionUpdate && mu.action != ActionDelete {
			continue
		}
		id := a.Put(mu.typ.name, map[string]any{"name": "before", "subject": "before"})
		if id == "" {
			t.Errorf("cannot put %s", mu.typ.name)
			continue
		}
		q := fmt.Sprintf("mutation($input: %s!) { m: %s(input: $input) { errors { path message } } }", mu.input.Name, name)
		for _, bad := range []string{"", "nothing", "NG1lLnh1cnJlbnQuY29tL05vcGUvMQ"} {
			in := minimalInput(t, a, mu.input)
			in["id"] = bad
			r := a.Execute(t.Context(), Caller{}, Request{Query: q, Variables: map[string]any{"input": in}})
			if len(r.Errors) != 1 || r.Errors[0].Message != "Not Found" || fmt.Sprint(r.Errors[0].Path) != "[m]" || string(r.Data) != `{"m":null}` {
				t.Errorf("%s of an unknown id: %+v %s", name, r.Errors, r.Data)
			}
		}
		in := minimalInput(t, a, mu.input)
		in["id"] = id
		field := ""
		for _, f := range mu.input.Fields {
			if f.Type.NamedType == "String" && f.Name != "condition" && mu.typ.fields[f.Name] != nil && mu.typ.fields[f.Name].kind == scalarField && mu.action == ActionUpdate && !strings.HasPrefix(f.Name, "source") {
				field, in[f.Name] = f.Name, "after"
				break
			}
		}
		r := a.Execute(t.Context(), Caller{}, Request{Query: q, Variables: map[string]any{"input": in}})
		if len(r.Errors) > 0 || string(r.Data) != `{"m":{"errors":[]}}` {
			t.Errorf("%s: %+v %s", name, r.Errors, r.Data)
			continue
		}
		record, found := a.Get(mu.typ.name, id)
		if found != (mu.action == ActionUpdate) {
			t.Errorf("after %s the record is there: %v", name, found)
		}
		if field != "" && record[field] != "after" {
			t.Errorf("after %s, %s is %v", name, field, record[field])
		}
	}
}

func TestValidationErrorsOfMutations(t *testing.T) {
	a := smallAccount(t)
	team := a.Put("Team", map[string]any{"name": "T"})
	person := a.Put("Person", map[string]any{"name": "P"})
	a.Put("Person", map[string]any{"name": "Q", "source": "hr", "sourceID": "7"})
	for _, c := range []struct {
		name, mutation, input, path, message string
	}{
		{"valid", "requestCreate", `{"subject": "S", "teamId": "` + team + `"}`, "", ""},
		{"blank subject", "requestCreate", `{"subject": " "}`, "subject", "Subject can't be blank"},
		{"no subject", "requestCreate", `{"category": "incident"}`, "subject", "Subject can't be blank"},
		{"unknown relation", "requestCreate", `{"subject": "S", "teamId": "nope"}`, "teamId", `Team not found: no Team has the id "nope"`},
		{"relation of another type", "requestCreate", `{"subject": "S", "teamId": "` + person + `"}`, "teamId", "Team not found"},
		{"unknown in a list", "teamCreate", `{"name": "N", "memberIds": ["` + person + `", "x"]}`, "memberIds", "Member not found"},
		{"blank name and email", "personCreate", `{"name": "", "primaryEmail": ""}`, "name", "Name can't be blank"},
		{"long source", "personCreate", `{"name": "N", "primaryEmail": "e", "source": "` + strings.Repeat("s", 31) + `"}`, "source", "Source is too long (maximum is 30 characters)"},
		{"taken source", "personCreate", `{"name": "N", "primaryEmail": "e", "source": "hr", "sourceID": "7"}`, "sourceID", "Source ID has already been taken"},
		{"free source", "personCreate", `{"name": "N", "primaryEmail": "e", "source": "hr", "sourceID": "8"}`, "", ""},
		{"note without owner", "noteCreate", `{"ownerId": "` + team + `", "text": "x"}`, "ownerId", "Owner not found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := a.Records()
			mu := a.world.model.mutations[c.mutation]
			q := fmt.Sprintf("mutation($input: %s!) { m: %s(input: $input) { errors { path message } r: %s { id } } }", mu.input.Name, c.mutation, mu.answer)
			m := must(t, a, q, `{"input": `+c.input+`}`)["m"]
			errs := at(t, m, "errors").([]any)
			if c.path == "" {
				if len(errs) > 0 || at(t, m, "r") == nil || a.Records() != before+1 {
					t.Errorf("got %v", m)
				}
				return
			}
			if len(errs) == 0 {
				t.Fatal("no error")
			}
			if fmt.Sprint(at(t, errs[0], "path")) != "[attributes "+c.path+"]" || !strings.HasPrefix(at(t, errs[0], "message").(string), c.message) {
				t.Errorf("got %v", errs)
			}
			if at(t, m, "r") != nil || a.Records() != before {
				t.Errorf("something was changed: %v", m)
			}
		})
	}
}

func TestUpdateKeepsAndReplaces(t *testing.T) {
	a := smallAccount(t)
	people := putMany(t, a, "Person", map[string]any{"name": "A"}, map[string]any{"name": "B"}, map[string]any{"name": "C"})
	q := `mutation($input: TeamCreateInput!) { teamCreate(input: $input) { errors { message } team { id members { nodes { name teams { nodes { name } } } } } } }`
	team := must(t, a, q, fmt.Sprintf(`{"input": {"name": "T", "memberIds": [%q, %q], "customFields": [{"id": "k", "value": [1]}, {"id": "l", "value": "x"}]}}`, people[0], people[1]))
	members := at(t, team, "teamCreate", "team", "members", "nodes")
	if got := fmt.Sprint(members); got != "[map[name:A teams:map[nodes:[map[name:T]]]] map[name:B teams:map[nodes:[map[name:T]]]]]" {
		t.Errorf("members %v", got)
	}
	id := at(t, team, "teamCreate", "team", "id").(string)
	u := `mutation($input: TeamUpdateInput!) { teamUpdate(input: $input) { errors { message } team { name members { nodes { name } } customFields { id value } } } }`
	got := must(t, a, u, fmt.Sprintf(`{"input": {"id": %q, "memberIds": [%q], "customFields": [{"id": "l", "value": null}, {"id": "m", "value": {"a": true}}]}}`, id, people[2]))
	if s := fmt.Sprint(at(t, got, "teamUpdate", "team")); s != "map[customFields:[map[id:k value:[1]] map[id:m value:map[a:true]]] members:map[nodes:[map[name:C]]] name:T]" {
		t.Errorf("after the update: %s", s)
	}
	// The other side of a relation sets this side.
	p := `mutation($input: PersonUpdateInput!) { personUpdate(input: $input) { errors { message } person { teams { nodes { members { nodes { name } } } } } } }`
	got = must(t, a, p, fmt.Sprintf(`{"input": {"id": %q, "teamIds": [%q]}}`, people[0], id))
	if s := fmt.Sprint(at(t, got, "personUpdate", "person", "teams", "nodes", 0, "members", "nodes")); s != "[map[name:A] map[name:C]]" {
		t.Errorf("members %s", s)
	}
}

func TestNestedRecords(t *testing.T) {
	a := smallAccount(t)
	q := `mutation($input: RequestCreateInput!) { requestCreate(input: $input) { errors { path message }
	  request { id tags { nodes { id name } } watches { nodes { person { id } } } notes { nodes { text internal textAttachments { nodes { key filename inline } } } } timeEntries { nodes { timeSpent } } } } }`
	person := a.All("Person")[3]["id"].(string)
	got := must(t, a, q, `{"input": {"subject": "S", "newTags": [{"name": "one"}, {"name": "two"}], "newWatches": [{"personId": "`+person+`"}],
	  "note": "hello", "noteAttachments": [{"key": "attachments/1/a.pdf"}], "internalNote": "psst", "timeSpent": 12}}`)
	r := at(t, got, "requestCreate", "request")
	if s := texts(t, at(t, r, "tags", "nodes"), "name"); fmt.Sprint(s) != "[one two]" {
		t.Errorf("tags %v", s)
	}
	if s := fmt.Sprint(at(t, r, "notes", "nodes")); !strings.Contains(s, "filename:a.pdf") || !strings.Contains(s, "internal:true") {
		t.Errorf("notes %v", s)
	}
	if at(t, r, "watches", "nodes", 0, "person", "id") != person || at(t, r, "timeEntries", "nodes", 0, "timeSpent") != 12.0 {
		t.Errorf("request %v", r)
	}
	u := `mutation($input: RequestUpdateInput!) { requestUpdate(input: $input) { errors { path message } request { tags { totalCount nodes { name } } } } }`
	tag := at(t, r, "tags", "nodes", 0, "id").(string)
	got = must(t, a, u, fmt.Sprintf(`{"input": {"id": %q, "tagsToDelete": [%q]}}`, at(t, r, "id"), tag))
	if s := fmt.Sprint(at(t, got, "requestUpdate", "request")); s != "map[tags:map[nodes:[map[name:two]] totalCount:1]]" {
		t.Errorf("after deleting a tag: %s", s)
	}
	if _, there := a.Get("Tag", tag); there {
		t.Error("the tag is still there")
	}
}
