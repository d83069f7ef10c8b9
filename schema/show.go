package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An Entry is one object that can be queried, or one mutation, in a list for people.
type Entry struct {
	Name string
	Type string // of a record, or of a mutation's payload
	Doc  string
	// Connection says that the object has pages of records.
	Connection bool
}

// Objects are what query steps can name, in the order of the schema.
func (s *Schema) Objects() []Entry { return s.entries(s.query) }

// Mutations are what mutation steps can name, in the order of the schema.
func (s *Schema) Mutations() []Entry { return s.entries(s.mutation) }

func (s *Schema) entries(root string) []Entry {
	t := s.lookup(root)
	if t == nil {
		return nil
	}
	var out []Entry
	for _, f := range t.fields {
		if !rootName(f.name) || f.typ.elem != nil || !s.isComposite(f.typ.base()) {
			continue
		}
		e := Entry{Name: f.name, Type: f.typ.base(), Doc: f.doc}
		if conn, nodes := s.connection(e.Type); conn != nil {
			e.Type, e.Connection = nodes.typ.base(), true
		}
		out = append(out, e)
	}
	return out
}

// Show describes an object, a mutation or a type, in text for a terminal: what it takes and what it gives, with
// ! at what is required. What is looked for in this order: objects, mutations, types. An unknown name is an
// error with a suggestion.
func (s *Schema) Show(name string) (string, error) {
	p := &printer{s: s}
	switch {
	case s.root(s.query, name) != nil:
		p.object(s.root(s.query, name))
	case s.mutation != "" && s.root(s.mutation, name) != nil:
		p.mutation(s.root(s.mutation, name))
	case s.lookup(name) != nil:
		p.typ(s.lookup(name))
	default:
		options := slices.Concat(s.fieldNames(s.query), s.fieldNames(s.mutation), s.names)
		return "", errors.New("there is no object, mutation or type " + shown(name) + "." + unknown(name, options))
	}
	return p.b.String(), nil
}

type printer struct {
	s *Schema
	b strings.Builder
}

func (p *printer) line(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

func (p *printer) title(name, what, doc string) {
	p.line("%s: %s", name, what)
	if doc != "" {
		p.line("  %s", doc)
	}
}

func (p *printer) object(f *field) {
	record, what := f.typ.base(), "one record of type "
	conn, nodes := p.s.connection(record)
	if conn != nil {
		record, what = nodes.typ.base(), "records of type "
	}
	p.title(f.name, what+record, f.doc)
	var others []*field
	for _, a := range f.args {
		switch t := p.s.lookup(a.typ.base()); {
		case conn != nil && slices.Contains(pagingArgs, a.name):
		case a.name == "filter" && t != nil:
			p.list("filter", "", t.fields)
		case a.name == "view" && t != nil:
			p.options("view", t.options(), a.def)
		case a.name == "order" && t != nil && t.field("field") != nil:
			if of := p.s.lookup(t.field("field").typ.base()); of != nil {
				p.options("order, by field", of.options(), "")
			}
		default:
			others = append(others, a)
		}
	}
	p.list("arguments", "", others)
	p.fields(p.s.lookup(record))
}

func (p *printer) mutation(f *field) {
	p.title(f.name, "mutation, answers "+f.typ.base(), f.doc)
	for _, a := range f.args {
		if t := p.s.lookup(a.typ.base()); t != nil && t.kind == inputKind {
			p.list(a.name, t.name, t.fields)
		} else {
			p.list("arguments", "", []*field{a})
		}
	}
	if payload := p.s.lookup(f.typ.base()); payload != nil {
		p.list("fields", "", payload.fields)
	}
}

func (p *printer) typ(t *typ) {
	what := map[kind]string{scalarKind: "scalar", objectKind: "object", interfaceKind: "interface", unionKind: "union",
		enumKind: "one of a list of values", inputKind: "input"}[t.kind]
	doc := t.doc
	if t.kind == scalarKind && t.options() != nil {
		doc = ""
	}
	p.title(t.name, what, doc)
	switch {
	case t.kind == inputKind:
		p.list("keys", "", t.fields)
	case t.options() != nil:
		p.options("values", t.options(), "")
	case t.kind != scalarKind:
		p.fields(t)
	}
	if len(t.possible) > 0 {
		p.options("is one of", t.possible, "")
	}
}

// fields lists the fields of a record: first those that a query gives by itself, then what include can add.
func (p *printer) fields(t *typ) {
	if t == nil {
		return
	}
	var plain, nested []*field
	for _, f := range t.fields {
		switch {
		case p.s.isComposite(f.typ.base()):
			nested = append(nested, f)
		default:
			plain = append(plain, f)
		}
	}
	p.list("fields", "", plain)
	p.list("fields to include", "", nested)
}

func (p *printer) list(title, typeName string, fields []*field) {
	if len(fields) == 0 {
		return
	}
	if typeName != "" {
		title += " (" + typeName + ")"
	}
	p.line("%s:", title)
	width := 0
	for _, f := range fields {
		width = max(width, min(len(f.name), longName))
	}
	for _, f := range fields {
		text := p.typeText(f)
		if f.doc != "" {
			text += "  # " + f.doc
		}
		p.line("  %-*s  %s", width, f.name, text)
	}
}

// typeText is a type with what it takes where that is short.
func (p *printer) typeText(f *field) string {
	text := f.typ.String()
	if conn, nodes := p.s.connection(f.typ.base()); conn != nil {
		text = "list of " + nodes.typ.base()
	}
	if f.hasDefault {
		text += " = " + f.def
	}
	if t := p.s.lookup(f.typ.base()); t != nil && (t.kind == scalarKind || t.kind == enumKind) {
		if options := t.options(); len(options) > 0 && len(options) <= fewOptions {
			text += " (" + strings.Join(options, ", ") + ")"
		}
	} else if t != nil && t.kind == inputKind && len(t.fields) <= fewOptions {
		var keys []string
		for _, key := range t.fields {
			if key.required() {
				keys = append(keys, key.name+"!")
			} else {
				keys = append(keys, key.name)
			}
		}
		text += " { " + strings.Join(keys, ", ") + " }"
	}
	return text
}

func (p *printer) options(title string, options []string, def string) {
	if len(options) == 0 {
		return
	}
	p.b.WriteString(title + ":")
	column := 80
	for _, o := range options {
		if o == def {
			o += " (default)"
		}
		if column+len(o)+2 > 80 {
			p.b.WriteString("\n  ")
			column = 2
		} else {
			p.b.WriteString(", ")
		}
		p.b.WriteString(o)
		column += len(o) + 2
	}
	p.b.WriteString("\n")
}
