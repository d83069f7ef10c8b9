package schema

import (
	"strings"
	"testing"
)

func TestShow(t *testing.T) {
	var b strings.Builder
	for _, name := range []string{"webhooks", "node", "requestUpdate", "OrderDirection", "PersonOrder", "WebhookPolicyJwtAlg", "Note", "HasInvoices", "surveys"} {
		text, err := whole().Show(name)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(text + "\n")
	}
	golden(t, "show.txt", b.String())
	for name, want := range map[string]string{"poeple": `Did you mean "people"?`, "requestCraete": `"requestCreate"`, "PersonFitler": `"PersonFilter"`, "\x1b[2J": `"[2J"`} {
		if _, err := whole().Show(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range whole().names {
		if text, err := whole().Show(name); err != nil || !strings.HasPrefix(text, name+": ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEntries(t *testing.T) {
	var people, me Entry
	for _, e := range whole().Objects() {
		switch e.Name {
		case "people":
			people = e
		case "me":
			me = e
		}
	}
	if people != (Entry{Name: "people", Type: "Person", Doc: "Person records.", Connection: true}) || me.Connection || me.Type != "Person" {
		t.Errorf("%+v %+v", people, me)
	}
	if e := whole().Mutations()[0]; e.Name != "agileBoardCreate" || e.Type != "AgileBoardCreatePayload" || e.Connection {
		t.Errorf("%+v", e)
	}
}
