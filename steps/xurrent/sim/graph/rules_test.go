package graph

import (
	"fmt"
	"strings"
	"testing"
)

func part(name, value string) map[string]any { return map[string]any{"name": name, "value": value} }

// Rules of an offering are read in the order of their positions, with expressions and actions in the order given.
func TestRulesOfOffering(t *testing.T) {
	a := smallAccount(t)
	id := at(t, offer(t, a, nil), "id")
	add := func(name string, more map[string]any) any {
		t.Helper()
		input := map[string]any{"appOfferingId": id, "name": name, "trigger": "on note added", "condition": "true", "generic": "request"}
		for k, v := range more {
			input[k] = v
		}
		return at(t, changed(t, a, "appOfferingAutomationRuleCreate", "appOfferingAutomationRule", "id", input), "id")
	}
	add("third", map[string]any{"position": 30})
	first := add("first", map[string]any{"position": 10, "description": "d", "condition": "z and !(a or z)",
		"expressions": []any{part("z", "notes[last].text"), part("a", "id")}, "actions": []any{part("two", "clear team"), part("one", "add note 'x'")}})
	second := add("second", map[string]any{"position": 20})
	add("last", nil)
	add("first", nil) // two rules may have one name
	names := func() string {
		got := must(t, a, `{ appOfferings(filter: {published: false}) { nodes { automationRules(first: 100) { nodes { name position } } } } }`, "")
		return fmt.Sprint(at(t, got, "appOfferings", "nodes", 0, "automationRules", "nodes"))
	}
	if got := names(); got != "[map[name:first position:10] map[name:second position:20] map[name:third position:30] map[name:last position:31] map[name:first position:32]]" {
		t.Errorf("rules: %s", got)
	}
	changed(t, a, "appOfferingAutomationRuleUpdate", "appOfferingAutomationRule", "id", map[string]any{"id": second, "position": 5, "name": "Second"})
	must(t, a, fmt.Sprintf(`mutation { appOfferingAutomationRuleDelete(input: {id: %q}) { success errors { message } } }`, at(t, must(t, a, `{ appOfferings { nodes { automationRules(last: 1) { nodes { id } } } } }`, ""),
		"appOfferings", "nodes", 0, "automationRules", "nodes", 0, "id")), "")
	if got := names(); got != "[map[name:Second position:5] map[name:first position:10] map[name:third position:30] map[name:last position:31]]" {
		t.Errorf("after changes: %s", got)
	}
	// Pages follow the same order.
	page := must(t, a, `{ appOfferings { nodes { automationRules(first: 2) { pageInfo { endCursor hasNextPage } nodes { name } } } } }`, "")
	cursor := at(t, page, "appOfferings", "nodes", 0, "automationRules", "pageInfo", "endCursor")
	page = must(t, a, fmt.Sprintf(`{ appOfferings { nodes { automationRules(first: 2, after: %q) { pageInfo { hasNextPage } nodes { name } } } } }`, cursor), "")
	if got := fmt.Sprint(at(t, page, "appOfferings", "nodes", 0, "automationRules")); got != "map[nodes:[map[name:third] map[name:last]] pageInfo:map[hasNextPage:false]]" {
		t.Errorf("second page: %s", got)
	}
	got := must(t, a, fmt.Sprintf(`{ node(id: %q) { ... on AppOfferingAutomationRule { description generic trigger condition expressions { name value } actions { name value } appOffering { id } } } }`, first), "")
	want := fmt.Sprintf("map[actions:[map[name:two value:clear team] map[name:one value:add note 'x']] appOffering:map[id:%s] condition:z and !(a or z) description:d expressions:[map[name:z value:notes[last].text] map[name:a value:id]] generic:request trigger:on note added]", id)
	if s := fmt.Sprint(at(t, got, "node")); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestRuleProblems(t *testing.T) {
	a := smallAccount(t)
	offering := at(t, offer(t, a, nil), "id")
	rule := changed(t, a, "automationRuleCreate", "automationRule", "id disabled source", map[string]any{"name": "R", "trigger": "on create", "condition": "x",
		"expressions": []any{part("x", "true")}, "generic": "workflow", "disabled": true, "source": "currant", "sourceID": "r"})
	if at(t, rule, "disabled") != true {
		t.Errorf("rule: %v", rule)
	}
	for _, c := range []struct {
		input map[string]any
		want  string
	}{
		{map[string]any{"trigger": " "}, "trigger: Trigger can't be blank"},
		{map[string]any{"trigger": "on update"}, ""},
		{map[string]any{"condition": "y"}, "condition: Condition has the unknown expression 'y'"},
		{map[string]any{"condition": "x and (y or !z or y)"}, "condition: Condition has the unknown expression 'y'; condition: Condition has the unknown expression 'z'"},
		{map[string]any{"expressions": []any{}}, "condition: Condition has the unknown expression 'x'"},
		{map[string]any{"expressions": []any{}, "condition": "true"}, ""},
		{map[string]any{"condition": "status = completed"}, ""},
		{map[string]any{"expressions": []any{part("x", "1"), part("x", "2")}}, "expressions: Expressions has the name 'x' twice"},
		{map[string]any{"expressions": []any{part("x", " ")}}, "expressions: Expressions 'x' can't be blank"},
		{map[string]any{"actions": []any{part("", "add note 'x'")}}, "actions: Actions has one without a name"},
		{map[string]any{"generic": "person"}, "generic: Generic is not included in the list: ci, problem, project"},
		{map[string]any{"disabled": false}, ""},
	} {
		c.input["id"] = at(t, rule, "id")
		if _, got := change(t, a, "automationRuleUpdate", "automationRule", "id", c.input); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%v: %q, not %q", c.input, got, c.want)
		}
	}
	_, got := change(t, a, "appOfferingAutomationRuleCreate", "appOfferingAutomationRule", "id", map[string]any{"appOfferingId": offering, "name": "R", "trigger": "t", "condition": "true", "generic": "workflow"})
	if got != "generic: Generic is not included in the list: ci, problem, request, task" {
		t.Errorf("the rule of an app about a workflow: %q", got)
	}
	found := must(t, a, `{ automationRules(filter: {source: {values: ["currant"]}, sourceID: {values: ["r"]}}) { nodes { name disabled generic } } }`, "")
	if s := fmt.Sprint(at(t, found, "automationRules", "nodes")); s != "[map[disabled:false generic:workflow name:R]]" {
		t.Errorf("found: %s", s)
	}
}

