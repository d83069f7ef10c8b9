package schema

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// MutationArgs are the arguments of a mutation step. What is not written is cty.NilVal, "" or nil; the input may
// hold unknowns and sensitive marks.
type MutationArgs struct {
	Mutation       string
	Input          cty.Value
	Clear          []string
	Fields         string
	FieldsUnknown  bool // fields is written, and its text not known yet
	Include        []string
	IncludeUnknown bool // include is written, and its paths not known yet
}

// A Mutation is a checked mutation. It does not change and may be used by many goroutines at once.
type Mutation struct {
	Name string
	// InputType is the type of the variable $input as the schema names it, such as RequestCreateInput!.
	InputType string
	// Selection is that of the payload.
	Selection *Selection

	schema *Schema
	input  cty.Value
	arg    *ref
	clear  []string
	errors int // the field of the payload with its errors; -1 for none
}

// A PayloadError is one reason for which a mutation did nothing.
type PayloadError struct {
	Message string
	Path    []string
}

// Mutation checks the arguments of a mutation step, before a run and again with the values of a run. With
// problems the mutation is nil.
func (s *Schema) Mutation(a MutationArgs) (*Mutation, []Problem) {
	var p problems
	f := s.rootField(&p, "mutation", s.mutation, a.Mutation)
	if f == nil {
		return nil, p
	}
	payload := f.typ.base()
	if f.typ.elem != nil || !s.isComposite(payload) {
		p.add("mutation", nil, "No payload", fmt.Sprintf("%s answers %s, which a mutation step cannot give.", f.name, s.needs(f.typ)))
		return nil, p
	}
	m := &Mutation{Name: f.name, schema: s, input: a.Input, clear: a.Clear, errors: -1}
	// The name of the input type comes from the schema, for some are irregular (PLATFORM 3.10).
	m.arg = &ref{name: capital(f.name) + "Input", nonNull: true}
	if arg := find(f.args, "input"); arg != nil {
		m.arg = arg.typ
	}
	m.InputType = m.arg.String()
	m.check(&p)
	m.Selection = s.selection(&p, payload, a.Fields, a.Include, a.FieldsUnknown || a.IncludeUnknown, true)
	if len(p) > 0 {
		return nil, p
	}
	m.selectErrors(s.lookup(payload))
	return m, nil
}

func (m *Mutation) check(p *problems) {
	t := m.schema.lookup(m.arg.base())
	if t == nil || t.kind != inputKind {
		return
	}
	c := m.schema.checker(p, "input")
	if written(m.input) {
		c.value(m.input, m.arg, false)
	} else {
		m.input = cty.EmptyObjectVal
		c.missing(t, nil)
	}
	seen := map[string]bool{}
	var keys []string
	for i, name := range m.clear {
		f := t.field(name)
		path := []string{strconv.Itoa(i)}
		switch {
		case f == nil:
			p.add("clear", path, "There is no such key", fmt.Sprintf("%s has no key %s.%s", t.name, shown(name), unknown(name, names(t.fields))))
		case f.typ.nonNull:
			p.add("clear", path, "The key cannot be cleared", fmt.Sprintf("%s cannot be null.", name))
		case m.gives(name):
			p.add("clear", path, "The key has a value too", fmt.Sprintf("input gives %s a value; leave it out there, or here.", name))
		case !seen[name]:
			seen[name] = true
			keys = append(keys, name)
		}
	}
	m.clear = keys
}

// gives says whether the input is known to have a value for a key.
func (m *Mutation) gives(name string) bool {
	v, ok := m.value(name)
	return ok && v.IsKnown() && !v.IsNull()
}

// value is the value of a key of the input, without its mark.
func (m *Mutation) value(name string) (cty.Value, bool) {
	v, _ := m.input.Unmark()
	if !v.IsKnown() || v.IsNull() || !isMap(v.Type()) {
		return cty.NilVal, false
	}
	for it := v.ElementIterator(); it.Next(); {
		if k, e := it.Element(); k.AsString() == name {
			e, _ = e.Unmark()
			return e, true
		}
	}
	return cty.NilVal, false
}

