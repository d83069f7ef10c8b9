package graph

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// tester is what testing.TB and rapid.T have in common.
type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// clock is the time of the test worlds.
var clock = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

func newWorld(t testing.TB, o Options) *World {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return clock }
	}
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func smallAccount(t testing.TB) *Account { return newWorld(t, Options{}).Account("wdc") }

// variables decodes JSON as the HTTP side does.
func variables(t tester, text string) map[string]any {
	t.Helper()
	if text == "" {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func ask(t tester, a *Account, query, vars string) Response {
	t.Helper()
	return a.Execute(context.Background(), Caller{}, Request{Query: query, Variables: variables(t, vars)})
}

// must runs a request that must have no errors, and gives its data.
func must(t tester, a *Account, query, vars string) map[string]any {
	t.Helper()
	r := ask(t, a, query, vars)
	if len(r.Errors) > 0 {
		t.Fatalf("%s\nerrors: %+v", query, r.Errors)
	}
	return decode(t, r.Data)
}

func decode(t tester, data []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, data)
	}
	return v
}

// at follows keys and indexes: at(v, "people", "nodes", 0, "name").
func at(t tester, v any, path ...any) any {
	t.Helper()
	for i, p := range path {
		switch p := p.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				t.Fatalf("at %v: not an object but %v", path[:i+1], v)
			}
			v = m[p]
		case int:
			l, ok := v.([]any)
			if !ok || p >= len(l) {
				t.Fatalf("at %v: no such element in %v", path[:i+1], v)
			}
			v = l[p]
		}
	}
	return v
}

func texts(t tester, v any, field string) []string {
	t.Helper()
	out := []string{}
	for _, e := range v.([]any) {
		s, _ := e.(map[string]any)[field].(string)
		out = append(out, s)
	}
	return out
}

// putMany makes records of a type for a test to choose from, by name.
func putMany(t testing.TB, a *Account, typ string, records ...map[string]any) []string {
	t.Helper()
	var ids []string
	for _, r := range records {
		id := a.Put(typ, r)
		if id == "" {
			t.Fatalf("cannot put %s %v", typ, r)
		}
		ids = append(ids, id)
	}
	return ids
}
