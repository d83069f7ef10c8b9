package blueprints

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"currant/steps"
	"currant/steps/xurrent/api"
)

func TestThirdOfFiveIsRefused(t *testing.T) {
	a := simulated(t)
	target := a.target(ordered("A", "B", "C", "D"))
	refuse := true
	x := &refusing{account: a, when: func(r api.Request) bool { return refuse && strings.Contains(string(r.Variables), `"name":"B"`) },
		payload: `{"appOfferingAutomationRuleCreate":{"errors":[{"message":"Trigger is invalid","path":["attributes","trigger"]}]}}`}
	p := a.plan(target)
	var done []string
	err := p.Apply(context.Background(), x, func(d Done) {
		if !d.Begun {
			done = append(done, fmt.Sprint(d.Change.Address, " ", d.Err == nil))
		}
	})
	var failed *Failure
	if !errors.As(err, &failed) || err.Error() != "create automation_rule 'B' (trigger): mutation: Trigger is invalid" {
		t.Fatalf("got %v", err)
	}
	if !slices.Equal(done, []string{"app.many true", "app.many.automation_rule.r0 true", "app.many.automation_rule.r1 false"}) {
		t.Errorf("told %v", done)
	}
	if got := ruleNames(a.draft("many")); !slices.Equal(got, []string{"A"}) {
		t.Errorf("the account has %v", got)
	}
	refuse = false
	p = a.plan(target)
	if got := strings.Count(told(p), "create "); got != 3 {
		t.Errorf("planned:\n%s", told(p))
	}
	if err := p.Apply(context.Background(), a, nil); err != nil {
		t.Fatal(err)
	}
	if got := ruleNames(a.draft("many")); !slices.Equal(got, []string{"A", "B", "C", "D"}) {
		t.Errorf("the account has %v", got)
	}
	a.empty(target)
}

func TestAPlanIsAppliedOnce(t *testing.T) {
	a := simulated(t)
	p := a.apply(a.target(ordered("A")))
	if err := p.Apply(context.Background(), a, nil); err == nil || !strings.Contains(err.Error(), "applied already") {
		t.Errorf("got %v", err)
	}
}

func TestInterruptedApplyLetsTheCallEnd(t *testing.T) {
	a := simulated(t)
	target := a.target(ordered("A", "B"))
	p := a.plan(target)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a.before = func(_ int, r api.Request) error {
		if strings.Contains(string(r.Variables), `"name":"A"`) {
			cancel() // Ctrl-C while it is in flight
		}
		return nil
	}
	var told []string
	err := p.Apply(ctx, a, func(d Done) {
		if !d.Begun {
			told = append(told, d.Change.Address)
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if got := ruleNames(a.draft("many")); !slices.Equal(got, []string{"A"}) || len(told) != 2 {
		t.Errorf("the account has %v, told of %v", got, told)
	}
	a.before = nil
	a.apply(target)
	a.empty(target)
}

func TestPutBackIsWaitedFor(t *testing.T) {
	a := simulated(t)
	refused := map[string]int{}
	a.before = func(_ int, r api.Request) error {
		for _, of := range []string{"ownRules", "RuleCreate("} {
			if strings.Contains(r.Text, of) && refused[of] < 2 {
				refused[of]++
				return &steps.PutBack{After: 3 * time.Millisecond, Status: 429}
			}
		}
		return nil
	}
	target := a.target(ordered("A"))
	p := a.plan(target)
	var waited time.Duration
	if err := p.Apply(context.Background(), a, func(d Done) { waited += d.Wait }); err != nil {
		t.Fatal(err)
	}
	if waited != 6*time.Millisecond {
		t.Errorf("waited %s", waited)
	}
	a.empty(target)
	// Not for ever.
	x := &refusing{account: a, when: func(api.Request) bool { return true }, err: &steps.PutBack{After: 3 * time.Hour}}
	var back *steps.PutBack
	if _, err := Compare(context.Background(), x, target); !errors.As(err, &back) {
		t.Errorf("got %v", err)
	}
	// A context that ends ends the wait.
	ctx, cancel := context.WithCancel(context.Background())
	x = &refusing{account: a, when: func(api.Request) bool { cancel(); return true }, err: &steps.PutBack{After: time.Hour}}
	if _, err := Compare(ctx, x, target); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A service that was busy may have made it all the same.
func TestP2WhatABusyServiceMadeIsNotMadeAgain(t *testing.T) {
	a := simulated(t)
	target := a.target(ordered("A", "B"))
	busy := true
	a.after = func(_ int, r api.Request) error {
		if busy && strings.Contains(string(r.Variables), `"name":"A"`) {
			busy = false
			return &steps.PutBack{After: time.Millisecond, Status: 503}
		}
		return nil
	}
	err := a.plan(target).Apply(context.Background(), a, nil)
	if err == nil || !strings.Contains(err.Error(), "come into being") {
		t.Errorf("got %v", err)
	}
	a.apply(target)
	a.empty(target)
	if got := ruleNames(a.draft("many")); !slices.Equal(got, []string{"A", "B"}) {
		t.Errorf("the account has %v", got)
	}
}
