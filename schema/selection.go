package schema

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// A Selection is what is asked for of one type, and so what the answer looks like. It does not change once it
// is made and may be used by many goroutines at once.
type Selection struct {
	schema *Schema
	on     string // the type it is made on
	fields []*selected
	byKey  map[string]int
	text   string
	typ    cty.Type

	// What completes nested connections: where the record's id is, and, if this is the selection of a
	// connection that is to be completed, where its page information and its nodes are. -1 for none.
	id, pageInfo, nodes int
	// tooLong says that there is no text, for it would be longer than maxText.
	tooLong bool
	// flat says that nodes is the only thing asked for, so that the result is the list (PLATFORM 3.9).
	flat bool
}

// selected is one field of a selection.
type selected struct {
	key, name string   // in the answer and in the schema
	args      []string // such as `first: 10`
	on        []string // the types of inline fragments it stands in; none if it is asked for of every type
	hidden    bool     // not part of the result
	ref       *ref
	leaf      leaf
	sub       *Selection // nil of a leaf
	paged     bool       // a connection that is to be completed
	typ       cty.Type
}

// nestedPage is how many nodes of a nested connection are asked for at once (PLATFORM 3.8).
const nestedPage = "first: 100"

// Type is the type of the result of one record: an object. Nested connections are lists, a Decimal is a string
// and JSON is of any type (PLATFORM 3.11). Where the text is not known yet, so is the type.
func (sel *Selection) Type() cty.Type { return sel.typ }

// Text is the selection as GraphQL, without braces around it. It is the same for the same selection.
func (sel *Selection) Text() string { return sel.text }

// unknownSelection stands for one whose text is not known yet.
func unknownSelection() *Selection { return &Selection{typ: cty.DynamicPseudoType} }

func newSelection(s *Schema, on string) *Selection {
	return &Selection{schema: s, on: on, byKey: map[string]int{}, id: -1, pageInfo: -1, nodes: -1}
}

// leafField is a selected scalar or enum.
func leafField(f *field, key string, on []string) *selected {
	return &selected{key: key, name: f.name, on: on, ref: f.typ, leaf: leafOf(f.typ.base())}
}

// add appends a field. Its key must be free.
func (sel *Selection) add(f *selected) {
	sel.byKey[f.key] = len(sel.fields)
	sel.fields = append(sel.fields, f)
}

// get is the field of a key in the answer, or nil.
func (sel *Selection) get(key string) *selected {
	if i, ok := sel.byKey[key]; ok {
		return sel.fields[i]
	}
	return nil
}

// freeKey is name, or something like it that is no key yet.
func (sel *Selection) freeKey(name string) string {
	for sel.get(name) != nil {
		name += "_"
	}
	return name
}

// finish completes a selection whose fields are all there: what is asked for besides, the text and the type.
func (sel *Selection) finish() *Selection {
	s := sel.schema
	if len(sel.fields) == 0 {
		sel.add(&selected{key: "__typename", name: "__typename", ref: &ref{name: "String"}})
	}
	for i, f := range sel.fields {
		if f.name == "id" && f.sub == nil && len(f.on) == 0 {
			sel.id = i
		}
	}
	if sel.id < 0 && slices.ContainsFunc(sel.fields, func(f *selected) bool { return f.paged }) {
		sel.hideID()
	}
	visible := map[string]cty.Type{}
	for _, f := range sel.fields {
		f.typ = f.leaf.ctyType()
		if f.sub != nil {
			f.typ = f.sub.typ
		}
		for range f.ref.lists() {
			f.typ = cty.List(f.typ)
		}
		if !f.hidden {
			visible[f.key] = f.typ
		}
	}
	sel.typ = cty.Object(visible)
	if conn, _ := s.connection(sel.on); conn != nil && len(visible) == 1 && sel.nodes >= 0 {
		if f := sel.fields[sel.nodes]; !f.hidden && f.key == "nodes" {
			sel.flat, sel.typ = true, f.typ
		}
	}
	if sel.tooLong = sel.length() > maxText; !sel.tooLong {
		sel.text = sel.write()
	}
	return sel
}

