package blueprints

import (
	"fmt"
	"strings"
	"testing"
)

func TestP1BasisOfWhatChangedSinceThePlan(t *testing.T) {
	a := prepared(t)
	foreign := a.put("AppOffering", map[string]any{"name": "Foreign", "reference": "foreign", "published": false})
	target := a.target(shopBlueprint)
	target.Applied = &applied{}
	a.apply(target)
	gone := edited(t, `ui_extension "intake"`, `ui_extension "other"`)
	offering := a.records.All("AppOffering")[1]["id"].(string)
	find := func(typ, name string) string {
		for _, r := range a.records.All(typ) {
			if r["name"] == name {
				return r["id"].(string)
			}
		}
		t.Fatalf("no %s %s", typ, name)
		return ""
	}
	form, intake := find("UiExtension", "Survey configuration"), find("UiExtension", "Intake")
	ask, thank := find("AppOfferingAutomationRule", "Ask customer"), find("AutomationRule", "Thank")
	version := func(of string) string {
		for _, v := range a.records.All("UiExtensionVersion") {
			if strings.Contains(fmt.Sprint(v["html"]), of) && v["status"] == "active" {
				return v["id"].(string)
			}
		}
		t.Fatal("no version")
		return ""
	}
	change := func(typ, id, field string, value any) func() {
		return func() { a.put(typ, map[string]any{"id": id, field: value}) }
	}
	ways := []struct {
		name string
		do   func()
	}{
		{"name", change("AppOffering", offering, "name", "Poll")},
		{"card", change("AppOffering", offering, "cardDescription", "x")},
		{"description", change("AppOffering", offering, "description", "x")},
		{"features cleared", change("AppOffering", offering, "features", nil)},
		{"picture", change("AppOffering", offering, "pictureUri", nil)},
		{"algorithm", change("AppOffering", offering, "policyJwtAlg", "rs256")},
		{"audience", change("AppOffering", offering, "policyJwtAudience", "x")},
		{"expiry", change("AppOffering", offering, "policyJwtClaimExpiresIn", 5)},
		{"endpoints", change("AppOffering", offering, "oauthAuthorizationEndpoints", []any{"https://x.example.com"})},
		{"oauth person", change("AppOffering", offering, "requiresEnabledOauthPerson", true)},
		{"scope", func() {
			a.put("AppOfferingScope", map[string]any{"id": a.records.All("AppOfferingScope")[0]["id"], "effect": "deny"})
		}},
		{"scope away", func() { a.records.Delete("AppOfferingScope", a.records.All("AppOfferingScope")[1]["id"].(string)) }},
		{"form's title", change("UiExtension", form, "title", "x")},
		{"form's html", func() { a.put("UiExtensionVersion", map[string]any{"id": version("form_url"), "html": "form_url!"}) }},
		{"rule's condition", change("AppOfferingAutomationRule", ask, "condition", "false")},
		{"rule's name", change("AppOfferingAutomationRule", ask, "name", "Ask")},
		{"rule's place", change("AppOfferingAutomationRule", ask, "position", 7)},
		{"rule added", func() {
			a.put("AppOfferingAutomationRule", map[string]any{"appOffering": offering, "name": "New", "generic": "request", "trigger": "on create", "condition": "true", "position": 9})
		}},
		{"rule away", func() { a.records.Delete("AppOfferingAutomationRule", ask) }},
		{"top-level rule", change("AutomationRule", thank, "trigger", "on create")},
		{"top-level form's name", change("UiExtension", intake, "name", "x")},
		{"top-level form is another's", change("UiExtension", intake, "source", "Somebody")},
		{"offering away", func() { a.records.Delete("AppOffering", offering) }},
	}
	// What does not matter changes nothing.
	before := a.plan(target).Basis
	a.put("AppOffering", map[string]any{"id": foreign, "name": "x"})
	a.put("AppOffering", map[string]any{"id": offering, "compliance": "x"})
	if a.plan(target).Basis != before {
		t.Error("the basis changed with what does not matter")
	}
	seen := map[string]string{before: "nothing"}
	for _, way := range ways {
		way.do()
		basis := a.plan(target).Basis
		if seen[basis] != "" {
			t.Errorf("%s: the basis is that after %s", way.name, seen[basis])
		}
		seen[basis] = way.name
		if a.plan(target).Basis != basis {
			t.Errorf("%s: the basis of the same differs", way.name)
		}
	}
	// What is wanted counts too: texts, secrets, the content of files, templates.
	a.apply(target)
	seen = map[string]string{}
	for _, name := range []string{"image", "picture", "secret", "other secret", "template", "gone", "another blueprint"} {
		next := a.target(shopBlueprint)
		switch name {
		case "image":
			a.write("images/form.png", png(9))
		case "picture":
			a.write("app/logo.svg", []byte("<svg xmlns=\"http://www.w3.org/2000/svg\"><i/></svg>"))
		case "secret":
			next = a.target(edited(t, `"Fast."`, "secret"))
		case "other secret":
			next = a.target(edited(t, `"Fast."`, "\"${secret}!\""))
		case "template":
			next.Templates = map[string]Templates{"survey": {Webhook: "https://run.example.com"}}
		case "gone":
			next = a.target(gone)
		case "another blueprint":
			next.Blueprint = "store"
		}
		basis := a.plan(next).Basis
		if seen[basis] != "" {
			t.Errorf("%s: the basis is that of %s", name, seen[basis])
		}
		seen[basis] = name
	}
}
