package blueprints

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"currant/steps/xurrent/api"
)

func TestX3SensitiveValuesOfPlansAreNotShown(t *testing.T) {
	a := prepared(t)
	const with = "secret"
	src := edited(t, `"Fast."`, with, "audience         = \"survey\"", "audience = secret", `"add note 'Thank you.'"`, `"add note '${secret}'"`, `"Intake"`, "secret")
	p := a.plan(a.target(src))
	shown := encoded(p.Changes) + p.Basis + told(p)
	if strings.Contains(shown, "hunter2") {
		t.Errorf("shown: %s", shown)
	}
	if !strings.Contains(told(p), "action[\"a\"].value: null -> null sensitive") || !strings.Contains(told(p), "policy.audience: null -> null sensitive") {
		t.Errorf("planned:\n%s", told(p))
	}
	memory := &applied{}
	target := a.target(src)
	target.Applied = memory
	a.asked()
	a.apply(target)
	for _, r := range a.asked() {
		if strings.Contains(string(r.Variables), "hunter2") && !strings.Contains(fmt.Sprint(r.Secrets), "hunter2") {
			t.Errorf("the client does not know the secret in %s", r.Text)
		}
	}
	for address, digests := range memory.of {
		for path, is := range digests {
			sensitive := path == "features" || path == "policy.audience" || path == "name" && address == "ui_extension.intake" || address == "automation_rule.thank" && strings.HasPrefix(path, "action")
			if sensitive != (is == concealed) {
				t.Errorf("of %s of %s %q was remembered", path, address, is)
			}
		}
	}
	if a.draft("survey")["features"] != "hunter2-is-secret" {
		t.Error("the secret was not sent")
	}
	a.empty(a.target(src))
	changed := a.plan(a.target(strings.ReplaceAll(src, "features         = secret", "features = \"${secret}2\"")))
	if got := told(changed); got != "update app.survey\n  features: null -> null sensitive\n" {
		t.Errorf("planned:\n%s", got)
	}
	// The service repeats it in an error.
	x := &refusing{account: a, when: func(r api.Request) bool { return strings.Contains(r.Text, "appOfferingUpdate(") },
		payload: `{"appOfferingUpdate":{"errors":[{"message":"Features 'hunter2-is-secret' is no good","path":["features"]}]}}`}
	err := changed.Apply(context.Background(), x, nil)
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "Features '(sensitive)' is no good") {
		t.Errorf("shown: %v", err)
	}
}

// thanking is a rule with one expression besides, and a name.
func thanking(name, expression, plain string) string {
	return fmt.Sprintf(`automation_rule "thank" {
  name      = %s
  record    = "request"
  trigger   = "on status update"
  condition = "true"
  %s
  expression "plain" { value = %q }
}
`, name, expression, plain)
}

// carded is an app with a text, and a rule or none.
func carded(card, rule string) string {
	return "app \"many\" {\n name = \"Many\"\n service_instance = \"Integrations\"\n card_description = " + card + "\n" + rule + "}\n"
}

const calling = `automation_rule "call" {
  name      = "Call ${secret}"
  record    = "request"
  trigger   = "on create"
  condition = "true"
  action "a" { value = "call webhook 'x' with ${secret}" }
}
`

// What no block says any more is known by the texts of sensitive variables, or by what was remembered.
func TestX3P1OldSecretsOfAnAccountAreNotShown(t *testing.T) {
	for name, tc := range map[string]func(*Target){
		"by the variables": func(t *Target) { t.Secrets = []string{"other", "hunter2-is-secret"} },
		"by the memory":    func(t *Target) { t.Applied = &applied{} },
	} {
		t.Run(name, func(t *testing.T) {
			a := simulated(t)
			knowing := a.target("")
			tc(&knowing)
			target := func(src string) Target {
				with := a.target(src)
				with.Secrets, with.Applied = knowing.Secrets, knowing.Applied
				return with
			}
			secret := "expression \"key\" { value = secret }"
			a.apply(target(carded("secret", calling) + thanking(`"Thank"`, secret, "one")))
			for _, step := range []struct{ src, want string }{
				{carded("secret", calling) + thanking(`"Thank"`, secret, "two"), `update automation_rule.thank
  expression["plain"].value: "one" -> "two"`},
				{carded("secret", "") + thanking(`"Thank"`, "", "two"), `delete app.many.automation_rule["CALLED"]
  record: "request" -> null
  name: null -> null sensitive
  trigger: "on create" -> null
  condition: "true" -> null
  position: 1 -> null
  action["a"].value: null -> null sensitive
update automation_rule.thank
  expression["key"].value: null -> null sensitive`},
				{"app \"many\" {}\n" + thanking(`secret`, "", "two"), `update automation_rule.thank
  name: null -> null sensitive`},
				{carded(`"plain"`, ""), `update app.many
  card_description: null -> null sensitive
disable automation_rule["(sensitive)"]
  disabled: false -> true`},
				{carded(`"plainer"`, ""), `update app.many
  card_description: "plain" -> "plainer"`},
			} {
				p := a.plan(target(step.src))
				called := "Call (sensitive)"
				if knowing.Applied != nil {
					called = "(sensitive)"
				}
				want := strings.ReplaceAll(step.want, "CALLED", called)
				if got := strings.TrimSpace(told(p)); got != want {
					t.Errorf("planned:\n%s\nwanted:\n%s", got, want)
				}
				if shown := encoded(p.Changes) + p.Basis; strings.Contains(shown, "hunter2") {
					t.Errorf("shown: %s", shown)
				}
				if err := p.Apply(context.Background(), a, nil); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	// Without either it is not known to be one: the test can fail.
	a := simulated(t)
	a.apply(a.target(carded("secret", "")))
	if got := told(a.plan(a.target(carded(`"plain"`, "")))); !strings.Contains(got, "hunter2") {
		t.Errorf("planned:\n%s", got)
	}
}
