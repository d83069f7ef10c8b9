package schema

import (
	"strings"
	"testing"
)

func fieldsOf(t testing.TB, on, text string) *Selection {
	t.Helper()
	p := problems{}
	sel := whole().byFields(&p, on, text)
	if len(p) > 0 {
		t.Fatalf("%s: %v", text, p)
	}
	return sel
}

func TestFieldsAreWrittenAnew(t *testing.T) {
	for _, c := range []struct{ on, text, want string }{
		{"Person", "id name", "id name"},
		{"Person", " { id, name } ", "id name"},
		{"Person", "# what is wanted\n{ id } # and no more", "id"},
		{"Person", "id # a comment at the end", "id"},
		{"Person", "nr: id __typename", "nr: id __typename"},
		{"Person", "site { id } site { name }", "site { id name }"},
		{"Person", "id id", "id"},
		{"Person", "teams { totalCount }", "teams { totalCount }"},
		{"Person", "teams { nodes { id } }", "teams(first: 100) { nodes { id } pageInfo { hasNextPage endCursor } } id"},
		{"Person", `id teams(after: "x\"y") { nodes { id } }`, `id teams(after: "x\"y", first: 100) { nodes { id } pageInfo { hasNextPage endCursor } }`},
		{"Person", "id teams(first: 10) { nodes { id } }", "id teams(first: 10) { nodes { id } }"},
		{"Person", "id teams(last: 10, after: null) { nodes { id } }", "id teams(last: 10) { nodes { id } }"},
		{"Person", "id: name teams { nodes { id } }", "id: name teams(first: 100) { nodes { id } pageInfo { hasNextPage endCursor } } id_: id"},
		{"Person", "id teams { pageInfo { endCursor } nodes { id } }", "id teams(first: 100) { pageInfo { endCursor } nodes { id } pageInfo_: pageInfo { hasNextPage endCursor } }"},
		{"Person", "... on Person { id } ... { name }", "id name"},
		{"Node", "... on Person { name } ... on Team { name id }", "... on Person { name } ... on Team { name id }"},
		{"Node", "... on HasNotes { ... on Request { subject } }", "... on Request { subject }"},
		{"HasNotes", "notes { nodes { text } }", "notes(first: 100) { nodes { text } pageInfo { hasNextPage endCursor } } ... on Node { id }"},
	} {
		if got := fieldsOf(t, c.on, c.text).Text(); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestFieldsProblems(t *testing.T) {
	deep := strings.Repeat("manager { ", maxFieldsDepth) + "id" + strings.Repeat(" }", maxFieldsDepth)
	fieldsOf(t, "Person", deep[len("manager { "):len(deep)-2])
	for name, c := range map[string]struct {
		text   string
		offset int
		parts  string
	}{
		"field":          {"id nmae", 3, `Did you mean "name"?`},
		"after umlauts":  {"# äöü\nid nmae", 12, `Did you mean "name"?`},
		"in braces":      {"{ id nmae }", 5, `Did you mean "name"?`},
		"inside":         {"id site { nmae }", 10, `Site has no field "nmae"`},
		"in a fragment":  {"... on Person { nmae }", 16, `Did you mean "name"?`},
		"no selection":   {"id site", 3, "site { id }"},
		"connection":     {"id teams", 3, "teams { nodes { id } }"},
		"of a scalar":    {"id name { x }", 3, "nothing can be selected"},
		"argument":       {"teams(frist: 1) { nodes { id } }", 6, `Did you mean "first"?`},
		"argument twice": {"teams(first: 1, first: 2) { nodes { id } }", 16, "Give first once"},
		"value":          {`teams(first: "x") { nodes { id } }`, 6, "A whole number is needed"},
		"variable":       {"teams(first: $n) { nodes { id } }", 6, "Variables are not available"},
		"list variable":  {"teams(first: [$n]) { nodes { id } }", 6, "Variables are not available"},
		"spread":         {"id ...Rest", 6, "in place of ...Rest"},
		"directive":      {"id name @include(if: true)", 3, "Leave @include out"},
		"on a fragment":  {"... @skip(if: true) { id }", 4, "Leave @skip out"},
		"fragment":       {"... on Persn { id }", 4, `Did you mean "Person"?`},
		"never":          {"... on Team { id }", 4, "Person is never Team"},
		"two things":     {"a: id a: name", 6, "give one of them another name"},
		"nodes twice":    {"teams { nodes { id } b: nodes { name } }", 0, "Ask for nodes of TeamConnection once"},
		"syntax":         {"id site {", 9, "cannot be read"},
		"operation":      {"id } mutation { requestCreate { errors { message } }", 0, "Write the fields that are wanted"},
		"another":        {"{ id } { name }", 0, "Write the fields that are wanted"},
		"definition":     {"{ id } fragment F on Person { id }", 0, "Write the fields that are wanted"},
		"empty":          {"{ }", 2, "cannot be read"},
		"too deep":       {deep, 200, "At most 20 selections"},
		"too long":       {strings.Repeat(" ", maxFieldsBytes) + "id", 0, "at most 65536"},
		"many tokens":    {strings.Repeat("id ", maxFieldsTokens), -2, "token limit"},
		"no text":        {"id \xff", 0, "UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			q, ps := whole().Query(QueryArgs{Object: "people", Fields: c.text})
			if q != nil && len(ps) > 0 {
				t.Error("there is a query in spite of the problems")
			}
			problem(t, ps, "fields", "", c.parts)
			if c.offset != -2 && ps[0].Offset != c.offset {
				t.Errorf("the offset is %d, not %d", ps[0].Offset, c.offset)
			}
		})
	}
}

func TestAtMostFiftyProblems(t *testing.T) {
	var b strings.Builder
	for range 200 {
		b.WriteString("nmae ")
	}
	_, ps := whole().Query(QueryArgs{Object: "people", Fields: b.String()})
	if len(ps) != maxProblems {
		t.Errorf("%d problems", len(ps))
	}
}

// FuzzFields: what is accepted is valid for another library too, and means the same when it is read again.
func FuzzFields(f *testing.F) {
	for _, text := range []string{"id name", "{ id teams { totalCount nodes { id } } }", "... on Person { a: name } teams(first: 3) { edges { cursor } }",
		`teams(after: """x""") { nodes { members { nodes { id } } } }`, "id ...F", "customFields { id value }", "äö", "{", "id @a(b: [{c: $d}])"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := problems{}
		sel := whole().byFields(&p, "Person", text)
		for _, x := range p {
			if x.Offset < 0 || x.Offset > len(text) {
				t.Fatalf("offset %d of %d bytes: %v", x.Offset, len(text), x)
			}
		}
		if len(p) > 0 || len(text) > 2000 {
			return
		}
		valid(t, "{ me { "+sel.Text()+" } }")
		again := problems{}
		if got := whole().byFields(&again, "Person", sel.Text()); len(again) > 0 {
			t.Fatalf("%s: %v", sel.Text(), again)
		} else {
			valid(t, "{ me { "+got.Text()+" } }")
		}
	})
}
