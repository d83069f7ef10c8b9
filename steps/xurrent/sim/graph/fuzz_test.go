package graph

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
)

// Whatever is asked, the answer is data or errors in valid JSON: no panic, no endless work.
func FuzzExecute(f *testing.F) {
	for _, q := range []string{
		`{ people(first: 2, filter: {name: {values: ["a"], negate: true}}, order: [{field: name, direction: desc}]) { totalCount nodes { id } pageInfo { endCursor } } }`,
		`query($f: PersonFilter) { people(filter: $f) { edges { cursor node { ...P } } } } fragment P on Person { teams(last: 2) { nodes { members { nodes { name } } } } }`,
		`mutation { requestCreate(input: {subject: "s", customFields: [{id: "a", value: {b: [1, "c"]}}], newTags: [{name: "t"}]}) { request { id tags { nodes { id } } } errors { path message } } }`,
		`mutation($input: TeamCreateInput!) { teamCreate(input: $input) { team { id } } }`,
		`{ __schema { types { name } } __type(name: "Person") { fields { name type { ofType { name } } } } }`,
		`{ a: me { ...F } } fragment F on Person { manager { ...F } }`,
		`{ node(id: "NG1lLnh1cnJlbnQuY29tL1BlcnNvbi8x") { ... on Note { text } } }`,
		`{ people(after: "WzFd") { nodes { id } } }`,
		`{{{`, `query($a: [[[[Int]]]]) { me { id @skip(if: $a) } }`,
	} {
		f.Add(q, `{"f": {"createdAt": {"lessThan": "2026-01-01"}}, "input": {"name": "N", "memberIds": ["x"]}}`)
	}
	w := newWorld(f, Options{})
	f.Fuzz(func(t *testing.T, query, vars string) {
		a := w.Account("wdc")
		var v map[string]any
		if json.Unmarshal([]byte(vars), &v) != nil {
			v = nil
		}
		r := a.Execute(t.Context(), Caller{}, Request{Query: query, Variables: v})
		if len(r.Errors) == 0 && !json.Valid(r.Data) || r.Data != nil && !json.Valid(r.Data) {
			t.Fatalf("not JSON: %s", r.Data)
		}
		if r.Data == nil && len(r.Errors) == 0 {
			t.Fatal("neither data nor errors")
		}
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
	})
}

// Requests that come at the same time see whole records, and none is lost.
func TestConcurrentRequests(t *testing.T) {
	w := newWorld(t, Options{})
	var told sync.Map
	w.Watch(func(c Change) { told.Store(c.ID, c.Action) })
	a := w.Account("wdc")
	before := len(a.All("Team"))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				r := ask(t, a, fmt.Sprintf(`mutation { teamCreate(input: {name: "T %d %d"}) { errors { message } team { id } } }`, i, j), "")
				if len(r.Errors) > 0 {
					t.Error(r.Errors)
				}
				if r := ask(t, a, `{ teams(first: 100, order: [{field: name}]) { totalCount nodes { name members { nodes { name } } } } people(filter: {query: "a"}) { totalCount nodes { id } } }`, ""); len(r.Errors) > 0 {
					t.Error(r.Errors)
				}
				w.Account(fmt.Sprint("acc", j%3)).All("Person")
			}
		})
	}
	wg.Wait()
	if n := len(a.All("Team")); n != before+160 {
		t.Errorf("%d teams", n)
	}
}
