package graph

import (
	"fmt"
	"slices"
	"testing"
)

// filterAccount holds a few people whose names say what they are, beside the small company, which has no source "t".
func filterAccount(t *testing.T) (a *Account, ids map[string]string) {
	a = smallAccount(t)
	org := a.Put("Organization", map[string]any{"name": "Org"})
	ids = map[string]string{"org": org}
	custom := func(id string, v any) []map[string]any { return []map[string]any{{"id": id, "value": v}} }
	for _, p := range []map[string]any{
		{"name": "Ann", "primaryEmail": "ann@x", "jobTitle": "Cook", "vip": true, "organization": org, "createdAt": "2020-01-01T00:00:00Z", "customFields": custom("Priority", "high")},
		{"name": "Bob", "primaryEmail": "bob@x", "jobTitle": "Cook", "createdAt": "2021-01-01T00:00:00Z", "customFields": custom("Priority", []any{"low", "odd"})},
		{"name": "Cyd", "primaryEmail": "cyd@x", "jobTitle": "", "organization": org, "disabled": true, "createdAt": "2022-01-01T00:00:00Z"},
		{"name": "Dan", "primaryEmail": "dan@x", "createdAt": "2023-01-01T00:00:00Z"},
	} {
		p["source"] = "t"
		ids[p["name"].(string)] = a.Put("Person", p)
	}
	return a, ids
}

// Item 37: empty, present and negated filters and plain false mean what PLATFORM 3.13 says.
func TestP37Filters(t *testing.T) {
	a, ids := filterAccount(t)
	for _, c := range []struct {
		name, filter string
		want         []string
	}{
		{"all", `{}`, []string{"Ann", "Bob", "Cyd", "Dan"}},
		{"equal", `{"name": {"values": ["Ann"]}}`, []string{"Ann"}},
		{"one of", `{"name": {"values": ["Ann", "Dan", "Nobody"]}}`, []string{"Ann", "Dan"}},
		{"not", `{"name": {"values": ["Ann", "Dan"], "negate": true}}`, []string{"Bob", "Cyd"}},
		{"negate false", `{"name": {"values": ["Ann"], "negate": false}}`, []string{"Ann"}},
		{"empty", `{"jobTitle": {"values": []}}`, []string{"Cyd", "Dan"}},
		{"present", `{"jobTitle": {"values": [], "negate": true}}`, []string{"Ann", "Bob"}},
		{"null among values", `{"jobTitle": {"values": [null]}}`, []string{"Cyd", "Dan"}},
		{"value or null", `{"organization": {"values": [null, "ORG"]}}`, []string{"Ann", "Bob", "Cyd", "Dan"}},
		{"true", `{"vip": true}`, []string{"Ann"}},
		{"false counts unset", `{"vip": false}`, []string{"Bob", "Cyd", "Dan"}},
		{"null is no filter", `{"vip": null, "name": null}`, []string{"Ann", "Bob", "Cyd", "Dan"}},
		{"less", `{"createdAt": {"lessThan": "2021-01-01T00:00:00Z"}}`, []string{"Ann"}},
		{"less or equal", `{"createdAt": {"lessThanOrEqualTo": "2021-01-01T00:00:00Z"}}`, []string{"Ann", "Bob"}},
		{"greater", `{"createdAt": {"greaterThan": "2022-01-01T00:00:00Z"}}`, []string{"Dan"}},
		{"greater or equal", `{"createdAt": {"greaterThanOrEqualTo": "2022-01-01T01:00:00+01:00"}}`, []string{"Cyd", "Dan"}},
		{"between", `{"createdAt": {"greaterThan": "2020-06-01", "lessThan": "2022-06-01"}}`, []string{"Bob", "Cyd"}},
		{"time equal", `{"createdAt": {"values": ["2021-01-01T00:00:00+00:00"]}}`, []string{"Bob"}},
		{"relation", `{"organization": {"values": ["ORG"]}}`, []string{"Ann", "Cyd"}},
		{"no relation", `{"organization": {"values": []}}`, []string{"Bob", "Dan"}},
		{"has relation", `{"organization": {"values": [], "negate": true}}`, []string{"Ann", "Cyd"}},
		{"id", `{"id": {"values": ["BOB"]}}`, []string{"Bob"}},
		{"not id", `{"id": {"values": ["BOB"], "negate": true}}`, []string{"Ann", "Cyd", "Dan"}},
		{"text", `{"query": "COOK ann"}`, []string{"Ann"}},
		{"text in two fields", `{"query": "cook"}`, []string{"Ann", "Bob"}},
		{"text that none has", `{"query": "cook waiter"}`, []string{}},
		{"custom field", `{"customFilters": [{"name": "Priority", "values": ["high"]}]}`, []string{"Ann"}},
		{"custom field list", `{"customFilters": [{"name": "Priority", "values": ["odd", "high"]}]}`, []string{"Ann", "Bob"}},
		{"custom field not", `{"customFilters": {"name": "Priority", "values": ["high"], "negate": true}}`, []string{"Bob", "Cyd", "Dan"}},
		{"custom field empty", `{"customFilters": [{"name": "Priority", "values": [null]}]}`, []string{"Cyd", "Dan"}},
		{"custom field present", `{"customFilters": [{"name": "Priority", "values": [null], "negate": true}]}`, []string{"Ann", "Bob"}},
		{"and", `{"organization": {"values": ["ORG"]}, "disabled": true}`, []string{"Cyd"}},
		{"and, none", `{"organization": {"values": ["ORG"]}, "jobTitle": {"values": [], "negate": true}, "vip": false}`, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := variables(t, `{"f": `+c.filter+`}`)
			filter := replaceIDs(f["f"], ids).(map[string]any)
			filter["source"] = map[string]any{"values": []any{"t"}}
			r := a.Execute(t.Context(), Caller{}, Request{Query: `query($f: PersonFilter) { people(filter: $f) { totalCount nodes { name } } page: people(filter: $f, first: 1) { nodes { name } pageInfo { hasNextPage } } }`,
				Variables: map[string]any{"f": filter}})
			if len(r.Errors) > 0 {
				t.Fatal(r.Errors)
			}
			got := decode(t, r.Data)
			names := texts(t, at(t, got, "people", "nodes"), "name")
			if !slices.Equal(names, c.want) || at(t, got, "people", "totalCount") != float64(len(c.want)) {
				t.Errorf("got %v (%v), want %v", names, at(t, got, "people", "totalCount"), c.want)
			}
			if more := at(t, got, "page", "pageInfo", "hasNextPage"); more != (len(c.want) > 1) {
				t.Errorf("hasNextPage %v", more)
			}
		})
	}
}

