package schema

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"
)

// oracle is the schema as another library reads it.
var oracle = sync.OnceValue(func() *ast.Schema {
	text, err := os.ReadFile("testdata/schema.graphql")
	if err != nil {
		panic(err)
	}
	return gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: string(text)})
})

func valid(t rapid.TB, text string) {
	t.Helper()
	if _, errs := gqlparser.LoadQueryWithRules(oracle(), text, rules.NewDefaultRules()); len(errs) > 0 {
		t.Fatalf("%v\nin %s", errs, text)
	}
}

func TestTheOracleRefuses(t *testing.T) {
	for text, good := range map[string]bool{"{ me { id } }": true, "{ me { nmae } }": false, "{ me { team } }": false} {
		if _, errs := gqlparser.LoadQueryWithRules(oracle(), text, rules.NewDefaultRules()); (len(errs) == 0) != good {
			t.Errorf("%s: %v", text, errs)
		}
	}
}

// argsOf gives the required arguments of an object a value.
func argsOf(f *field) cty.Value {
	attrs := map[string]cty.Value{}
	for _, a := range f.args {
		if a.required() {
			attrs[a.name] = cty.StringVal("x")
		}
	}
	return cty.ObjectVal(attrs)
}

func TestEveryObjectAndMutationIsValid(t *testing.T) {
	s := whole()
	for _, e := range s.Objects() {
		q := mustQuery(t, QueryArgs{Object: e.Name, Arguments: argsOf(s.root(s.query, e.Name))})
		for _, paged := range []bool{false, true} {
			if !paged || e.Connection {
				valid(t, q.Text(paged))
			}
		}
		if q.Connection != e.Connection || q.HasTotal != e.Connection {
			t.Errorf("%s: connection %v, total %v", e.Name, q.Connection, q.HasTotal)
		}
	}
	for _, e := range s.Mutations() {
		p := problems{}
		sel := s.byInclude(&p, s.root(s.mutation, e.Name).typ.base(), nil, true)
		if len(p) > 0 {
			t.Fatal(p)
		}
		arg := find(s.root(s.mutation, e.Name).args, "input").typ
		m := &Mutation{Name: e.Name, InputType: arg.String(), Selection: sel}
		valid(t, m.Text())
		if !strings.Contains(m.Text(), "errors { ") {
			t.Errorf("%s does not ask for errors", e.Name)
		}
	}
}

// somePath walks from a type along objects that can be included.
func somePath(t *rapid.T, s *Schema, on string) string {
	var path []string
	for len(path) < maxInclude {
		var options []string
		for _, name := range append([]string{on}, s.lookup(on).possible...) {
			for _, f := range s.lookup(name).fields {
				if s.isComposite(f.typ.base()) && !f.needsArguments() && (name == on || s.lookup(on).field(f.name) == nil) {
					options = append(options, f.name)
				}
			}
		}
		if len(options) == 0 || len(path) > 0 && rapid.IntRange(0, 2).Draw(t, "stop") == 0 {
			break
		}
		slices.Sort(options)
		name := rapid.SampledFrom(slices.Compact(options)).Draw(t, "field")
		path = append(path, name)
		f := s.lookup(on).field(name)
		for _, pn := range s.lookup(on).possible {
			if pf := s.lookup(pn).field(name); f == nil && pf != nil && s.isComposite(pf.typ.base()) {
				f = pf // the first wins
			}
		}
		on = f.typ.base()
		if _, nodes := s.connection(on); nodes != nil {
			on = nodes.typ.base()
		}
	}
	return strings.Join(path, ".")
}

func TestEveryIncludeIsValid(t *testing.T) {
	s := whole()
	objects := s.Objects()
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.SampledFrom(objects).Draw(t, "object")
		var include []string
		for range rapid.IntRange(1, 4).Draw(t, "paths") {
			if path := somePath(t, s, e.Type); path != "" {
				include = append(include, path)
			}
		}
		q, ps := s.Query(QueryArgs{Object: e.Name, Include: include, Arguments: argsOf(s.root(s.query, e.Name))})
		if len(ps) == 1 && strings.Contains(ps[0].Summary, "too long") {
			t.Skip()
		}
		if len(ps) > 0 {
			t.Fatalf("%s %v: %v", e.Name, include, ps)
		}
		if len(q.Selection.text) > maxFieldsBytes {
			t.Skip() // the oracle takes too long
		}
		valid(t, q.Text(false))
		again(t, s, q)
		moreValid(t, q.Selection)
	})
}

// again wants the text of a selection to be understood as fields, and to ask for the same.
func again(t *rapid.T, s *Schema, q *Query) {
	p := problems{}
	sel := s.byFields(&p, q.Selection.on, q.Selection.Text())
	if len(p) > 0 {
		t.Fatalf("%v\nin %s", p, q.Selection.Text())
	}
	q = &Query{Object: q.Object, Connection: q.Connection, Selection: sel, schema: s, field: q.field, args: q.args}
	if q.Connection {
		q.connect()
	}
	valid(t, q.Text(false))
}

// moreValid checks the queries for further pages of all nested connections.
func moreValid(t *rapid.T, sel *Selection) {
	for _, f := range sel.fields {
		if f.paged {
			if text := sel.more(f); text != "" && sel.id >= 0 {
				valid(t, text)
			}
		}
		if f.sub != nil {
			moreValid(t, f.sub)
		}
	}
}
