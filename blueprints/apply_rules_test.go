package blueprints

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func ruleNames(draft map[string]any) (names []string) {
	rules := draft["automationRules"].(map[string]any)["nodes"].([]any)
	slices.SortFunc(rules, func(a, b any) int {
		return int(a.(map[string]any)["position"].(float64) - b.(map[string]any)["position"].(float64))
	})
	for _, r := range rules {
		names = append(names, fmt.Sprint(r.(map[string]any)["name"]))
	}
	return names
}

func ordered(names ...string) string {
	var b strings.Builder
	b.WriteString("app \"many\" {\n name = \"Many\"\n service_instance = \"Integrations\"\n")
	for i, n := range names {
		name, record, _ := strings.Cut(n, "/")
		if record == "" {
			record = "request"
		}
		fmt.Fprintf(&b, "automation_rule \"r%d\" {\n name = %q\n record = %q\n trigger = \"on create\"\n condition = \"true\"\n}\n", i, name, record)
	}
	return b.String() + "}\n"
}

func TestP83RulesAreMatchedAndOrdered(t *testing.T) {
	a := simulated(t)
	a.apply(a.target(ordered("A", "B", "C")))
	for _, tc := range []struct {
		names []string
		want  string // of the plan, actions and addresses
	}{
		{[]string{"A", "B", "C"}, ""},
		{[]string{"B", "A", "C"}, "update r1, update r2"},
		{[]string{"B", "C"}, "delete A"},
		{[]string{"B", "X", "C"}, "create r1"}, // there is a gap
		{[]string{"Y", "B", "X", "C"}, "create r0"},
		{[]string{"b", "Y"}, "delete X, delete C, update r0, update r1"},
		{[]string{"b/task", "Y"}, "delete b, create r0"},
		{[]string{"Z", "W"}, "delete b, delete Y, create r0, create r1"},
		{nil, "delete Z, delete W"},
	} {
		t.Run(strings.Join(tc.names, ","), func(t *testing.T) {
			a.t = t
			target := a.target(ordered(tc.names...))
			a.asked()
			p := a.plan(target)
			var got []string
			for _, c := range p.Changes {
				if c.Action == None {
					continue
				}
				what := strings.TrimPrefix(c.Address, "app.many.automation_rule")
				got = append(got, string(c.Action)+" "+strings.Trim(what, `.["]`))
			}
			if strings.Join(got, ", ") != tc.want {
				t.Errorf("planned %s, wanted %s", strings.Join(got, ", "), tc.want)
			}
			if err := p.Apply(context.Background(), a, nil); err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, n := range tc.names {
				name, _, _ := strings.Cut(n, "/")
				names = append(names, name)
			}
			if got := ruleNames(a.draft("many")); !slices.Equal(got, names) {
				t.Errorf("the account has %v, the file %v", got, names)
			}
			created := false
			for _, r := range a.requests {
				if strings.Contains(r.Text, "RuleCreate(") {
					created = true
				}
				if created && (strings.Contains(r.Text, "RuleUpdate(") || strings.Contains(r.Text, "RuleDelete(")) {
					t.Error("changed after the first was created")
				}
			}
			a.empty(target)
		})
	}
}

func TestRulesWithoutARecordTakeWhatIsLeft(t *testing.T) {
	a := simulated(t)
	src := ordered("A/task", "A/problem")
	a.apply(a.target(src))
	left := a.target(strings.Replace(strings.Replace(src, "record = \"task\"", "", 1), "automation_rule \"r1\"", "automation_rule \"r9\"", 1))
	a.empty(left)
	// By the order in the file alone, the first would have taken the other's.
	p := a.plan(a.target(strings.Replace(ordered("A/problem", "A/task"), "record = \"problem\"", "", 1)))
	if got := told(p); strings.Contains(got, "create") || strings.Contains(got, "delete") {
		t.Errorf("planned:\n%s", got)
	}
}

// Item 84 speaks of the vendor's files; of blocks, LANGUAGE section 6 says that they are the whole list.
func TestP84BlocksAreTheWholeList(t *testing.T) {
	a := prepared(t)
	a.apply(a.target(shopBlueprint))
	id := fmt.Sprint(a.draft("survey")["id"])
	a.put("AppOfferingAutomationRule", map[string]any{"appOffering": id, "name": "By hand", "generic": "request", "trigger": "on create", "condition": "true", "position": 9})
	p := a.plan(a.target(shopBlueprint))
	if got := told(p); !strings.HasPrefix(got, "delete app.survey.automation_rule[\"By hand\"]\n") || strings.Count(got, "\n") > 7 {
		t.Errorf("planned:\n%s", got)
	}
	none := a.target("app \"survey\" {}")
	a.apply(none)
	if got := ruleNames(a.draft("survey")); len(got) > 0 {
		t.Errorf("the account has %v", got)
	}
	if d := a.draft("survey"); d["name"] != "Survey" || d["uiExtensionVersion"] == nil {
		t.Errorf("what is not written was changed: %s", encoded(d))
	}
}