func replaceIDs(v any, ids map[string]string) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = replaceIDs(e, ids)
		}
	case []any:
		for i, e := range v {
			v[i] = replaceIDs(e, ids)
		}
	case string:
		if s := map[string]string{"ORG": ids["org"], "BOB": ids["Bob"]}[v]; s != "" {
			return s
		}
	}
	return v
}

// Filters reach related records the way their names say.
func TestP37FiltersOfRelatedRecords(t *testing.T) {
	a := smallAccount(t)
	for _, c := range []struct{ filter, check string }{
		{`{service: {values: [%q]}}`, `serviceInstance { service { id } }`},
		{`{ci: {values: []}, team: {values: [%q], negate: true}}`, `team { id }`},
	} {
		id := a.All("Service")[0]["id"].(string)
		got := must(t, a, `{ requests(filter: `+fmt.Sprintf(c.filter, id)+`) { totalCount nodes { `+c.check+` } } }`, "")
		n := at(t, got, "requests", "totalCount").(float64)
		if n == 0 {
			t.Errorf("%s finds nothing", c.filter)
		}
	}
	service := a.All("Service")[0]["id"].(string)
	got := must(t, a, fmt.Sprintf(`{ requests(filter: {service: {values: [%q]}}) { nodes { serviceInstance { service { id } } } } }`, service), "")
	for _, r := range at(t, got, "requests", "nodes").([]any) {
		if at(t, r, "serviceInstance", "service", "id") != service {
			t.Fatalf("a request of another service: %v", r)
		}
	}
}

