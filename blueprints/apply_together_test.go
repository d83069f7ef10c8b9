package blueprints

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"currant/steps"
	"currant/steps/xurrent/api"
)

// together runs two applies of the same target, each with a memory of its own, whose requests are let through by turns.
func together(t *testing.T, a *account, targets []Target) (errs [2]error) {
	t.Helper()
	var plans [2]*Plan
	for i := range plans {
		plans[i] = a.plan(targets[i])
	}
	var group sync.WaitGroup
	for i := range plans {
		group.Go(func() { errs[i] = plans[i].Apply(context.Background(), a, nil) })
	}
	group.Wait()
	return errs
}

// live are the records of a type that are not disabled, by their names.
func (a *account) live(typ string) map[string]int {
	out := map[string]int{}
	for _, r := range a.records.All(typ) {
		if r["disabled"] != true {
			out[fmt.Sprint(r["name"])]++
		}
	}
	return out
}

func TestP4TwoAppliesAtOnceMakeNoDuplicate(t *testing.T) {
	const rule = "automation_rule \"t\" {\n name = \"T\"\n trigger = \"on create\"\n condition = \"true\"\n}\n"
	const extension = "ui_extension \"t\" {\n name = \"T\"\n category = \"person\"\n html = \"x\"\n}\n"
	for _, tc := range []struct {
		name, first, src, typ string
		want                  map[string]int
	}{
		{"app", "", ordered("A", "B"), "AppOffering", map[string]int{"Many": 1}},
		{"its rules", "", ordered("A", "B"), "AppOfferingAutomationRule", map[string]int{"A": 1, "B": 1}},
		{"rules of an app", ordered("A"), ordered("A", "B", "C"), "AppOfferingAutomationRule", map[string]int{"A": 1, "B": 1, "C": 1}},
		{"rule", "", rule, "AutomationRule", map[string]int{"T": 1}},
		{"extension", "", extension, "UiExtension", map[string]int{"T": 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for range 5 {
				a := simulated(t)
				if tc.first != "" {
					a.apply(a.target(tc.first))
				}
				targets := []Target{a.target(tc.src), a.target(tc.src)}
				for i := range targets {
					targets[i].Applied = &applied{}
				}
				errs := together(t, a, targets)
				if errs[0] == nil && errs[1] == nil {
					t.Error("both have succeeded")
				}
				for name, n := range a.live(tc.typ) {
					if n > 1 {
						t.Errorf("%d %s right after both have ended: %v", n, name, errs)
					}
				}
				for _, target := range targets {
					a.apply(target)
				}
				for _, target := range targets {
					a.empty(target)
				}
				if got := a.live(tc.typ); !maps.Equal(got, tc.want) {
					t.Errorf("the account has %v", got)
				}
			}
		})
	}
}

// doubling shows, once something was created, another of the same source.
type doubling struct {
	*account
	create, at string // the mutation, and when the other was made; "" is in the same second as ours
	created    bool
	theirs     string // id of the other, where it is on the account
}

func (d *doubling) Do(ctx context.Context, r api.Request) (*api.Answer, error) {
	answer, err := d.account.Do(ctx, r)
	switch {
	case err == nil && strings.Contains(r.Text, d.create):
		d.created = true
		if d.create == "appOfferingAutomationRuleCreate(" {
			all := d.records.All("AppOfferingAutomationRule")
			at := cmp.Or(d.at, fmt.Sprint(all[len(all)-1]["createdAt"]))
			d.theirs = d.put("AppOfferingAutomationRule", map[string]any{"name": "T", "appOffering": d.draft("many")["id"], "generic": "request", "position": 2})
			d.put("AppOfferingAutomationRule", map[string]any{"id": d.theirs, "createdAt": at})
		}
	case err == nil && d.created && strings.Contains(r.Text, " found: "):
		_, at, _ := strings.Cut(string(answer.Data), `"createdAt":"`)
		at, _, _ = strings.Cut(at, `"`)
		answer.Data = []byte(strings.Replace(string(answer.Data), `"nodes":[`, `"nodes":[{"id":"`+strings.Repeat("z", 60)+`","source":"Currant","sourceID":"shop/t","createdAt":"`+cmp.Or(d.at, at)+`"},`, 1))
	}
	return answer, err
}

// Two look, two create, and only then both look again: the worst order, seen from one of them.
func TestP4TheLaterOfTwoTakesItsOwnBack(t *testing.T) {
	for _, tc := range []struct{ typ, first, src, create, want string }{
		{"AutomationRule", "", "automation_rule \"t\" {\n name = \"T\"\n trigger = \"on create\"\n condition = \"true\"\n}\n", "automationRuleCreate(", "disabled"},
		{"UiExtension", "", "ui_extension \"t\" {\n name = \"T\"\n category = \"person\"\n html = \"x\"\n}\n", "uiExtensionCreate(", "disabled"},
		{"AppOfferingAutomationRule", ordered("A"), ordered("A", "T"), "appOfferingAutomationRuleCreate(", "deleted"},
	} {
		for at, late := range map[string]bool{"2001-01-01T00:00:00Z": true, "2101-01-01T00:00:00Z": false, "": true} {
			t.Run(tc.typ+at, func(t *testing.T) {
				a := simulated(t)
				if tc.first != "" {
					a.apply(a.target(tc.first))
				}
				other := &doubling{account: a, create: tc.create, at: at}
				err := a.plan(a.target(tc.src)).Apply(context.Background(), other, nil)
				ours := 0
				for _, r := range a.records.All(tc.typ) {
					if r["name"] == "T" && r["disabled"] != true && r["id"] != other.theirs {
						ours++
					}
				}
				if late && (err == nil || !strings.Contains(err.Error(), "ours was "+tc.want) || ours != 0) {
					t.Errorf("got %v; %d of ours are left", err, ours)
				}
				if !late && (err != nil || ours != 1) {
					t.Errorf("got %v; %d of ours are left", err, ours)
				}
			})
		}
	}
}

