package graph

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const versionSelection = `id activeVersion { id versionNr html css javascript formDefinition activatedAt uiExtension { name category } }
  versions(first: 100) { nodes { id versionNr status html css activatedAt archivedAt } }`

// versions shows the versions of a UI extension as "1 archived, 2 active".
func versions(t testing.TB, ext any) string {
	t.Helper()
	var all []string
	for _, v := range at(t, ext, "versions", "nodes").([]any) {
		all = append(all, fmt.Sprint(at(t, v, "versionNr"), " ", at(t, v, "status")))
	}
	return strings.Join(all, ", ")
}

// Content goes to the version that is being prepared; activate makes that the active one. Nothing new makes no version.
func TestVersionsOfUIExtension(t *testing.T) {
	a := smallAccount(t)
	ext := changed(t, a, "uiExtensionCreate", "uiExtension", versionSelection, map[string]any{"name": "U", "category": "app_offering",
		"html": "<a>\r\n  ${x} ", "css": "a{}", "formDefinition": map[string]any{"b": 1, "a": []any{nil}}})
	if got := versions(t, ext); got != "1 being_prepared" || at(t, ext, "activeVersion") != nil {
		t.Errorf("created without activate: %s", got)
	}
	id := at(t, ext, "id")
	for i, c := range []struct {
		input          map[string]any
		versions, html string
	}{
		{map[string]any{"activate": true}, "1 active", "<a>\r\n  ${x} "},
		{map[string]any{"activate": true}, "1 active", "<a>\r\n  ${x} "},
		{map[string]any{"activate": true, "html": "<a>\r\n  ${x} ", "css": "a{}", "formDefinition": json.RawMessage(`{"a":[null],"b":1}`)}, "1 active", "<a>\r\n  ${x} "},
		{map[string]any{"html": "<b>"}, "1 active, 2 being_prepared", "<a>\r\n  ${x} "},
		{map[string]any{"html": "<c>"}, "1 active, 2 being_prepared", "<a>\r\n  ${x} "},
		{map[string]any{"title": "T"}, "1 active, 2 being_prepared", "<a>\r\n  ${x} "},
		{map[string]any{"activate": true, "html": "<d>"}, "1 archived, 2 active", "<d>"},
		{map[string]any{"activate": true, "html": "<e>"}, "1 archived, 2 archived, 3 active", "<e>"},
		{map[string]any{"activate": true, "formDefinition": nil}, "1 archived, 2 archived, 3 archived, 4 active", "<e>"},
		{map[string]any{"activate": true, "formDefinition": nil, "javascript": nil}, "1 archived, 2 archived, 3 archived, 4 active", "<e>"},
	} {
		c.input["id"] = id
		ext = changed(t, a, "uiExtensionUpdate", "uiExtension", versionSelection, c.input)
		if got, html := versions(t, ext), at(t, ext, "activeVersion", "html"); got != c.versions || html != c.html {
			t.Errorf("%d: %s with %q, not %s with %q", i, got, html, c.versions, c.html)
		}
	}
	active := at(t, ext, "activeVersion")
	if at(t, active, "css") != "a{}" || at(t, active, "formDefinition") != nil || at(t, active, "uiExtension", "name") != "U" {
		t.Errorf("what an update leaves out stays: %v", active)
	}
	for i, v := range at(t, ext, "versions", "nodes").([]any) {
		if (at(t, v, "archivedAt") != nil) != (i < 3) || at(t, v, "activatedAt") == nil {
			t.Errorf("times: %v", v)
		}
	}
	r := ask(t, a, fmt.Sprintf(`mutation { uiExtensionUpdate(input: {id: %q, category: person}) { errors { message } } }`, id), "")
	if len(r.Errors) != 1 || !strings.Contains(r.Errors[0].Message, "category") {
		t.Errorf("a category in an update: %+v", r)
	}
}

func TestUIExtensionBySource(t *testing.T) {
	a := smallAccount(t)
	input := map[string]any{"name": "U", "category": "app_offering", "source": "currant", "sourceID": "survey.form"}
	changed(t, a, "uiExtensionCreate", "uiExtension", "id", input)
	if _, got := change(t, a, "uiExtensionCreate", "uiExtension", "id", input); got != "sourceID: Source ID has already been taken" {
		t.Errorf("a second: %q", got)
	}
	input["sourceID"] = "other.form"
	changed(t, a, "uiExtensionCreate", "uiExtension", "id", input)
	q := `query($s: String!, $i: String!) { uiExtensions(first: 1, filter: {source: {values: [$s]}, sourceID: {values: [$i]}}) { nodes { sourceID } } }`
	for id, want := range map[string]string{"survey.form": "survey.form", "other.form": "other.form", "none": ""} {
		got := must(t, a, q, fmt.Sprintf(`{"s": "currant", "i": %q}`, id))
		if found := strings.Join(texts(t, at(t, got, "uiExtensions", "nodes"), "sourceID"), " "); found != want {
			t.Errorf("%s: %q", id, found)
		}
	}
}

// An offering has one version of a UI extension for apps: the one named, or else the active one.
func TestFormOfOffering(t *testing.T) {
	a := smallAccount(t)
	make := func(category string) (id, first, second any) {
		ext := changed(t, a, "uiExtensionCreate", "uiExtension", "id activeVersion { id }", map[string]any{"name": "U", "category": category, "html": "1", "activate": true})
		next := changed(t, a, "uiExtensionUpdate", "uiExtension", "activeVersion { id }", map[string]any{"id": at(t, ext, "id"), "html": "2", "activate": true})
		return at(t, ext, "id"), at(t, ext, "activeVersion", "id"), at(t, next, "activeVersion", "id")
	}
	ext, first, second := make("app_offering")
	_, _, foreign := make("app_offering")
	wrong, _, _ := make("person")
	id := at(t, offer(t, a, nil), "id")
	for _, c := range []struct {
		input   map[string]any
		version any
		problem string
	}{
		{map[string]any{"uiExtensionId": ext}, second, ""},
		{map[string]any{"uiExtensionId": ext, "uiExtensionVersionId": first}, first, ""},
		{map[string]any{"name": "N"}, first, ""},
		{map[string]any{"uiExtensionVersionId": foreign}, foreign, ""},
		{map[string]any{"uiExtensionId": ext, "uiExtensionVersionId": nil}, second, ""},
		{map[string]any{"uiExtensionId": ext, "uiExtensionVersionId": foreign}, second, "uiExtensionVersionId: UI extension version is not a version of the UI extension"},
		{map[string]any{"uiExtensionId": wrong}, second, "uiExtensionId: UI extension must have the category app_offering"},
		{map[string]any{"uiExtensionId": nil}, nil, ""},
	} {
		c.input["id"] = id
		if _, got := change(t, a, "appOfferingUpdate", "appOffering", "id", c.input); got != c.problem {
			t.Errorf("%v: %q, not %q", c.input, got, c.problem)
		}
		record, _ := a.Get("AppOffering", id.(string))
		version, _ := record["uiExtensionVersion"].(map[string]any)
		if c.version == nil && version != nil || c.version != nil && version["id"] != c.version {
			t.Errorf("%v: the form is %v", c.input, version)
		}
	}
}
