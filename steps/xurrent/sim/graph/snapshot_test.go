package graph

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// worked is a world in which a bit of everything was done.
func worked(t testing.TB) *World {
	t.Helper()
	w := newWorld(t, Options{})
	a := w.Account("wdc")
	must(t, a, `mutation { requestCreate(input: {subject: "s", category: incident, source: "erp", sourceID: "1", note: "n",
		customFields: [{id: "a", value: {b: [1, "http://old/x"]}}], newTags: [{name: "t"}]}) { request { id } errors { message } } }`, "")
	must(t, a, `mutation { webhookPolicyCreate(input: {jwtAlg: es256}) { webhookPolicy { id } errors { message } } }`, "")
	must(t, a, `mutation { appOfferingCreate(input: {name: "Survey", reference: "survey", serviceInstanceId: "`+asText(a.All("ServiceInstance")[0]["id"])+`"}) { appOffering { id } errors { message } } }`, "")
	a.Put("Account", map[string]any{"name": "Widgets at http://old/y"})
	a.Put("Request", map[string]any{"id": a.All("Request")[3]["id"], "lifeCycleState": "archived"})
	a.Put("Team", map[string]any{"name": "Old", "remarks": "see http://old/z and http://older/z", "hiddenOne": 1.5, "hiddenTwo": []string{"x"}, "hiddenThree": 7})
	a.Delete("Team", asText(a.All("Team")[0]["id"]))
	w.Account("globex").Put("Person", map[string]any{"name": "Bo"})
	return w
}

func snapshot(t testing.TB, w *World) json.RawMessage {
	t.Helper()
	b, err := w.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// everything is all records of a world's accounts.
func everything(w *World) map[string][]map[string]any {
	out := map[string][]map[string]any{}
	for _, a := range w.all() {
		for _, t := range sortedKeys(a.world.model.types) {
			if all := a.All(t); len(all) > 0 {
				out[a.id+" "+t] = all
			}
		}
	}
	return out
}

// A world that is restored has the same records under the same ids, answers alike, goes on counting where it was, and seeds nothing.
func TestSnapshotRestores(t *testing.T) {
	from := worked(t)
	text := snapshot(t, from)
	to := newWorld(t, Options{Seed: 500, Now: func() time.Time { return clock.Add(time.Hour) }})
	ids, err := to.Restore(text)
	if err != nil || fmt.Sprint(ids) != "[globex wdc]" {
		t.Fatalf("%v: %v", err, ids)
	}
	if again := snapshot(t, to); string(again) != string(text) {
		t.Error("the snapshot of what was restored is another")
	}
	was, is := everything(from), everything(to)
	for name := range was {
		if name != "wdc Team" && !reflect.DeepEqual(was[name], is[name]) { // Team has what only Go code can put
			t.Errorf("%s: %v\ninstead of %v", name, is[name], was[name])
		}
	}
	a, b := from.Account("wdc"), to.Account("wdc")
	if len(is) != len(was) || a.Records() != b.Records() {
		t.Errorf("%d types and %d records instead of %d and %d", len(is), b.Records(), len(was), a.Records())
	}
	query := `{ account { name } requests(first: 100, filter: {source: {values: ["erp"]}}) { totalCount nodes { id requestId notes(first: 2) { nodes { text } } customFields { id value } requestedBy { name teams(first: 9) { nodes { name } } } } }
		archived: requests(view: archive) { totalCount } all: requests { totalCount } teams(first: 100, order: [{field: name}]) { nodes { name members { nodes { name } } } } }`
	if x, y := must(t, a, query, ""), must(t, b, query, ""); !reflect.DeepEqual(x, y) || at(t, y, "archived", "totalCount") != 1.0 {
		t.Errorf("%v\ninstead of\n%v", y, x)
	}
	add := func(a *Account) string {
		return asText(at(t, must(t, a, `mutation { teamCreate(input: {name: "New"}) { team { id } } }`, ""), "teamCreate", "team", "id"))
	}
	if x, y := add(a), add(b); x != y {
		t.Errorf("the next id is of number %d instead of %d", Number(y), Number(x))
	}
	taken := must(t, b, `mutation { appOfferingCreate(input: {name: "Other", reference: "survey", serviceInstanceId: "`+asText(b.All("ServiceInstance")[0]["id"])+`"}) { errors { message } } }`, "")
	if !strings.Contains(fmt.Sprint(taken), "already been taken") {
		t.Errorf("a reference can be used twice: %v", taken)
	}
	if _, err := to.Restore(text); err == nil {
		t.Error("restored over what is there")
	}
	if n := to.Account("new").Records(); n < 500 {
		t.Errorf("a new account has %d records", n)
	}
}

// Version grows with every change, and with nothing else.
func TestVersion(t *testing.T) {
	w := worked(t)
	before := w.Version()
	snapshot(t, w)
	must(t, w.Account("wdc"), `{ people(first: 5) { nodes { name } } }`, "")
	if w.Version() != before {
		t.Error("it grows when one looks")
	}
	w.Account("wdc").Arrange("Team", map[string]any{"name": "T"})
	if w.Version() <= before {
		t.Error("it does not grow when a record is made")
	}
}

// Addresses move with the service, also those within values; others stay.
func TestRelocate(t *testing.T) {
	w := worked(t)
	a := w.Account("wdc")
	filter := `{ teams(filter: {name: {values: ["Old"]}}) { nodes { id } } }`
	must(t, a, filter, "")
	w.Relocate("http://old/", "http://new/")
	teams := a.All("Team")
	if text := teams[len(teams)-1]["remarks"]; text != "see http://new/z and http://older/z" {
		t.Errorf("in a text: %v", text)
	}
	requests := a.All("Request")
	if text := fmt.Sprint(requests[len(requests)-1]["customFields"]); !strings.Contains(text, "http://new/x") {
		t.Errorf("in a custom field: %v", text)
	}
	if name := at(t, must(t, a, `{ account { name } }`, ""), "account", "name"); name != "Widgets at http://new/y" {
		t.Errorf("of the account: %v", name)
	}
	must(t, a, filter, "")
}

// What no snapshot can be is refused, with the place, and leaves the world empty.
func TestDamagedSnapshot(t *testing.T) {
	good := `[{"id":"wdc","records":[null,{"type":"Team","slots":["name","A","members",{"refs":[3]}]},{"type":"Person","slots":["name","B"]}]}]`
	if _, err := newWorld(t, Options{}).Restore(json.RawMessage(good)); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][3]string{
		{`"wdc"`, `""`, "no id"}, {`[{"id"`, `[{"id":"wdc"},{"id"`, "no id of its own"}, {`"Team"`, `"Nothing"`, "unknown type"}, {`"Team"`, `"Query"`, "unknown type"},
		{`"Team"`, `"Node"`, "unknown type"}, {`"name","A",`, `"name",`, "no value"}, {`"name","A"`, `7,"A"`, "unknown"}, {`"A"`, `null`, "name has no value"},
		{`"members"`, `"name"`, "name has no value, or two"}, {`"A"`, `{"ref":3}`, "another kind"}, {`{"refs":[3]}`, `"x"`, "another kind"},
		{`{"refs":[3]}`, `{"ref":3}`, "another kind"}, {`[3]`, `[4]`, "no record"}, {`[3]`, `[0]`, "no record"}, {`[3]`, `[3,3]`, "order"}, {`[3]`, `["3"]`, "no record"},
		{`"A"`, `{"json":"{"}`, `no "json"`}, {`"A"`, `{"x":1}`, `no "x"`}, {`"A"`, `{}`, "no known kind"}, {`"A"`, `1.5`, "1.5"}, {`"A"`, `{"float":"x"}`, "x"},
		{`"A"`, `{"account":"a"}`, "another kind"}, {`"records"`, `"own":"x","records"`, "no object"}, {`}]}]`, `}`, "unexpected"},
	} {
		w := newWorld(t, Options{})
		text := strings.Replace(good, c[0], c[1], 1)
		if _, err := w.Restore(json.RawMessage(text)); err == nil || !strings.Contains(err.Error(), c[2]) || len(w.all()) > 0 {
			t.Errorf("%s: %v, %d accounts", text, err, len(w.all()))
		}
	}
}

