package blueprints

import (
	"context"
	"errors"
	"strings"
	"testing"

	"currant/steps"
)

func TestP79TemplatesKeptOrReplaced(t *testing.T) {
	a := prepared(t)
	target := a.target(shopBlueprint)
	a.apply(target)
	const ours = "https://run.example.com/in/shop/note?customer_account_id={account}"
	target.Templates = map[string]Templates{"survey": {Webhook: ours, Configuration: "https://run.example.com/c"}}
	a.expectPlan(target, "update app.survey\n  webhook_uri_template: null -> "+encoded(ours)+"\n  configuration_uri_template: null -> \"https://run.example.com/c\"")
	a.apply(target)
	a.empty(target)
	// Item 80: sent literally.
	if got := a.draft("survey")["webhookUriTemplate"]; got != ours {
		t.Errorf("the template is %v", got)
	}
	// Without a runbook's wish, and with the placeholder of an extracted blueprint, it stays.
	for _, none := range []map[string]Templates{nil, {"survey": {Webhook: "https://test.com"}}} {
		target.Templates = none
		a.empty(target)
	}
	// A written attribute wins.
	own := a.target(edited(t, `"Fast."`, "\"Fast.\"\n configuration_uri_template = \"https://own.example.com\""))
	own.Templates = map[string]Templates{"survey": {Configuration: "https://run.example.com/c"}}
	a.expectPlan(own, "update app.survey\n  configuration_uri_template: \"https://run.example.com/c\" -> \"https://own.example.com\"")
}

func TestTemplatesOfAppsThatAreNotDeclared(t *testing.T) {
	a := prepared(t)
	target := a.target(shopBlueprint)
	a.apply(target)
	a.put("AppOffering", map[string]any{"name": "Foreign", "reference": "foreign", "published": false, "features": "Theirs"})
	target.Templates = map[string]Templates{"foreign": {Webhook: "https://run.example.com/x"}}
	a.expectPlan(target, "update app[\"foreign\"]\n  webhook_uri_template: null -> \"https://run.example.com/x\"")
	a.apply(target)
	a.empty(target)
	if d := a.draft("foreign"); d["features"] != "Theirs" || d["source"] != nil {
		t.Errorf("more than the address was changed: %v", d)
	}
	target.Templates = map[string]Templates{"nobody": {Webhook: "https://run.example.com/x"}}
	var failed *steps.Error
	if _, err := Compare(context.Background(), a, target); !errors.As(err, &failed) || failed.Kind != steps.NotFoundError || !strings.Contains(failed.Message, "No App offering found with reference 'nobody'") {
		t.Errorf("got %v", err)
	}
}

func TestP80AccountPlaceholderIsSentLiterally(t *testing.T) {
	a := prepared(t)
	target := a.target(shopBlueprint)
	target.Templates = map[string]Templates{"survey": {Webhook: "https://run.example.com/in?customer_account_id={account}"}}
	a.apply(target)
	if got := a.inputs("appOfferingCreate")[0]["webhookUriTemplate"]; got != "https://run.example.com/in?customer_account_id={account}" {
		t.Errorf("sent %v", got)
	}
}