// maxText is how long the text of a selection can be, in bytes. What is included under an interface stands in
// the text once for each of its types, so that a few paths could make it endless.
const maxText = 256 << 10

// length is at least that of the text.
func (sel *Selection) length() int {
	n := 0
	for _, f := range sel.fields {
		if f.sub != nil && f.sub.tooLong {
			return maxText + 1
		}
		one := len(f.key) + len(f.name) + 4
		if f.sub != nil {
			one += len(f.sub.text)
		}
		n += one * max(1, len(f.on))
	}
	return n
}

// hideID asks for the id of a record whose nested connections may have to be completed.
func (sel *Selection) hideID() {
	s := sel.schema
	f := &selected{key: sel.freeKey("id"), name: "id", hidden: true, ref: &ref{name: "ID"}}
	t := s.lookup(sel.on)
	if t == nil || !s.overlap(sel.on, "Node") {
		return // such a connection cannot be asked for again
	}
	if t.field("id") == nil {
		f.on = []string{"Node"}
	}
	sel.id = len(sel.fields)
	sel.add(f)
}

// write gives the text: what every type has first, then the fragments in the order in which they appear.
func (sel *Selection) write() string {
	var b strings.Builder
	var fragments []string
	for _, f := range sel.fields {
		if len(f.on) == 0 {
			space(&b)
			f.write(&b)
			continue
		}
		for _, on := range f.on {
			if !slices.Contains(fragments, on) {
				fragments = append(fragments, on)
			}
		}
	}
	for _, on := range fragments {
		space(&b)
		b.WriteString("... on " + on + " {")
		for _, f := range sel.fields {
			if slices.Contains(f.on, on) {
				b.WriteByte(' ')
				f.write(&b)
			}
		}
		b.WriteString(" }")
	}
	return b.String()
}

func space(b *strings.Builder) {
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
}

// head is the field without its selection.
func (f *selected) head(args []string) string {
	text := f.name
	if f.key != f.name {
		text = f.key + ": " + f.name
	}
	if len(args) > 0 {
		text += "(" + strings.Join(args, ", ") + ")"
	}
	return text
}

func (f *selected) write(b *strings.Builder) {
	args := f.args
	if f.paged {
		args = append(slices.Clone(args), nestedPage)
	}
	b.WriteString(f.head(args))
	if f.sub != nil {
		b.WriteString(" { " + f.sub.text + " }")
	}
}

// complete makes a connection's selection one that is completed beyond a page, if the connection tells of pages.
func (sel *Selection) complete() bool {
	conn, _ := sel.schema.connection(sel.on)
	info := conn.field("pageInfo")
	if info == nil || info.needsArguments() {
		return false
	}
	t := sel.schema.lookup(info.typ.base())
	if t == nil || t.field("hasNextPage") == nil || t.field("endCursor") == nil {
		return false
	}
	page := newSelection(sel.schema, t.name)
	page.add(leafField(t.field("hasNextPage"), "hasNextPage", nil))
	page.add(leafField(t.field("endCursor"), "endCursor", nil))
	sel.pageInfo = len(sel.fields)
	sel.add(&selected{key: sel.freeKey("pageInfo"), name: "pageInfo", hidden: true, ref: info.typ, sub: page.finish()})
	return true
}

// possible are the object types that a value of a type can be.
func (s *Schema) possible(name string) []string {
	if t := s.lookup(name); t != nil && (t.kind == interfaceKind || t.kind == unionKind) {
		return t.possible
	}
	return []string{name}
}

// overlap says whether a value can be of both types.
func (s *Schema) overlap(a, b string) bool {
	if s.lookup(a) == nil || s.lookup(b) == nil {
		return false
	}
	in := s.possible(b)
	return slices.ContainsFunc(s.possible(a), func(name string) bool { return slices.Contains(in, name) })
}
