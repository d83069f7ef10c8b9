package graph

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Pages of any size, forwards or backwards, in any order and with any filter, hold every record once, even while
// records are added; what was there from the beginning comes in the same order as when it is read at once.
func TestPagingProperty(t *testing.T) {
	w := newWorld(t, Options{})
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		a := w.Account(fmt.Sprint("paging-", n))
		for i := range rapid.IntRange(0, 30).Draw(rt, "more people") {
			a.Put("Person", map[string]any{"name": fmt.Sprint("p", i%4), "vip": i%3 == 0})
		}
		order := rapid.SampledFrom([]string{`[]`, `[{field: name}]`, `[{field: vip, direction: desc}, {field: name, direction: desc}]`, `[{field: updatedAt, direction: desc}]`}).Draw(rt, "order")
		filter := rapid.SampledFrom([]string{`{}`, `{vip: true}`, `{name: {values: ["p1", "p2"]}}`, `{manager: {values: [], negate: true}}`}).Draw(rt, "filter")
		size := rapid.IntRange(1, 20).Draw(rt, "page size")
		backwards := rapid.Bool().Draw(rt, "backwards")
		insert := rapid.Bool().Draw(rt, "insert while paging")
		withTotal := rapid.SampledFrom([]string{"", "totalCount"}).Draw(rt, "total")
		args := `order: ` + order + `, filter: ` + filter

		// The whole, in pages of 100: there are no more.
		all := texts(rt, at(rt, must(rt, a, `{ people(first: 100, `+args+`) { nodes { id } } }`, ""), "people", "nodes"), "id")
		var got []string
		cursor, inserted := "", 0
		for range 200 {
			place := fmt.Sprintf("first: %d", size)
			if backwards {
				place = fmt.Sprintf("last: %d", size)
			}
			if cursor != "" {
				place += map[bool]string{false: ", after: ", true: ", before: "}[backwards] + fmt.Sprintf("%q", cursor)
			}
			p := must(rt, a, `{ people(`+place+`, `+args+`) { `+withTotal+` edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`, "")
			p = p["people"].(map[string]any)
			ids := texts(rt, p["nodes"], "id")
			if len(ids) > size {
				rt.Fatalf("a page of %d records, not %d", len(ids), size)
			}
			if withTotal != "" && inserted == 0 && p["totalCount"] != float64(len(all)) {
				rt.Fatalf("totalCount %v, not %d", p["totalCount"], len(all))
			}
			if len(ids) > 0 && at(rt, p, "edges", 0, "cursor") != at(rt, p, "pageInfo", "startCursor") {
				rt.Fatal("startCursor is not that of the first edge")
			}
			more := at(rt, p, "pageInfo", "hasNextPage").(bool)
			if cursor != "" && len(ids) > 0 && !more && backwards {
				rt.Fatal("hasNextPage is false though we come from there")
			}
			if backwards {
				got = append(ids, got...)
				more = at(rt, p, "pageInfo", "hasPreviousPage").(bool)
				cursor, _ = at(rt, p, "pageInfo", "startCursor").(string)
			} else {
				got = append(got, ids...)
				cursor, _ = at(rt, p, "pageInfo", "endCursor").(string)
			}
			if insert {
				inserted++
				a.Put("Person", map[string]any{"name": "p1", "vip": true, "manager": ""})
				insert = rapid.Bool().Draw(rt, "insert again")
			}
			if !more {
				break
			}
		}
		seen := map[string]bool{}
		kept := []string{}
		for _, id := range got {
			if seen[id] {
				rt.Fatalf("%s came twice", id)
			}
			seen[id] = true
			if slices.Contains(all, id) {
				kept = append(kept, id)
			}
		}
		if !slices.Equal(kept, all) {
			rt.Fatalf("pages hold %d of the records, in order %v; the whole is %d", len(kept), slices.Equal(kept, all), len(all))
		}
	})
}

func TestNestedConnections(t *testing.T) {
	a := smallAccount(t)
	q := `query($id: ID!, $after: String) { node(id: $id) { ... on Organization { people(first: 4, after: $after) { totalCount nodes { id name } pageInfo { hasNextPage endCursor } } } } }`
	org := a.All("Organization")[1]["id"].(string)
	var names []string
	after := "null"
	for range 10 {
		p := at(t, must(t, a, q, fmt.Sprintf(`{"id": %q, "after": %s}`, org, after)), "node", "people")
		if at(t, p, "totalCount") != 10.0 {
			t.Fatalf("totalCount %v", at(t, p, "totalCount"))
		}
		names = append(names, texts(t, at(t, p, "nodes"), "id")...)
		if at(t, p, "pageInfo", "hasNextPage") == false {
			break
		}
		after = fmt.Sprintf("%q", at(t, p, "pageInfo", "endCursor"))
	}
	if len(names) != 10 || len(slices.Compact(slices.Sorted(slices.Values(names)))) != 10 {
		t.Errorf("%d people", len(names))
	}
	r := ask(t, a, `{ me { teams(first: 500) { nodes { id } } name } }`, "")
	if len(r.Errors) != 1 || fmt.Sprint(r.Errors[0].Path) != "[me teams]" || at(t, decode(t, r.Data), "me", "teams") != nil || at(t, decode(t, r.Data), "me", "name") == "" {
		t.Errorf("%+v %s", r.Errors, r.Data)
	}
}

// What was deleted is in no list, at no id and on no other record.
func TestDeletedRecordsAreGone(t *testing.T) {
	a := smallAccount(t)
	policy := a.Put("WebhookPolicy", map[string]any{"name": "P"})
	hook := a.Put("Webhook", map[string]any{"name": "H", "webhookPolicy": policy, "source": "s", "sourceID": "1"})
	if got := must(t, a, `{ webhooks { totalCount nodes { webhookPolicy { name } } } }`, ""); fmt.Sprint(at(t, got, "webhooks")) != "map[nodes:[map[webhookPolicy:map[name:P]]] totalCount:1]" {
		t.Fatal(got)
	}
	before := a.Records()
	must(t, a, fmt.Sprintf(`mutation { webhookPolicyDelete(input: {id: %q}) { success } }`, policy), "")
	if got := must(t, a, `{ webhooks { nodes { webhookPolicy { name } } } webhookPolicies { totalCount } }`, ""); fmt.Sprint(got) != "map[webhookPolicies:map[totalCount:0] webhooks:map[nodes:[map[webhookPolicy:<nil>]]]]" {
		t.Error(got)
	}
	must(t, a, fmt.Sprintf(`mutation { webhookDelete(input: {id: %q}) { success } }`, hook), "")
	if _, there := a.Get("Webhook", hook); there || a.Records() != before-2 {
		t.Errorf("there %v, %d records", there, a.Records())
	}
}