// selectErrors makes sure that the errors of the payload are asked for (PLATFORM 3.2).
func (m *Mutation) selectErrors(payload *typ) {
	sel := m.Selection
	f := payload.field("errors")
	if f == nil || sel.schema == nil || f.needsArguments() || !m.schema.isComposite(f.typ.base()) {
		return
	}
	for i, have := range sel.fields {
		if have.name == "errors" && len(have.on) == 0 && have.sub.get("message") != nil && have.sub.get("path") != nil {
			m.errors = i
			return
		}
	}
	sub := newSelection(m.schema, f.typ.base())
	for _, name := range []string{"path", "message"} {
		if sf := m.schema.lookup(sub.on).field(name); sf != nil && !m.schema.isComposite(sf.typ.base()) {
			sub.add(leafField(sf, name, nil))
		}
	}
	m.errors = len(sel.fields)
	sel.add(&selected{key: sel.freeKey("errors"), name: "errors", hidden: true, ref: f.typ, sub: sub.finish()})
	sel.finish().text = sel.write() // whatever its length, which was checked
}

// Text is the mutation to send. It is the same whatever the input is.
func (m *Mutation) Text() string {
	return "mutation($input: " + m.InputType + ") { " + m.Name + "(input: $input) { " + m.Selection.text + " } }"
}

// Variables are those of Text as a JSON object, with secrets in clear: not to be shown or stored. Nulls are left
// out at every depth; the keys to clear are null. A value that is not known is an error.
func (m *Mutation) Variables() ([]byte, error) {
	w := &sender{s: m.schema, b: []byte(`{"input":`)}
	v, _ := m.input.Unmark()
	if !v.IsWhollyKnown() {
		return nil, fmt.Errorf("input is not known yet")
	}
	var err error
	if t := m.schema.lookup(m.arg.base()); t != nil && t.kind == inputKind && m.arg.elem == nil {
		err = w.object(v, t, m.clear)
	} else {
		err = w.any(v)
	}
	if err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	return append(w.b, '}'), nil
}

// Payload reads the payload from the data of an answer, and the errors in it. Those without a message do not
// count (PLATFORM 3.2). Without a payload the error is a *NoData.
func (m *Mutation) Payload(ctx context.Context, data json.RawMessage, fetch Fetch) (cty.Value, []PayloadError, error) {
	d := newDecoder(ctx, data, fetch)
	var slots []cty.Value
	err := d.member(m.Name, func() (err error) {
		slots, err = d.slots(m.Selection, 1)
		return err
	})
	switch {
	case err != nil:
		return cty.NilVal, nil, err
	case slots == nil:
		return cty.NilVal, nil, &NoData{Name: m.Name, Mutation: true}
	}
	var errs []PayloadError
	if m.errors >= 0 {
		errs = payloadErrors(slots[m.errors])
	}
	return m.Selection.assemble(slots), errs, nil
}

func payloadErrors(list cty.Value) []PayloadError {
	var out []PayloadError
	if list == cty.NilVal || list.IsNull() || !isList(list.Type()) {
		return nil
	}
	for _, e := range list.AsValueSlice() {
		if e.IsNull() || !e.Type().HasAttribute("message") {
			continue
		}
		msg := e.GetAttr("message")
		if msg.Type() != cty.String || msg.IsNull() || strings.TrimSpace(msg.AsString()) == "" {
			continue
		}
		pe := PayloadError{Message: msg.AsString()}
		if e.Type().HasAttribute("path") {
			pe.Path = texts(e.GetAttr("path"))
		}
		out = append(out, pe)
	}
	return out
}

// texts are the elements of a list of text, or the one text that it is.
func texts(v cty.Value) []string {
	switch {
	case v.IsNull():
		return nil
	case v.Type() == cty.String:
		return []string{v.AsString()}
	case !isList(v.Type()):
		return nil
	}
	var out []string
	for _, e := range v.AsValueSlice() {
		if e.Type() == cty.String && !e.IsNull() {
			out = append(out, e.AsString())
		}
	}
	return out
}
