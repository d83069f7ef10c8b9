package blueprints

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestDriftIsNamed(t *testing.T) {
	a := prepared(t)
	target := a.target(shopBlueprint)
	target.Applied = &applied{}
	a.apply(target)
	id := fmt.Sprint(a.draft("survey")["id"])
	a.put("AppOffering", map[string]any{"id": id, "features": "By hand"})
	for _, r := range a.records.All("AppOfferingAutomationRule") {
		if r["name"] == "Remind" {
			a.records.Delete("AppOfferingAutomationRule", r["id"].(string))
		} else {
			a.put("AppOfferingAutomationRule", map[string]any{"id": r["id"], "actions": []any{
				map[string]any{"name": "note", "value": "add note 'By hand'"}, map[string]any{"name": "more", "value": "add note 'x'"}}})
		}
	}
	// What the file changes itself is none.
	next := a.target(edited(t, `"Feedback after completion"`, `"Feedback"`))
	next.Applied = target.Applied
	p := a.expectPlan(next, `update app.survey
  card_description: "Feedback after completion" -> "Feedback"
  features: "By hand" -> "Fast." drift
update app.survey.automation_rule.ask
  action["note"].value: "add note 'By hand'" -> "add note 'Please complete our [survey]({{url}})'" drift
  action["more"].value: "add note 'x'" -> null drift
create app.survey.automation_rule.remind
  record: null -> "task"
  name: null -> "Remind"
  trigger: null -> "on create"
  condition: null -> "true"
  action["a"].value: null -> "add note 'x'"
  position: null -> 2`)
	if c := p.Changes[3]; !strings.Contains(c.Note, "gone from the account") {
		t.Errorf("%s has the note %q", c.Address, c.Note)
	}
	if err := p.Apply(context.Background(), a, nil); err != nil {
		t.Fatal(err)
	}
	a.empty(next)
	// A rule that was taken out of the file and comes back is none either.
	without := next
	without.Resources = a.target(shopBlueprint[:strings.Index(shopBlueprint, "  automation_rule \"remind\"")] + "}\n").Resources
	a.apply(without)
	for _, c := range a.plan(next).Changes {
		if c.Action == Create && strings.Contains(c.Note, "gone from the account") && c.Address == "app.survey.automation_rule.remind" {
			t.Errorf("%s has the note %q", c.Address, c.Note)
		}
	}
}

func TestDriftOfImages(t *testing.T) {
	a := prepared(t)
	target := a.target(shopBlueprint)
	target.Applied = &applied{}
	a.apply(target)
	// Another image and no image at all in the file are edits.
	a.write("images/form.png", png(3))
	for _, src := range []string{shopBlueprint, edited(t, "![A form](images/form.png){:width=400} and ![again](images/form.png)", "none")} {
		next := a.target(src)
		next.Applied = target.Applied
		p := a.plan(next)
		if len(p.Changes[0].Fields) != 1 || p.Changes[0].Fields[0].Drift {
			t.Errorf("planned:\n%s", told(p))
		}
	}
}

func TestARuleOfAnotherRecordIsNoDrift(t *testing.T) {
	a := simulated(t)
	target := a.target(ordered("A", "B"))
	target.Applied = &applied{}
	a.apply(target)
	next := a.target(ordered("A", "B/task"))
	next.Applied = target.Applied
	p := a.plan(next)
	if c := p.Changes[len(p.Changes)-1]; c.Action != Create || c.Note != "" {
		t.Errorf("%s %s: %q", c.Action, c.Address, c.Note)
	}
}

// What is disabled because it was made twice is not what is remembered of the block.
func TestADoubleIsNotRemembered(t *testing.T) {
	a := prepared(t)
	target := a.target(shopBlueprint)
	target.Applied = &applied{}
	a.apply(target)
	a.put("AutomationRule", map[string]any{"name": "Thank", "source": "Currant", "sourceID": "shop/thank", "generic": "request", "trigger": "on create", "condition": "true"})
	if got := told(a.apply(target)); !strings.HasPrefix(got, "disable automation_rule[") {
		t.Errorf("planned:\n%s", got)
	}
	next := a.target(edited(t, `"add note 'Thank you.'"`, `"add note 'Thanks.'"`))
	next.Applied = target.Applied
	a.expectPlan(next, "update automation_rule.thank\n  action[\"a\"].value: \"add note 'Thank you.'\" -> \"add note 'Thanks.'\"")
}

// forgetful remembers nothing, and says so.
type forgetful struct{ applied }

func (*forgetful) Remember(context.Context, string, map[string]string) error {
	return errors.New("the disk is full")
}

func TestP2AHintThatCannotBeKeptStopsNoApply(t *testing.T) {
	a := simulated(t)
	target := a.target(ordered("A", "B"))
	target.Applied = &forgetful{}
	a.apply(target)
	a.empty(target)
	a.apply(target) // nothing of it changes
}
