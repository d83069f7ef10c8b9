package schema

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkLoad is from the stored form to the first checked query.
func BenchmarkLoad(b *testing.B) {
	stored := whole().Encode()
	filter := val(b, `{"name":{"values":["x"]}}`)
	b.ReportAllocs()
	for b.Loop() {
		s, err := Decode(stored)
		if err != nil {
			b.Fatal(err)
		}
		if _, ps := s.Query(QueryArgs{Object: "people", Filter: filter}); len(ps) > 0 {
			b.Fatal(ps)
		}
	}
}

func BenchmarkFromIntrospection(b *testing.B) {
	b.SetBytes(int64(len(answer())))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := FromIntrospection(answer()); err != nil {
			b.Fatal(err)
		}
	}
}

// peopleAnswer is a page of n people with all scalar fields.
func peopleAnswer(q *Query, n int) []byte {
	var nodes []string
	for i := range n {
		var attrs []string
		for _, f := range q.Selection.fields {
			v := fmt.Sprintf(`"%s of %d"`, f.name, i)
			switch {
			case f.ref.elem != nil:
				v = `["en","nl"]`
			case f.leaf == boolLeaf:
				v = "true"
			case f.leaf == numberLeaf:
				v = "12"
			case strings.HasSuffix(f.name, "ID"):
				v = "null"
			}
			attrs = append(attrs, fmt.Sprintf("%q:%s", f.key, v))
		}
		nodes = append(nodes, "{"+strings.Join(attrs, ",")+"}")
	}
	return []byte(`{"people":{"pageInfo":{"hasNextPage":true,"endCursor":"abc"},"totalCount":12345,"nodes":[` + strings.Join(nodes, ",") + `]}}`)
}

func BenchmarkDecodePage(b *testing.B) {
	q := mustQuery(b, QueryArgs{Object: "people"})
	data := peopleAnswer(q, 100)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := q.Page(context.Background(), data, nil)
		if err != nil || len(p.Nodes) != 100 {
			b.Fatal(err, len(p.Nodes))
		}
	}
}

// BenchmarkCheck50 is what validate does for a blueprint of 50 steps, with the load of the stored schema.
func BenchmarkCheck50(b *testing.B) {
	stored := whole().Encode()
	objects, mutations := whole().Objects(), whole().Mutations()
	filter := val(b, `{"id":{"values":["x"]}}`)
	input := val(b, `{"subject":"x","category":"incident","note":"y"}`)
	b.ReportAllocs()
	for b.Loop() {
		s, err := Decode(stored)
		if err != nil {
			b.Fatal(err)
		}
		for i := range 25 {
			s.Query(QueryArgs{Object: objects[i].Name, Filter: filter, Include: []string{"account"}})
			s.Mutation(MutationArgs{Mutation: mutations[i*3].Name, Input: input})
		}
	}
}