func TestP4WhatCameUpSinceThePlanIsNotMadeAgain(t *testing.T) {
	const since = "come into being since the plan"
	for _, tc := range []struct{ first, src, want string }{
		{"", "automation_rule \"t\" {\n name = \"T\"\n trigger = \"on create\"\n condition = \"true\"\n}\n", since},
		{"", "ui_extension \"t\" {\n name = \"T\"\n category = \"person\"\n}\n", since},
		{"", ordered("A"), "somebody else made it"},
		{ordered("A"), ordered("A", "B"), since},
	} {
		a := simulated(t)
		if tc.first != "" {
			a.apply(a.target(tc.first))
		}
		target := a.target(tc.src)
		late := a.plan(target)
		a.apply(target)
		was := a.counted()
		err := late.Apply(context.Background(), a, nil)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v", err)
		}
		if got := a.counted(); got != was {
			t.Errorf("the account has %s, had %s", got, was)
		}
		a.empty(target)
	}
}

// cut has another who makes the rule B when we do, earlier, and refuses the rule C.
type cut struct {
	*account
	app string
}

func (c *cut) Do(ctx context.Context, r api.Request) (*api.Answer, error) {
	if strings.Contains(r.Text, "appOfferingAutomationRuleCreate(") {
		if strings.Contains(string(r.Variables), `"name":"C"`) {
			return nil, steps.Errorf(steps.MutationError, "refused")
		}
		defer func() {
			id := c.put("AppOfferingAutomationRule", map[string]any{"name": "B", "appOffering": c.app, "generic": "request", "position": 2})
			c.put("AppOfferingAutomationRule", map[string]any{"id": id, "createdAt": "2001-01-01T00:00:00Z"})
		}()
	}
	return c.account.Do(ctx, r)
}

// A rule is looked for right after it is made, whatever becomes of those after it.
func TestP4EachRuleIsLookedForByItself(t *testing.T) {
	a := simulated(t)
	a.apply(a.target(ordered("A")))
	err := a.plan(a.target(ordered("A", "B", "C"))).Apply(context.Background(), &cut{account: a, app: a.draft("many")["id"].(string)}, nil)
	var failed *Failure
	if !errors.As(err, &failed) || failed.Change.Name != "B" || !strings.Contains(err.Error(), "ours was deleted") {
		t.Errorf("got %v", err)
	}
	if got := ruleNames(a.draft("many")); !slices.Equal(got, []string{"A", "B"}) {
		t.Errorf("the account has %v", got)
	}
}

// Two rules of a name, one of which does not say its record, are no duplicates.
func TestP4OurOwnRulesAreNoDuplicates(t *testing.T) {
	a := simulated(t)
	a.apply(a.target(ordered("Z")))
	target := a.target(ordered("Z", "A/task", "A/problem"))
	a.apply(target)
	a.empty(target)
	left := a.target(strings.Replace(ordered("Z", "A/task", "B/problem", "B/"), "record = \"request\"\n trigger = \"on create\"\n condition = \"true\"\n}\n}", "trigger = \"on create\"\n condition = \"true\"\n}\n}", 1))
	a.apply(left)
	a.empty(left)
}

// Two rules of the same second: both are late, and one of them comes back.
func TestP4OfTwoInOneSecondOneComesBack(t *testing.T) {
	a := simulated(t)
	src := "automation_rule \"t\" {\n name = \"T\"\n trigger = \"on create\"\n condition = \"true\"\n}\n"
	target := a.target(src)
	target.Applied = &applied{}
	ours, theirs := "", ""
	other := func(field string, value any) { // the last one that was put can be changed
		a.put("AutomationRule", map[string]any{"id": theirs, field: value})
		a.put("AutomationRule", map[string]any{"id": ours, "source": "Currant", "sourceID": "shop/t"})
	}
	a.after = func(_ int, r api.Request) error {
		if strings.Contains(r.Text, "automationRuleCreate(") {
			made := a.records.All("AutomationRule")[0]
			ours = fmt.Sprint(made["id"])
			theirs = a.put("AutomationRule", map[string]any{"name": "T", "source": "Currant", "sourceID": "shop/t", "trigger": "on create", "condition": "true"})
			other("createdAt", made["createdAt"])
		}
		return nil
	}
	err := a.plan(target).Apply(context.Background(), a, nil)
	if err == nil || !strings.Contains(err.Error(), "ours was disabled") {
		t.Errorf("got %v", err)
	}
	a.empty(target) // theirs is there
	other("disabled", true)
	a.apply(target)
	a.empty(target)
	if got := a.live("AutomationRule"); !maps.Equal(got, map[string]int{"T": 1}) {
		t.Errorf("the account has %v", got)
	}
}