// A request may be told to refuse a mutation: its payload has the error, and nothing is changed.
func TestRefusedMutation(t *testing.T) {
	a := smallAccount(t)
	team, hook := a.Put("Team", map[string]any{"name": "T"}), a.Put("Webhook", map[string]any{"name": "W"})
	n := 0
	refuse := func(mutation string) (string, string, bool) {
		if mutation == "webhookDelete" {
			return "base", "no", true
		}
		n++
		return "name", "Name is not nice", mutation == "teamUpdate" && n == 2
	}
	q := fmt.Sprintf(`mutation { a: teamUpdate(input: {id: %q, name: "A"}) { team { name } errors { path message } }
	  b: teamUpdate(input: {id: %q, name: "B"}) { team { name } errors { path message } } d: webhookDelete(input: {id: %q}) { success errors { message } } }`, team, team, hook)
	r := a.Execute(t.Context(), Caller{}, Request{Query: q, Refuse: refuse})
	want := `{"a":{"team":{"name":"A"},"errors":[]},"b":{"team":null,"errors":[{"path":["attributes","name"],"message":"Name is not nice"}]},"d":{"success":null,"errors":[{"message":"no"}]}}`
	if string(r.Data) != want || len(r.Errors) > 0 {
		t.Errorf("got %s %+v", r.Data, r.Errors)
	}
	if record, there := a.Get("Team", team); !there || record["name"] != "A" {
		t.Errorf("the team: %v", record)
	}
	if _, there := a.Get("Webhook", hook); !there {
		t.Error("the webhook is deleted")
	}
	if got := strings.Join(r.Roots, " "); got != "teamUpdate teamUpdate webhookDelete" {
		t.Errorf("roots: %s", got)
	}
}
