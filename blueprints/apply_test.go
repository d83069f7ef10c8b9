package blueprints

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// inputs are those of the mutations of a name that were asked.
func (a *account) inputs(name string) (out []map[string]any) {
	for _, r := range a.requests {
		if strings.Contains(r.Text, " "+name+"(") {
			var v struct{ Input map[string]any }
			if err := json.Unmarshal(r.Variables, &v); err != nil {
				a.t.Fatal(err)
			}
			out = append(out, v.Input)
		}
	}
	return out
}

func scopeIDs(draft map[string]any) (ids []string) {
	for _, s := range draft["scopes"].([]any) {
		ids = append(ids, fmt.Sprint(s.(map[string]any)["id"]))
	}
	return ids
}

func TestP81ScopesReuseIDs(t *testing.T) {
	a := prepared(t)
	a.apply(a.target(shopBlueprint))
	for _, in := range a.inputs("appOfferingCreate") {
		for _, s := range in["newScopes"].([]any) {
			if _, has := s.(map[string]any)["id"]; has {
				t.Error("a scope of a new offering has an id")
			}
		}
	}
	ids := scopeIDs(a.draft("survey"))
	second := "scope {\n    actions    = [\"person:Read\"]\n    grant_type = \"authorization_code\"\n  }"
	a.asked()
	a.apply(a.target(edited(t, second, "", `"request:Read", "request:Update"`, `"ci:Read"`)))
	in := a.inputs("appOfferingUpdate")[0]
	if encoded(in["newScopes"]) != `[{"actions":["ci:Read"],"effect":"allow","grantType":"client_credentials","id":"`+ids[0]+`"}]` || encoded(in["scopesToDelete"]) != encoded(ids[1:]) {
		t.Errorf("sent %s", encoded(in))
	}
	if got := scopeIDs(a.draft("survey")); !slices.Equal(got, ids[:1]) {
		t.Errorf("scopes are %v, were %v", got, ids)
	}
	a.empty(a.target(edited(t, second, "", `"request:Read", "request:Update"`, `"ci:Read"`)))
	// One more.
	a.apply(a.target(shopBlueprint))
	if got := scopeIDs(a.draft("survey")); len(got) != 2 || got[0] != ids[0] || got[1] == ids[1] {
		t.Errorf("scopes are %v, were %v", got, ids)
	}
	a.empty(a.target(shopBlueprint))
	// None at all.
	none := a.target(edited(t, second, "", `scope { actions = ["request:Read", "request:Update"] }`, ""))
	a.apply(none)
	a.empty(none)
	if got := a.draft("survey")["scopes"].([]any); len(got) > 0 {
		t.Errorf("scopes are %v", got)
	}
}

func TestP82ExtensionIsFoundActivatedAndShown(t *testing.T) {
	a := prepared(t)
	a.apply(a.target(shopBlueprint))
	create := a.inputs("uiExtensionCreate")[0]
	if create["category"] != "app_offering" || create["activate"] != true || create["source"] != "Currant" || create["sourceID"] != "shop/survey" {
		t.Errorf("created with %s", encoded(create))
	}
	version := func() string {
		return fmt.Sprint(a.draft("survey")["uiExtensionVersion"].(map[string]any)["id"])
	}
	first := version()
	a.asked()
	changed := a.target(edited(t, `"<input id=\"form_url\">\n"`, `"<input id=\"url\">"`))
	a.apply(changed)
	update := a.inputs("uiExtensionUpdate")[0]
	_, category := update["category"]
	_, name := update["name"]
	if category || name || update["activate"] != true || update["html"] != "<input id=\"url\">" || update["css"] != "input { color: red }\r\n" {
		t.Errorf("updated with %s", encoded(update))
	}
	link := a.inputs("appOfferingUpdate")
	if second := version(); len(link) != 1 || link[0]["uiExtensionVersionId"] != second || link[0]["uiExtensionId"] == nil || second == first {
		t.Errorf("the app shows %s, was %s; sent %s", second, first, encoded(link))
	}
	a.empty(changed)

	// Texts about the form leave its content alone.
	a.asked()
	a.apply(a.target(edited(t, `"<input id=\"form_url\">\n"`, `"<input id=\"url\">"`, `"Configuration"`, `"Settings"`)))
	if update := a.inputs("uiExtensionUpdate")[0]; len(update) != 2 || len(a.inputs("appOfferingUpdate")) > 0 {
		t.Errorf("updated with %s", encoded(update))
	}
}

func TestP82PreparedVersions(t *testing.T) {
	a := prepared(t)
	prepare := a.target(edited(t, `css   = "input { color: red }\r\n"`, "activate = false"))
	a.apply(prepare)
	a.empty(prepare)
	if v := a.draft("survey")["uiExtensionVersion"]; v != nil {
		t.Errorf("the app shows %s", encoded(v))
	}
	activate := a.target(edited(t, `css   = "input { color: red }\r\n"`, ""))
	p := a.apply(activate)
	if !strings.Contains(told(p), "app.survey.ui_extension\n  html: null -> ") {
		t.Errorf("planned:\n%s", told(p))
	}
	a.empty(activate)
	a.empty(prepare) // what is active is what it would prepare

	// A new content is prepared besides the active one.
	prepare = a.target(edited(t, `css   = "input { color: red }\r\n"`, "activate = false", `"<input id=\"form_url\">\n"`, `"<b>"`))
	a.apply(prepare)
	a.empty(prepare)
	if v := encoded(a.draft("survey")["uiExtensionVersion"]); !strings.Contains(v, "form_url") {
		t.Errorf("the app shows %s", v)
	}
}
