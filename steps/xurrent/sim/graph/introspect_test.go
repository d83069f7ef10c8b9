package graph

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"testing"
)

// platformIntrospection is the query of PLATFORM 3.5, with what the reference answer also holds.
const platformIntrospection = `{ __schema { queryType { name kind } mutationType { name kind } subscriptionType { name kind }
  types { kind name description
    fields(includeDeprecated: false) { name description args { name description type { ...TypeRef } defaultValue } type { ...TypeRef } }
    inputFields { name description type { ...TypeRef } defaultValue }
    interfaces { ...TypeRef }
    enumValues(includeDeprecated: false) { name description }
    possibleTypes { ...TypeRef } }
  directives { name description locations args { name description type { ...TypeRef } defaultValue } } } }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name } } } } } } } }`

func TestIntrospectionEqualsReference(t *testing.T) {
	f, err := os.Open("testdata/introspection.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Data struct {
			Schema map[string]any `json:"__schema"`
		}
	}
	if err := json.NewDecoder(z).Decode(&want); err != nil {
		t.Fatal(err)
	}
	a := smallAccount(t)
	got := must(t, a, platformIntrospection, "")["__schema"].(map[string]any)
	if !reflect.DeepEqual(normal(got), normal(want.Data.Schema)) {
		showDifference(t, "", normal(got), normal(want.Data.Schema))
	}
	if n := len(got["types"].([]any)); n < 1100 {
		t.Errorf("only %d types", n)
	}
}

// normal drops what only the reference asked for and what is null, and puts lists in the order of their names.
func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			if k == "isDeprecated" || k == "deprecationReason" || e == nil {
				continue
			}
			out[k] = normal(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = normal(e)
		}
		slices.SortStableFunc(out, func(a, b any) int { return bytes.Compare([]byte(nameOf(a)), []byte(nameOf(b))) })
		return out
	}
	return v
}

func nameOf(v any) string {
	if m, ok := v.(map[string]any); ok {
		v = m["name"]
	}
	s, _ := v.(string)
	return s
}

func showDifference(t *testing.T, path string, got, want any) {
	t.Helper()
	g, ok1 := got.(map[string]any)
	w, ok2 := want.(map[string]any)
	if ok1 && ok2 {
		for k := range g {
			if !reflect.DeepEqual(g[k], w[k]) {
				showDifference(t, path+"."+k, g[k], w[k])
			}
		}
		for k := range w {
			if _, ok := g[k]; !ok {
				t.Errorf("%s.%s is missing: %v", path, k, w[k])
			}
		}
		return
	}
	gl, ok1 := got.([]any)
	wl, ok2 := want.([]any)
	if ok1 && ok2 {
		names := map[string][2]any{}
		for _, e := range gl {
			names[nameOf(e)] = [2]any{e, nil}
		}
		for _, e := range wl {
			names[nameOf(e)] = [2]any{names[nameOf(e)][0], e}
		}
		for n, pair := range names {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				showDifference(t, path+"["+n+"]", pair[0], pair[1])
			}
		}
		return
	}
	t.Errorf("%s: got %v, want %v", path, got, want)
}
