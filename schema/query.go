package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// QueryArgs are the arguments of a query step. What is not written is cty.NilVal, "" or nil; values may hold
// unknowns and sensitive marks.
type QueryArgs struct {
	Object                         string
	Filter, View, Order, Arguments cty.Value
	Fields                         string
	FieldsUnknown                  bool // fields is written, and its text not known yet
	Include                        []string
	IncludeUnknown                 bool // include is written, and its paths not known yet
}

// A Query is a checked query. It does not change and may be used by many goroutines at once.
type Query struct {
	// Object is the root field.
	Object string
	// Connection says that the object has pages of records; a query of any other gives one record.
	Connection bool
	// HasTotal says that the answer tells how many records there are in all.
	HasTotal bool
	// Selection is that of one record.
	Selection *Selection

	schema *Schema
	field  *field
	args   []argument
	open   bool       // not even the names of all arguments are known yet
	root   *Selection // of the connection with its page information; nil of any other object
}

// argument is a value that travels as a variable of the same name.
type argument struct {
	*field
	value cty.Value
}

// pagingArgs are the arguments of a connection that the runner sets itself.
var pagingArgs = []string{"first", "after", "last", "before"}

// Query checks the arguments of a query step, before a run and again with the values of a run. With problems the
// query is nil.
func (s *Schema) Query(a QueryArgs) (*Query, []Problem) {
	var p problems
	f := s.rootField(&p, "object", s.query, a.Object)
	if f == nil {
		return nil, p
	}
	q := &Query{Object: f.name, schema: s, field: f}
	record := f.typ.base()
	if conn, nodes := s.connection(record); conn != nil {
		q.Connection, record = true, nodes.typ.base()
	} else if f.typ.elem != nil || !s.isComposite(record) {
		p.add("object", nil, "No record", fmt.Sprintf("%s is %s, which a query step cannot give.", f.name, s.needs(f.typ)))
		return nil, p
	}
	q.own(&p, "filter", a.Filter)
	q.own(&p, "view", a.View)
	q.own(&p, "order", a.Order)
	q.others(&p, a.Arguments)
	q.selectFrom(&p, record, a)
	if len(p) > 0 {
		return nil, p
	}
	return q, nil
}

// rootField is the field of the query or mutation type with a name from a blueprint.
func (s *Schema) rootField(p *problems, argument, typeName, name string) *field {
	f := s.root(typeName, name)
	if f == nil || !rootName(name) {
		p.add(argument, nil, "There is no such "+argument,
			fmt.Sprintf("The account has no %s %s.%s", argument, shown(name), unknown(name, s.fieldNames(typeName))))
		return nil
	}
	return f
}

// rootName says whether a name is letters and digits, with a letter first (PLATFORM 3.10).
func rootName(name string) bool {
	return isName(name) && !strings.Contains(name, "_")
}

// written says whether an argument was given a value, which may be one that is not known yet.
func written(v cty.Value) bool {
	if v == cty.NilVal {
		return false
	}
	v, _ = v.Unmark()
	return !v.IsKnown() || !v.IsNull()
}

// own checks an argument of the step that is one of the object's too.
func (q *Query) own(p *problems, name string, v cty.Value) {
	if !written(v) {
		return
	}
	arg := find(q.field.args, name)
	if arg == nil {
		p.add(name, nil, "The object has no "+name, fmt.Sprintf("%s takes no %s; leave it out.", q.Object, name))
		return
	}
	q.schema.checker(p, name).value(v, arg.typ, false)
	q.args = append(q.args, argument{arg, v})
}

// others checks the other arguments of the object.
func (q *Query) others(p *problems, v cty.Value) {
	given := map[string]bool{}
	if written(v) {
		plain, marks := v.Unmark()
		if !plain.IsKnown() {
			if plain = withParts(plain.Type()); plain == cty.NilVal || !plain.IsKnown() {
				q.open = true
				return // the names are not known either
			}
		}
		if !isMap(plain.Type()) {
			p.add("arguments", nil, "Wrong type of value", "An object is needed, not "+typeName(plain.Type())+".")
			return
		}
		for it := plain.ElementIterator(); it.Next(); {
			k, e := it.Element()
			given[k.AsString()] = written(e)
			if written(e) {
				q.other(p, k.AsString(), e, len(marks) > 0)
			}
		}
	}
	for _, arg := range q.field.args {
		if arg.required() && !given[arg.name] && !q.has(arg.name) {
			p.add("arguments", nil, "An argument is missing",
				fmt.Sprintf("%s needs %s: %s.", q.Object, arg.name, q.schema.needs(arg.typ)))
		}
	}
}

// has says whether an argument was given as filter, view or order.
func (q *Query) has(name string) bool {
	return slices.ContainsFunc(q.args, func(a argument) bool { return a.name == name })
}

