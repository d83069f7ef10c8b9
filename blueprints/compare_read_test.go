package blueprints

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

func TestPlanAsksOnce(t *testing.T) {
	a := prepared(t)
	target := a.target(manyRules(30))
	p := a.plan(target)
	if n := len(a.asked()); n > 2 {
		t.Errorf("%d requests to plan the creation of 30 rules", n)
	}
	if err := p.Apply(context.Background(), a, nil); err != nil {
		t.Fatal(err)
	}
	if n := len(a.asked()); n != 31 {
		t.Errorf("%d requests to create an app with 30 rules, want 31", n)
	}
	a.empty(target)
	requests := a.asked()
	if len(requests) > 2 {
		t.Errorf("%d requests for a plan of 30 rules", len(requests))
	}
	t.Logf("plan of 30 rules: %d request of %d bytes", len(requests), len(requests[0].Text))
	for _, r := range requests {
		if !r.Read || strings.Contains(r.Text, "mutation") {
			t.Errorf("a plan wrote: %s", r.Text)
		}
	}
}

func TestManyThingsArePaged(t *testing.T) {
	a := prepared(t)
	src := manyRules(130)
	for i := range 120 {
		src += fmt.Sprintf("automation_rule \"r%03d\" {\n name = \"R%d\"\n trigger = \"on create\"\n condition = \"true\"\n}\n", i, i)
	}
	target := a.target(src)
	a.apply(target)
	a.asked()
	a.empty(target)
	if n := len(a.asked()); n > 4 {
		t.Errorf("%d requests", n)
	}
	a.expectPlan(a.target(strings.Replace(src, "name = \"R7\"", "name = \"R7!\"", 1)), "update automation_rule.r007\n  name: \"R7\" -> \"R7!\"")
	// 119 are gone, on two pages.
	p := a.plan(a.target(manyRules(130) + "automation_rule \"r005\" {\n name = \"R5\"\n trigger = \"on create\"\n condition = \"true\"\n}\n"))
	if got := strings.Count(told(p), "disable automation_rule["); got != 119 {
		t.Errorf("%d are to be disabled", got)
	}
}

func manyRules(n int) string {
	var b strings.Builder
	b.WriteString("app \"many\" {\n name = \"Many\"\n service_instance = \"Integrations\"\n")
	for i := range n {
		fmt.Fprintf(&b, "automation_rule \"r%d\" {\n name = \"Rule %d\"\n record = \"request\"\n trigger = \"on create\"\n condition = \"true\"\n action \"a\" { value = \"add note '%d'\" }\n}\n", i, i, i)
	}
	return b.String() + "}\n"
}
