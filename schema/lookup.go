package schema

import (
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// Lookup is the query that finds the record which a mutation created earlier, by the source and the sourceID of
// its input: for requestCreate, requests with a filter of both. The records that it gives are of the type that
// the mutation's payload holds. It is false where the mutation creates nothing, the input has not both, or the
// records cannot be found by them.
func (s *Schema) Lookup(m *Mutation) (q *Query, ok bool) {
	if m.Selection.schema == nil || !strings.HasSuffix(m.Name, "Create") {
		return nil, false
	}
	filter := map[string]cty.Value{}
	for _, name := range []string{"source", "sourceID"} {
		v, found := m.value(name)
		if !found || !v.IsKnown() || v.IsNull() || v.Type() != cty.String || v.AsString() == "" {
			return nil, false
		}
		filter[name] = cty.ObjectVal(map[string]cty.Value{"values": cty.TupleVal([]cty.Value{v})})
	}
	record := s.createdType(m.Selection.on)
	root := s.lookup(s.query)
	if record == "" || root == nil {
		return nil, false
	}
	for _, f := range root.fields {
		conn, nodes := s.connection(f.typ.base())
		if conn == nil || nodes.typ.base() != record {
			continue
		}
		q := &Query{Object: f.name, Connection: true, schema: s, field: f}
		var p problems
		q.own(&p, "filter", cty.ObjectVal(filter))
		if len(p) > 0 {
			continue
		}
		if _, have := m.created(); have != nil {
			q.Selection = have.sub
		} else {
			q.Selection = s.byFields(&p, record, "id")
		}
		if q.Selection == nil || len(p) > 0 {
			continue
		}
		q.connect()
		return q, true
	}
	return nil, false
}

// createdType is the type of the record in a payload, or "".
func (s *Schema) createdType(payload string) string {
	t := s.lookup(payload)
	for _, f := range t.fields {
		name := f.typ.base()
		if conn, _ := s.connection(name); conn == nil && f.name != "errors" && f.typ.elem == nil && s.isComposite(name) {
			return name
		}
	}
	return ""
}

// created is where the payload's selection asks for the record; nil if it does not.
func (m *Mutation) created() (int, *selected) {
	record := m.schema.createdType(m.Selection.on)
	for i, f := range m.Selection.fields {
		if f.sub != nil && f.ref.base() == record && f.ref.elem == nil && len(f.on) == 0 {
			return i, f
		}
	}
	return -1, nil
}

// Found is the payload that the mutation would have answered, with a record that Lookup's query gave.
func (m *Mutation) Found(record cty.Value) cty.Value {
	slots := make([]cty.Value, len(m.Selection.fields))
	if i, f := m.created(); f != nil {
		slots[i] = record
	}
	if m.errors >= 0 {
		if t := m.Selection.fields[m.errors].typ; t.IsListType() {
			slots[m.errors] = cty.ListValEmpty(t.ElementType())
		}
	}
	return m.Selection.assemble(slots)
}