func (q *Query) other(p *problems, name string, v cty.Value, secret bool) {
	path := []string{shownPart(name)}
	arg := find(q.field.args, name)
	switch {
	case arg == nil && secret:
		p.add("arguments", []string{"(sensitive)"}, "There is no such argument", fmt.Sprintf("The object is sensitive and has a key that is no argument of %s.", q.Object))
		return
	case arg == nil:
		p.add("arguments", path, "There is no such argument", fmt.Sprintf("%s has no argument %s.%s", q.Object, shown(name), unknown(name, names(q.field.args))))
		return
	case name == "filter" || name == "view" || name == "order":
		p.add("arguments", path, "The step has this argument", fmt.Sprintf("Write %s as an argument of the step.", name))
		return
	case q.Connection && slices.Contains(pagingArgs, name):
		p.add("arguments", path, "The pages are read by the step", "Leave it out; page_size and max_results say how much is read.")
		return
	}
	c := q.schema.checker(p, "arguments")
	c.path = path
	c.value(v, arg.typ, secret)
	q.args = append(q.args, argument{arg, v})
}

// selectFrom makes the selections of the record and of what is around it.
func (q *Query) selectFrom(p *problems, record string, a QueryArgs) {
	q.Selection = q.schema.selection(p, record, a.Fields, a.Include, a.FieldsUnknown || a.IncludeUnknown, false)
	if q.Connection && q.Selection != nil {
		q.connect()
	}
}

// selection is what fields or include ask for; nil if there is a problem with it.
func (s *Schema) selection(p *problems, on, fields string, include []string, unknown, payload bool) *Selection {
	var sel *Selection
	argument := "include"
	switch {
	case unknown:
		return unknownSelection()
	case fields != "" && len(include) > 0:
		p.add("include", nil, "Two selections", "Write fields or include, not both.")
		return nil
	case strings.TrimSpace(fields) != "":
		argument, sel = "fields", s.byFields(p, on, fields)
	default:
		sel = s.byInclude(p, on, include, payload)
	}
	if sel != nil && sel.tooLong {
		p.add(argument, nil, "The selection is too long", fmt.Sprintf("Its text would have more than %d KiB; ask for less, or write fields.", maxText>>10))
		return nil
	}
	return sel
}

// connect makes the selection of the connection around the records (PLATFORM 3.12).
func (q *Query) connect() {
	conn, nodes := q.schema.connection(q.field.typ.base())
	q.root = newSelection(q.schema, conn.name)
	q.root.complete()
	if total := conn.field("totalCount"); total != nil && !total.needsArguments() {
		q.HasTotal = true
		q.root.add(leafField(total, "totalCount", nil))
	}
	q.root.nodes = len(q.root.fields)
	q.root.add(&selected{key: "nodes", name: "nodes", ref: nodes.typ, sub: q.Selection})
	q.root.finish().text = q.root.write() // whatever its length, for that of the record was checked
}

// Text is the query to send. It is the same whatever the values are; paged says whether it asks for the page
// after a cursor.
func (q *Query) Text(paged bool) string {
	var declared, passed []string
	pass := func(f *field) {
		declared = append(declared, "$"+f.name+": "+f.typ.String())
		passed = append(passed, f.name+": $"+f.name)
	}
	if q.Connection {
		for _, name := range pagingArgs[:2] {
			if f := find(q.field.args, name); f != nil && (paged || name != "after") {
				pass(f)
			}
		}
	}
	for _, a := range q.args {
		pass(a.field)
	}
	inner := q.Selection
	if q.root != nil {
		inner = q.root
	}
	return "query" + brackets(declared) + " { " + q.Object + brackets(passed) + " { " + inner.text + " } }"
}

func brackets(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// Variables are those of Text as a JSON object, with secrets in clear: not to be shown or stored. A connection is
// asked for the given number of records, 1 to 100, after a cursor unless that is empty. Keys of the filter that
// are null or empty are dropped (PLATFORM 3.13). A value that is not known is an error.
func (q *Query) Variables(first int, after string) ([]byte, error) {
	if q.open {
		return nil, errors.New("arguments is not known yet")
	}
	w := &sender{s: q.schema, b: []byte{'{'}}
	if q.Connection {
		if find(q.field.args, "first") != nil {
			w.key(0, "first")
			w.b = fmt.Append(w.b, first)
		}
		if after != "" {
			w.key(0, "after")
			w.text(after)
		}
	}
	for _, a := range q.args {
		v, _ := a.value.Unmark()
		if !v.IsWhollyKnown() {
			return nil, fmt.Errorf("%s is not known yet", a.name)
		}
		if a.name == "filter" {
			v = withoutBlank(v)
		}
		w.key(0, a.name)
		if err := w.value(v, a.typ); err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
	}
	return append(w.b, '}'), nil
}

// withoutBlank drops the top-level keys of a filter that say nothing.
func withoutBlank(v cty.Value) cty.Value {
	if !isMap(v.Type()) {
		return v
	}
	kept := map[string]cty.Value{}
	for it := v.ElementIterator(); it.Next(); {
		if k, e := it.Element(); !blank(e) {
			kept[k.AsString()] = e
		}
	}
	return cty.ObjectVal(kept)
}