// Whatever is restored, it is refused or can be worked with: no panic.
func FuzzRestore(f *testing.F) {
	f.Add([]byte(`[{"id":"wdc","records":[{"type":"Request","slots":["subject","s","requestedBy",{"ref":2},"customFields",[{"object":{"id":"a","value":{"json":"[1]"}}}],"lifeCycleState","archived","notes",{"refs":[3]}]},{"type":"Person","slots":["name","B"]},{"type":"Note","slots":["text","n","owner",{"ref":1}]},null]}]`))
	f.Add([]byte(`[{"id":"wdc","own":{"object":{"name":{"refs":[1]}}},"records":[{"type":"Note","slots":["owner",{"ref":1},"x",[{"float":"NaN"}]]}]}]`))
	f.Add([]byte(`[{"id":"wdc","records":[{"type":"Person","slots":["name",7,"manager",{"ref":1},"teams",{"refs":[1]},"account",{"account":"x"}]}]}]`))
	queries := map[string]string{} // by type
	m := newWorld(f, Options{}).model
	for _, root := range m.schema.Query.Fields {
		if t := m.types[root.Type.Name()]; t == nil || t.kind != connectionType {
			continue
		}
		t := m.types[m.roots[root.Name]]
		queries[t.name] = "{" + root.Name + "(first:100){nodes{" + plainFields(t) + "}}}"
	}
	a := smallAccount(f)
	for _, q := range queries {
		must(f, a, q, "")
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		w := newWorld(t, Options{})
		ids, err := w.Restore(text)
		if err != nil {
			return
		}
		snapshot(t, w)
		w.Relocate("a", "b")
		for _, id := range ids {
			a := w.Account(id)
			for typ := range a.byType {
				if q := queries[typ]; q != "" {
					ask(t, a, q, "")
				}
			}
			for _, r := range a.records {
				if r != nil {
					a.Delete(r.typ.name, a.nodeID(r))
				}
			}
		}
	})
}

// plainFields are fields of a type that can be selected without more.
func plainFields(t *typeInfo) string {
	out := "id"
	for _, f := range sortedFields(t) {
		if len(f.def.Arguments) == 0 && (f.named.Kind == ast.Scalar || f.named.Kind == ast.Enum) {
			out += " " + f.name
		}
		if f.kind == recordField && f.target.def.Fields.ForName("id") != nil {
			out += " " + f.name + "{id}"
		}
	}
	return out
}
