package schema

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// answer is the answer to the introspection query of the whole schema.
var answer = sync.OnceValue(func() []byte {
	packed, err := os.ReadFile("testdata/introspection.json.gz")
	if err != nil {
		panic(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return b
})

var whole = sync.OnceValue(func() *Schema {
	s, err := FromIntrospection(answer())
	if err != nil {
		panic(err)
	}
	return s
})

// value reads a value of a test from JSON, with tuples and objects as a blueprint writes them.
func val(t testing.TB, text string) cty.Value {
	t.Helper()
	v, err := lang.ParseJSON([]byte(text), lang.DataLimits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustQuery(t testing.TB, a QueryArgs) *Query {
	t.Helper()
	q, ps := whole().Query(a)
	if len(ps) > 0 {
		t.Fatalf("query %s: %v", a.Object, ps)
	}
	return q
}

func mustMutation(t testing.TB, a MutationArgs) *Mutation {
	t.Helper()
	m, ps := whole().Mutation(a)
	if len(ps) > 0 {
		t.Fatalf("mutation %s: %v", a.Mutation, ps)
	}
	return m
}

// problem wants exactly one problem whose text has all the parts.
func problem(t testing.TB, ps []Problem, argument, path string, parts ...string) {
	t.Helper()
	if len(ps) != 1 {
		t.Fatalf("%d problems, not one: %v", len(ps), ps)
	}
	p := ps[0]
	if p.Argument != argument || strings.Join(p.Path, ".") != path {
		t.Errorf("the problem is at %s %q, not at %s %q", p.Argument, p.Path, argument, path)
	}
	for _, part := range parts {
		if !strings.Contains(p.Summary+". "+p.Detail, part) {
			t.Errorf("%q is not in: %s. %s", part, p.Summary, p.Detail)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs; look at it with -update\ngot:\n%s", path, got)
	}
}

// noFetch is a Fetch that must not be called.
func noFetch(t testing.TB) Fetch {
	return func(context.Context, More) (json.RawMessage, error) {
		t.Error("a further page was asked for")
		return nil, nil
	}
}

func toJSON(t testing.TB, v cty.Value) string {
	t.Helper()
	b, err := lang.ToJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
