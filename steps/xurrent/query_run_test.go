package xurrent

import (
	"errors"
	"fmt"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
	"currant/steps/xurrent/sim"
)

func TestP33PageSize(t *testing.T) {
	w := newWorld(t, sim.Options{})
	total := len(w.stored().All("Person"))
	for _, tc := range []struct {
		src  string
		want []int
	}{
		{"", []int{total}}, // 100 by default
		{"page_size = 15", []int{15, 15, total - 30}},
		{"page_size = 15\nmax_results = 20", []int{15, 5}}, // the last page asks for the remainder only
		{"page_size = 15\nmax_results = 15", []int{15}},
		{"max_results = 1", []int{1}},
		{fmt.Sprintf("max_results = %d", total+5), []int{total}},
	} {
		var got []int
		for _, pg := range w.mustPage("object = \"people\"\nfields = \"id\"\n" + tc.src) {
			got = append(got, len(pg.Items))
		}
		if fmt.Sprint(got) != fmt.Sprint(tc.want) {
			t.Errorf("%q: pages of %v, want %v", tc.src, got, tc.want)
		}
	}
	for _, size := range []string{"0", "101"} {
		if _, diags := bound(t, Query.Spec(), "object = \"people\"\npage_size = "+size, nil); !diags.HasErrors() {
			t.Errorf("page_size = %s is accepted", size)
		}
	}
}

func TestP34PagingStops(t *testing.T) {
	w := newWorld(t, sim.Options{})
	pages := w.mustPage("object = \"people\"\nfields = \"id\"\npage_size = 7")
	seen := map[string]bool{}
	for i, pg := range pages {
		if last := i == len(pages)-1; (pg.Next == nil) != last {
			t.Errorf("page %d: next %q", i, pg.Next)
		}
		for _, v := range pg.Items {
			id := v.GetAttr("id").AsString()
			if seen[id] {
				t.Errorf("%s came twice", id)
			}
			seen[id] = true
		}
	}
	if total := len(w.stored().All("Person")); len(seen) != total {
		t.Errorf("%d people of %d", len(seen), total)
	}
}

func TestP35HasNextPageIsFalseAtTheMost(t *testing.T) {
	w := newWorld(t, sim.Options{})
	for _, tc := range []struct{ src, first, last string }{
		{"page_size = 10\nmax_results = 20", "true", "false"},
		{"page_size = 20\nmax_results = 30", "true", "false"},
		{"max_results = 5", "false", "false"},
	} {
		pages := w.mustPage("object = \"people\"\nfields = \"id\"\n" + tc.src)
		if a, b := summary(pages[0], "has_next_page"), summary(pages[len(pages)-1], "has_next_page"); a != tc.first || b != tc.last {
			t.Errorf("%q: %s, then %s", tc.src, a, b)
		}
		if n := summary(pages[0], "total_count"); n == "null" || n == "5" {
			t.Errorf("%q: total_count %s does not count all", tc.src, n)
		}
	}
}

func TestP36NoRecords(t *testing.T) {
	w := newWorld(t, sim.Options{})
	pages := w.mustPage("object = \"people\"\nfields = \"id\"\nfilter = { name = { values = [\"nobody\"] } }")
	if len(pages) != 1 || len(pages[0].Items) != 0 || summary(pages[0], "total_count") != "0" {
		t.Fatalf("%+v", pages)
	}
	out := queried(cty.EmptyObjectVal, steps.PagesResult{Summary: pages[0].Summary})
	if !out.GetAttr("nodes").RawEquals(cty.EmptyTupleVal) || !out.GetAttr("count").RawEquals(cty.Zero) {
		t.Errorf("got %#v", out)
	}
}

func TestQuerySingle(t *testing.T) {
	w := newWorld(t, sim.Options{})
	pages := w.mustPage("object = \"me\"\nfields = \"id name\"")
	out := queried(cty.EmptyObjectVal, steps.PagesResult{Items: pages[0].Items, Count: 1, Summary: pages[0].Summary})
	if !out.Type().HasAttribute("name") || out.GetAttr("name").IsNull() || out.Type().HasAttribute("nodes") {
		t.Errorf("got %#v", out)
	}
	var e *steps.Error
	if _, err := w.pages("object = \"node\"\narguments = { id = \"bm8\" }\nfields = \"id\""); !errors.As(err, &e) || e.Kind != steps.NotFoundError {
		t.Errorf("an unknown record: %v", err)
	}
}

func TestQueryOrder(t *testing.T) {
	w := newWorld(t, sim.Options{})
	names := func(src string) (first, last string) {
		items := w.mustPage("object = \"people\"\nfields = \"name\"\n" + src)[0].Items
		return items[0].GetAttr("name").AsString(), items[len(items)-1].GetAttr("name").AsString()
	}
	a, z := names(`order = [{ field = "name" }]`) // ascending by default
	z2, a2 := names(`order = [{ field = "name", direction = "desc" }]`)
	if a != a2 || z != z2 || a >= z {
		t.Errorf("ascending %s..%s, descending %s..%s", a, z, z2, a2)
	}
}

// A nested connection of more than a page is complete (LANGUAGE section 5).
func TestNestedConnectionsAreComplete(t *testing.T) {
	w := newWorld(t, sim.Options{})
	request := w.stored().All("Request")[0]["id"].(string)
	note := newMutation(w.deps)
	for i := range 230 {
		c := w.call(note, fmt.Sprintf("mutation = \"noteCreate\"\ninput = { ownerId = %q, text = \"n%d\" }", request, i))
		if _, err := note.Do(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	pages := w.mustPage(fmt.Sprintf("object = \"node\"\narguments = { id = %q }\nfields = \"... on Request { notes { nodes { text } } }\"", request))
	seen := map[string]bool{}
	for _, n := range pages[0].Items[0].GetAttr("notes").AsValueSlice() {
		seen[n.GetAttr("text").AsString()] = true
	}
	for i := range 230 {
		if !seen[fmt.Sprintf("n%d", i)] {
			t.Fatalf("of %d notes n%d is missing", len(seen), i)
		}
	}
}

// A text that was sent as a secret stays one where the account gives it back.
func TestX3QueryMarksRepeatedSecrets(t *testing.T) {
	w := newWorld(t, sim.Options{})
	k := newQuery(w.deps)
	c := w.call(k, "object = \"people\"\nfields = \"id name\"\nfilter = { name = { values = [\"Howard Tanner\"] } }")
	plain, err := k.Pager.Fetch(t.Context(), c)
	if err != nil || len(plain.Items) != 1 || plain.Items[0].GetAttr("name").IsMarked() {
		t.Fatalf("%+v, %v", plain, err)
	}
	c.Secrets = []string{"Howard Tanner"}
	marked, err := k.Pager.Fetch(t.Context(), c)
	if err != nil || !marked.Items[0].GetAttr("name").IsMarked() || marked.Items[0].GetAttr("id").IsMarked() {
		t.Errorf("%+v, %v", marked, err)
	}
}