func TestViews(t *testing.T) {
	a := smallAccount(t)
	me := a.All("Person")[1]["id"].(string)
	team := a.Put("Team", map[string]any{"name": "Mine", "members": []string{me}})
	putMany(t, a, "Request",
		map[string]any{"subject": "for me", "member": me, "source": "v"},
		map[string]any{"subject": "for my team", "team": team, "source": "v"},
		map[string]any{"subject": "done", "member": me, "status": "completed", "source": "v"},
		map[string]any{"subject": "asked by me", "requestedBy": me, "source": "v"},
		map[string]any{"subject": "old", "lifeCycleState": "archived", "source": "v"},
		map[string]any{"subject": "thrown away", "lifeCycleState": "trashed", "source": "v"})
	for view, want := range map[string]string{
		"all":                    "[for me for my team done asked by me]",
		"current_account":        "[for me for my team done asked by me]",
		"assigned_to_me":         "[for me]",
		"assigned_to_my_team":    "[for my team]",
		"requested_by_or_for_me": "[asked by me]",
		"archive":                "[old]",
	} {
		r := a.Execute(t.Context(), Caller{PersonID: me}, Request{Query: `{ requests(view: ` + view + `, filter: {source: {values: ["v"]}}) { nodes { subject } } }`})
		if len(r.Errors) > 0 {
			t.Fatal(r.Errors)
		}
		if got := fmt.Sprint(texts(t, at(t, decode(t, r.Data), "requests", "nodes"), "subject")); got != want {
			t.Errorf("view %s: %s, want %s", view, got, want)
		}
	}
}

func TestOrders(t *testing.T) {
	a := smallAccount(t)
	orgs := putMany(t, a, "Organization", map[string]any{"name": "Z"}, map[string]any{"name": "Y"})
	putMany(t, a, "Person",
		map[string]any{"name": "b", "source": "o", "organization": orgs[0], "vip": true},
		map[string]any{"name": "a", "source": "o", "organization": orgs[1]},
		map[string]any{"name": "c", "source": "o"},
		map[string]any{"name": "a", "source": "o", "organization": orgs[0], "employeeID": "second"})
	for order, want := range map[string]string{
		`[]`:                                "[b a c a2]",
		`[{field: name}]`:                   "[a a2 b c]",
		`[{field: name, direction: desc}]`:  "[c b a a2]",
		`{field: "name", direction: "asc"}`: "[a a2 b c]",
		`[{field: organizationName}]`:       "[a b a2 c]",
		`[{field: vip, direction: desc}, {field: name}]`:              "[b a a2 c]",
		`[{field: organizationName, direction: desc}, {field: name}]`: "[c a2 b a]",
	} {
		got := must(t, a, `{ people(order: `+order+`, filter: {source: {values: ["o"]}}) { nodes { name employeeID } } }`, "")
		names := []string{}
		for _, n := range at(t, got, "people", "nodes").([]any) {
			name := at(t, n, "name").(string)
			if at(t, n, "employeeID") != nil {
				name += "2"
			}
			names = append(names, name)
		}
		if fmt.Sprint(names) != want {
			t.Errorf("order %s: %v, want %s", order, names, want)
		}
	}
}

// Decimals are kept as text, but compared by size.
func TestDecimalsCompareBySize(t *testing.T) {
	a := smallAccount(t)
	putMany(t, a, "Product", map[string]any{"name": "cheap", "source": "d", "salvageValue": "9.50"}, map[string]any{"name": "dear", "source": "d", "salvageValue": "100"})
	p := a.world.model.fieldPath(a.world.model.types["Product"], "salvageValue")
	low, high := p.one(a, a.at(a.byType["Product"][len(a.byType["Product"])-2])), p.one(a, a.at(a.byType["Product"][len(a.byType["Product"])-1]))
	if compareScalars(low, high) >= 0 || compareScalars(high, low) <= 0 {
		t.Errorf("%v and %v", low, high)
	}
}
