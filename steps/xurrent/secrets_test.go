package xurrent

import (
	"strings"
	"testing"

	"currant/steps"
	"currant/steps/xurrent/sim"
)

// What a filter or an input has that is sensitive stays so where the account gives it back.
func TestX3SensitivePartsComeBackSensitive(t *testing.T) {
	w := newWorld(t, sim.Options{})
	query := newQuery(w.deps)
	for text, want := range map[string]bool{`sensitive("Howard Tanner")`: true, `"Howard Tanner"`: false} {
		c := w.call(query, "object = \"people\"\nfields = \"id name\"\nfilter = { name = { values = ["+text+"] } }")
		pg, err := query.Pager.Fetch(t.Context(), c)
		if err != nil || len(pg.Items) != 1 || pg.Items[0].GetAttr("name").IsMarked() != want || pg.Items[0].GetAttr("id").IsMarked() {
			t.Errorf("%s: %#v, %v", text, pg.Items, err)
		}
	}
	mutation := newMutation(w.deps)
	for text, want := range map[string]bool{`sensitive("squeamish")`: true, `"squeamish"`: false} {
		c := w.call(mutation, "mutation = \"productCategoryCreate\"\ninput = { ruleSet = \"server\", name = "+text+" }\nfields = \"productCategory { name }\"")
		out, err := mutation.Do(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if out.GetAttr("productCategory").GetAttr("name").IsMarked() != want {
			t.Errorf("%s: %#v", text, out)
		}
	}
}

// A selection that is sensitive is no part of what a run says about it, not even a word of it.
func TestX3SensitiveSelectionIsNotQuoted(t *testing.T) {
	w := newWorld(t, sim.Options{})
	query, mutation := newQuery(w.deps), newMutation(w.deps)
	fetch := func(src string) error {
		_, err := query.Pager.Fetch(t.Context(), w.call(query, "object = \"people\"\n"+src))
		return err
	}
	change := func(src string) error {
		_, err := mutation.Do(t.Context(), w.call(mutation, "mutation = \"requestUpdate\"\ninput = { id = \"x\" }\n"+src))
		return err
	}
	for _, tc := range []struct {
		do         func(string) error
		name, text string
	}{
		{fetch, "fields", `"id ossifrage"`}, {fetch, "include", `["organization.ossifrage"]`},
		{change, "fields", `"request { ossifrage }"`}, {change, "include", `["request.ossifrage"]`}, {change, "clear", `["ossifrage"]`},
	} {
		if err := tc.do(tc.name + " = " + tc.text); err == nil || !strings.Contains(err.Error(), "ossifrage") {
			t.Errorf("%s: %v", tc.name, err)
		}
		err := tc.do(tc.name + " = sensitive(" + tc.text + ")")
		if err == nil || strings.Contains(err.Error(), "ossifrage") || !strings.Contains(err.Error(), tc.name+": There is no such") {
			t.Errorf("%s: %v", tc.name, err)
		}
		if e, ok := err.(*steps.Error); ok && e.Kind != steps.InputError {
			t.Errorf("%s: kind %s", tc.name, e.Kind)
		}
	}
}
