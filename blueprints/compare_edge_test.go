package blueprints

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"currant/steps"
	"currant/steps/xurrent/api"
)

// Of the extensions with the label of an app, its form alone stays when it is gone from the blueprint.
func TestP3AnExtensionWithTheLabelOfAnAppIsDisabled(t *testing.T) {
	a := simulated(t)
	app := "app \"intake\" {\n name = \"Many\"\n service_instance = \"Integrations\"\n%s}\n"
	without := fmt.Sprintf(app, "")
	a.apply(a.target(without + "ui_extension \"intake\" {\n name = \"I\"\n category = \"request_template\"\n html = \"x\"\n}\n"))
	a.expectPlan(a.target(without), "disable ui_extension[\"I\"]\n  disabled: false -> true")

	a = simulated(t)
	a.apply(a.target(fmt.Sprintf(app, " ui_extension {\n name = \"I\"\n html = \"x\"\n }\n")))
	a.empty(a.target(without))
}

func TestPositionNullIsNoPosition(t *testing.T) {
	a := simulated(t)
	a.apply(a.target(ordered("A", "B", "C")))
	for _, position := range []string{"position = 9", "position = null"} {
		target := a.target(strings.Replace(ordered("A", "B", "C"), "name = \"B\"", "name = \"B\"\n "+position, 1))
		a.apply(target)
		a.empty(target)
	}
	rule := a.target("automation_rule \"t\" {\n name = \"T\"\n trigger = \"on create\"\n condition = \"true\"\n position = null\n}\n")
	a.apply(rule)
	a.empty(rule)
}

// An account may have names in another form of Unicode than a blueprint, whose texts are in normal form.
func TestNamesAreComparedInNormalForm(t *testing.T) {
	const apart = "Cafe\u0301"
	a := anOffering()
	ruleOf(a)["name"], ruleOf(a)["generic"] = apart, "TASK"
	a.offering["serviceInstance"] = map[string]any{"id": "s1", "name": apart}
	unchanged(t, a, extracted(t, a), t.TempDir())

	is := simulated(t)
	is.put("ServiceInstance", map[string]any{"id": is.records.All("ServiceInstance")[0]["id"], "name": apart})
	app := is.target("app \"many\" {\n name = \"Many\"\n service_instance = \"Caf\u00e9\"\n}\n")
	is.apply(app)
	is.empty(app)
}

// endless is an account whose lists go on and on.
type endless struct {
	*account
	alias string
	n     int
}

func (e *endless) Do(ctx context.Context, r api.Request) (*api.Answer, error) {
	if e.n++; e.n > 2*maxPages {
		return nil, errors.New("it would never end")
	}
	again := map[string]any{"pageInfo": map[string]any{"hasNextPage": true, "endCursor": fmt.Sprint("c", e.n%2)}, "nodes": []any{}}
	data := map[string]any{"node": map[string]any{"automationRules": again}}
	for _, l := range listed.FindAllStringSubmatch(r.Text, -1) {
		data[l[1]] = map[string]any{"nodes": []any{}}
	}
	if e.alias == "apps" {
		data["apps"] = map[string]any{"nodes": []any{map[string]any{"id": "a1", "reference": "many", "automationRules": again}}}
	} else {
		data[e.alias] = again
	}
	raw, err := json.Marshal(data)
	return &api.Answer{Data: raw}, err
}

func TestListsThatNeverEndAreRefused(t *testing.T) {
	a := simulated(t)
	for _, alias := range []string{"ownRules", "apps"} {
		x := &endless{account: a, alias: alias}
		_, err := Compare(context.Background(), x, a.target("app \"many\" {}\n"))
		var failed *steps.Error
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), "does not end within 1000 pages") || x.n > maxPages+1 {
			t.Errorf("%s: after %d requests: %v", alias, x.n, err)
		}
	}
}

func TestImagesOfTheFolderAttachments(t *testing.T) {
	a := simulated(t)
	a.write("attachments/logo.png", png(1))
	a.write("images/a.png", png(2))
	target := func(text string) Target {
		return a.target("app \"many\" {\n name = \"Many\"\n service_instance = \"Integrations\"\n description = \"" + text + "\"\n}\n")
	}
	a.apply(target("![a [b] c](attachments/logo.png)"))
	d := fmt.Sprint(a.draft("many")["description"])
	if a.uploads != 1 || strings.Contains(d, "(attachments/logo.png)") {
		t.Fatalf("%d uploads; the account has %s", a.uploads, d)
	}
	a.empty(target("![a [b] c](attachments/logo.png)"))

	// The account's own key is the same image, whatever else the text has and whatever is remembered.
	memory := &applied{}
	for _, text := range []string{d, d + " ![](images/a.png)"} {
		with := target(text)
		with.Applied = memory
		for range 2 { // the second time, it is remembered
			a.apply(with)
			a.empty(with)
		}
	}
	if a.uploads != 2 {
		t.Errorf("%d uploads", a.uploads)
	}
}

func TestComparingTellsOfItsWaits(t *testing.T) {
	a := simulated(t)
	busy := true
	a.before = func(int, api.Request) error {
		if busy {
			busy = false
			return &steps.PutBack{After: 7, Status: 429}
		}
		return nil
	}
	target := a.target(ordered("A"))
	told := 0
	target.Waits = func(d time.Duration) { told += int(d) }
	a.plan(target)
	if told != 7 {
		t.Errorf("told of %d", told)
	}
}
