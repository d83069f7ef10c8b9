package blueprints

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"currant/steps/xurrent/api"
)

func TestP3OnlyWhatIsOursIsTouched(t *testing.T) {
	a := prepared(t)
	// Of others: another source, another blueprint, none; and one that only begins like ours.
	for i, of := range []map[string]any{{"source": "Somebody", "sourceID": "shop/old"}, {"source": "Currant", "sourceID": "shopping/old"},
		{"source": "Currant", "sourceID": "other/old"}, {}} {
		for typ, more := range map[string]map[string]any{"AppOffering": {"reference": fmt.Sprintf("foreign%d", i), "published": false},
			"UiExtension": {"category": "person"}, "AutomationRule": {"generic": "request", "trigger": "on create", "condition": "true"}} {
			fields := map[string]any{"name": fmt.Sprintf("Foreign %d", i)}
			for _, m := range []map[string]any{of, more} {
				for k, v := range m {
					fields[k] = v
				}
			}
			a.put(typ, fields)
		}
	}
	foreign := func() string {
		var all []any
		for _, typ := range []string{"AppOffering", "UiExtension", "AutomationRule"} {
			for _, r := range a.records.All(typ) {
				if strings.HasPrefix(fmt.Sprint(r["name"]), "Foreign") {
					all = append(all, r)
				}
			}
		}
		return encoded(all)
	}
	was := foreign()
	a.apply(a.target(shopBlueprint))
	nothing := Target{Blueprint: "shop", Dir: a.dir, Applied: &applied{}}
	p := a.expectPlan(nothing, `disable app["Survey"]
  disabled: false -> true
disable ui_extension["Intake"]
  disabled: false -> true
disable automation_rule["Thank"]
  disabled: false -> true`)
	for _, c := range p.Changes {
		if !strings.Contains(c.Note, "cannot be deleted") {
			t.Errorf("%s has the note %q", c.Address, c.Note)
		}
	}
	if err := p.Apply(context.Background(), a, nil); err != nil {
		t.Fatal(err)
	}
	a.empty(nothing)
	if foreign() != was {
		t.Errorf("something of others was changed: %s\nwas: %s", foreign(), was)
	}
	for _, r := range a.requests {
		if strings.Contains(r.Text, "Delete(") {
			t.Errorf("something was deleted: %s", r.Text)
		}
	}
	// Back again: what we disabled is enabled.
	back := a.target(shopBlueprint)
	back.Applied = nothing.Applied
	p = a.expectPlan(back, `update app.survey
  disabled: true -> false
update ui_extension.intake
  disabled: true -> false
update automation_rule.thank
  disabled: true -> false`)
	if err := p.Apply(context.Background(), a, nil); err != nil {
		t.Fatal(err)
	}
	a.empty(back)
	// What somebody else disabled stays so.
	a.put("AutomationRule", map[string]any{"id": a.records.All("AutomationRule")[4]["id"], "disabled": true})
	p = a.plan(back)
	if c := p.Changes[len(p.Changes)-1]; c.Action != None || !strings.Contains(c.Note, "disabled on the account") {
		t.Errorf("%s %s: %q", c.Action, c.Address, c.Note)
	}
}

func TestFoundByReferenceIsNotMadeOurs(t *testing.T) {
	a := prepared(t)
	a.put("AppOffering", map[string]any{"name": "Survey", "reference": "survey", "published": false, "source": "Somebody", "sourceID": "x"})
	a.apply(a.target(shopBlueprint))
	a.empty(a.target(shopBlueprint))
	if d := a.draft("survey"); d["source"] != "Somebody" || d["sourceID"] != "x" {
		t.Errorf("source is %v/%v", d["source"], d["sourceID"])
	}
}

func TestAChangedReferenceIsTheSameApp(t *testing.T) {
	a := prepared(t)
	a.apply(a.target(shopBlueprint))
	renamed := a.target(edited(t, "app \"survey\" {", "app \"survey\" {\n reference = \"poll\""))
	a.expectPlan(renamed, "update app.survey\n  reference: \"survey\" -> \"poll\"")
	a.apply(renamed)
	a.empty(renamed)
	if a.draft("survey") != nil || a.draft("poll") == nil {
		t.Error("the reference was not changed")
	}
}

func TestWhatWasMadeTwiceIsDisabled(t *testing.T) {
	a := prepared(t)
	a.apply(a.target(shopBlueprint))
	a.put("AutomationRule", map[string]any{"name": "Thank", "source": "Currant", "sourceID": "shop/thank", "generic": "request", "trigger": "on create", "condition": "true"})
	p := a.expectPlan(a.target(shopBlueprint), "disable automation_rule[\"Thank\"]\n  disabled: false -> true")
	if err := p.Apply(context.Background(), a, nil); err != nil {
		t.Fatal(err)
	}
	a.empty(a.target(shopBlueprint))
}

func TestPlansReadTheirDirectoryOnly(t *testing.T) {
	a := prepared(t)
	if err := os.Symlink("/etc/hostname", filepath.Join(a.dir, "images/link.png")); err != nil {
		t.Fatal(err)
	}
	if _, err := Compare(context.Background(), a, a.target(edited(t, "images/form.png", "images/link.png"))); err == nil {
		t.Error("a link out of the directory was followed")
	}
}

// unfiltered is a service that does not look at sources.
type unfiltered struct{ *account }

func (u unfiltered) Do(ctx context.Context, r api.Request) (*api.Answer, error) {
	r.Text = strings.ReplaceAll(r.Text, `source: { values: ["Currant"] }`, "")
	return u.account.Do(ctx, r)
}

func TestP3TheServicesFiltersAreNotTrusted(t *testing.T) {
	a := prepared(t)
	a.apply(a.target(shopBlueprint))
	a.put("AutomationRule", map[string]any{"name": "Foreign", "source": "Somebody", "sourceID": "shop/old", "generic": "request", "trigger": "on create", "condition": "true"})
	for _, r := range a.records.All("UiExtension") {
		if r["name"] == "Intake" {
			a.put("UiExtension", map[string]any{"id": r["id"], "source": "Somebody"})
		}
	}
	p, err := Compare(context.Background(), unfiltered{a}, a.target(shopBlueprint))
	if err != nil {
		t.Fatal(err)
	}
	if got := told(p); !strings.HasPrefix(got, "create ui_extension.intake\n") || strings.Contains(got, "disable") {
		t.Errorf("planned:\n%s", got)
	}
}
