package blueprints

import (
	"strings"
	"testing"
)

const shopBlueprint = `app "survey" {
  name             = "Survey"
  service_instance = "Integrations"
  card_description = "Feedback after completion"
  description      = "Asks customers.\n\n![A form](images/form.png){:width=400} and ![again](images/form.png) ![web](https://example.com/x.png)\n"
  features         = "Fast."
  picture          = "app/logo.svg"
  oauth_authorization_endpoints = ["https://example.com/b", "https://example.com/a"]
  requires_enabled_oauth_person = false
  policy {
    algorithm        = "es256"
    audience         = "survey"
    claim_expires_in = 60
  }
  scope { actions = ["request:Read", "request:Update"] }
  scope {
    actions    = ["person:Read"]
    grant_type = "authorization_code"
  }
  ui_extension {
    name  = "Survey configuration"
    title = "Configuration"
    html  = "<input id=\"form_url\">\n"
    css   = "input { color: red }\r\n"
  }
  automation_rule "ask" {
    name      = "Ask customer"
    record    = "request"
    trigger   = "on status update"
    condition = "completed"
    expression "completed" { value = "status = completed" }
    expression "url"       { value = "rule_app_instance.custom_fields.form_url" }
    action "note"          { value = "add note 'Please complete our [survey]({{url}})'" }
  }
  automation_rule "remind" {
    name      = "Remind"
    record    = "task"
    trigger   = "on create"
    condition = "true"
    action "a" { value = "add note 'x'" }
  }
}
ui_extension "intake" {
  name     = "Intake"
  category = "request_template"
  html     = "<input id=\"what\">"
}
automation_rule "thank" {
  name      = "Thank"
  record    = "request"
  trigger   = "on status update"
  condition = "true"
  action "a" { value = "add note 'Thank you.'" }
}
`

func prepared(t testing.TB) *account {
	a := simulated(t)
	a.write("images/form.png", png(1))
	a.write("app/logo.svg", []byte("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"))
	return a
}

func TestP86ApplyIsIdempotent(t *testing.T) {
	a := prepared(t)
	target := a.target(shopBlueprint)
	p := a.apply(target)
	for i, want := range []string{"app.survey", "app.survey.ui_extension", "app.survey.automation_rule.ask", "app.survey.automation_rule.remind", "ui_extension.intake", "automation_rule.thank"} {
		if p.Changes[i].Address != want || p.Changes[i].Action != Create {
			t.Errorf("change %d is %s %s, want create %s", i, p.Changes[i].Action, p.Changes[i].Address, want)
		}
	}
	a.empty(target)
	d := a.draft("survey")
	if d["published"] == true {
		t.Error("it was published")
	}
	if !strings.Contains(encoded(d["description"]), "(attachments/") || strings.Contains(encoded(d["description"]), "images/form.png") {
		t.Errorf("the description is %s", encoded(d["description"]))
	}
	if a.uploads != 1 {
		t.Errorf("%d uploads of one image", a.uploads)
	}
	if got := encoded(d["uiExtensionVersion"]); !strings.Contains(got, `"status":"active"`) || !strings.Contains(got, `"sourceID":"shop/survey"`) {
		t.Errorf("the form is %s", got)
	}
	a.asked()
	a.apply(target)
	for _, r := range a.asked() {
		if strings.HasPrefix(r.Text, "mutation") {
			t.Errorf("changed again: %s", r.Text)
		}
	}
}
