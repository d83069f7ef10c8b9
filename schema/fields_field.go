package schema

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// typename is what every object has besides its fields.
var typename = &field{name: "__typename", typ: &ref{name: "String", nonNull: true}}

// field adds one field of a text to a selection.
func (b *selector) field(sel *Selection, on string, cond []string, f *ast.Field, depth int) {
	at := b.offset(f.Position)
	if len(f.Directives) > 0 {
		b.fault(at, "Directives cannot be used", "Leave @%s out; what is asked for is decided before the query is sent.", shownPart(f.Directives[0].Name))
		return
	}
	def := b.definition(on, f.Name)
	if def == nil {
		b.fault(at, "There is no such field", "%s has no field %s.%s", on, shown(f.Name), unknown(f.Name, b.s.fieldNames(on)))
		return
	}
	n := leafField(def, f.Alias, cond)
	n.args = b.arguments(def, f, at)
	composite := b.s.isComposite(def.typ.base())
	switch {
	case composite && len(f.SelectionSet) == 0:
		b.fault(at, "A selection is missing", "%s is an object; say what is wanted of it, such as %s { %s }.", def.name, def.name, b.example(def.typ.base()))
		return
	case !composite && len(f.SelectionSet) > 0:
		b.fault(at, "The field has no fields", "%s is %s; nothing can be selected of it.", def.name, b.s.needs(def.typ))
		return
	case composite:
		n.leaf = textLeaf
		n.sub = b.build(def.typ.base(), f.SelectionSet, depth+1)
		b.paging(n, def, f)
	}
	b.insert(sel, n, at)
}

// paging completes a nested connection whose part the user did not choose (LANGUAGE 5).
func (b *selector) paging(n *selected, def *field, f *ast.Field) {
	if n.sub.nodes < 0 || !takesFirst(def) {
		return
	}
	for _, a := range f.Arguments {
		if a.Name == "first" || a.Name == "last" || a.Name == "before" {
			return
		}
	}
	if n.sub.complete() {
		n.paged = true
		n.sub.finish()
	}
}

// finishConnection remembers where the nodes of a connection are.
func (b *selector) finishConnection(sel *Selection) {
	conn, _ := b.s.connection(sel.on)
	if conn == nil {
		return
	}
	for i, f := range sel.fields {
		if f.name != "nodes" {
			continue
		}
		if sel.nodes >= 0 {
			b.fault(0, "nodes is asked for twice", "Ask for nodes of %s once, with all that is wanted of them.", sel.on)
			return
		}
		sel.nodes = i
	}
}

// insert adds a field, or, if it is there already for other types, joins the two.
func (b *selector) insert(sel *Selection, n *selected, at int) {
	have := sel.get(n.key)
	if have == nil {
		sel.add(n)
		return
	}
	same := have.name == n.name && have.ref.String() == n.ref.String() && slices.Equal(have.args, n.args) &&
		(have.sub == nil) == (n.sub == nil) && (have.sub == nil || have.sub.text == n.sub.text)
	if !same {
		b.fault(at, "One name for two things", "%s is asked for twice, differently; give one of them another name: other: %s.", n.key, n.name)
		return
	}
	if len(have.on) == 0 || len(n.on) == 0 {
		have.on = nil
		return
	}
	for _, on := range n.on {
		if !slices.Contains(have.on, on) {
			have.on = append(slices.Clone(have.on), on)
		}
	}
}

func (b *selector) definition(on, name string) *field {
	if name == typename.name {
		return typename
	}
	if t := b.s.lookup(on); t != nil {
		return t.field(name)
	}
	return nil
}

func (s *Schema) fieldNames(on string) []string {
	if t := s.lookup(on); t != nil {
		return names(t.fields)
	}
	return nil
}

// example is a field that a type has.
func (b *selector) example(on string) string {
	options := b.s.fieldNames(on)
	for _, name := range []string{"id", "nodes", "name"} {
		if slices.Contains(options, name) {
			if name == "nodes" {
				return "nodes { id }"
			}
			return name
		}
	}
	return typename.name
}

// arguments checks the arguments of a field and writes them anew.
func (b *selector) arguments(def *field, f *ast.Field, at int) []string {
	var out, given []string
	for _, a := range f.Arguments {
		where := b.offset(a.Position)
		arg := find(def.args, a.Name)
		switch {
		case arg == nil:
			b.fault(where, "There is no such argument", "%s has no argument %s.%s", def.name, shown(a.Name), unknown(a.Name, names(def.args)))
			continue
		case slices.Contains(given, a.Name):
			b.fault(where, "The argument is given twice", "Give %s once.", a.Name)
			continue
		}
		given = append(given, a.Name)
		v, ok := b.literal(a.Value)
		if !ok {
			b.fault(where, "Only literal values can be used here", "Variables are not available in fields; build the text with a template, or use filter and arguments.")
			continue
		}
		before := len(*b.problems)
		c := b.s.checker(b.problems, "fields")
		c.offset = where
		c.value(v, arg.typ, false)
		if v.IsNull() || len(*b.problems) > before {
			continue
		}
		if text, err := b.s.literalText(v, arg.typ); err == nil {
			out = append(out, a.Name+": "+text)
		} else {
			b.fault(where, "Wrong value", "%s.", capital(err.Error()))
		}
	}
	for _, arg := range def.args {
		if arg.required() && !slices.Contains(given, arg.name) {
			b.fault(at, "An argument is missing", "%s needs %s: %s.", def.name, arg.name, b.s.needs(arg.typ))
		}
	}
	return out
}

// literal is a value in a text as a value; false if it is, or holds, a variable.
func (b *selector) literal(v *ast.Value) (cty.Value, bool) {
	if v == nil {
		return cty.NilVal, false
	}
	switch v.Kind {
	case ast.IntValue, ast.FloatValue:
		n, err := lang.ParseJSON([]byte(v.Raw), lang.DataLimits{})
		return n, err == nil
	case ast.BooleanValue:
		return cty.BoolVal(v.Raw == "true"), true
	case ast.NullValue:
		return cty.NullVal(cty.DynamicPseudoType), true
	case ast.StringValue, ast.BlockValue, ast.EnumValue:
		return cty.StringVal(v.Raw), true
	case ast.ListValue:
		elems := []cty.Value{}
		for _, c := range v.Children {
			e, ok := b.literal(c.Value)
			if !ok {
				return cty.NilVal, false
			}
			elems = append(elems, e)
		}
		return cty.TupleVal(elems), true
	case ast.ObjectValue:
		attrs := map[string]cty.Value{}
		for _, c := range v.Children {
			e, ok := b.literal(c.Value)
			if !ok {
				return cty.NilVal, false
			}
			attrs[c.Name] = e
		}
		return cty.ObjectVal(attrs), true
	}
	return cty.NilVal, false
}

// literalText writes a checked value as GraphQL writes it: as JSON, but enum values and names bare.
func (s *Schema) literalText(v cty.Value, r *ref) (string, error) {
	switch {
	case v.IsNull():
		return "null", nil
	case r.elem != nil && !isList(v.Type()):
		text, err := s.literalText(v, r.elem)
		return "[" + text + "]", err
	case r.elem != nil || r.name == "JSON" && isList(v.Type()):
		var parts []string
		elem := r
		if r.elem != nil {
			elem = r.elem
		}
		for _, e := range v.AsValueSlice() {
			text, err := s.literalText(e, elem)
			if err != nil {
				return "", err
			}
			parts = append(parts, text)
		}
		return "[" + strings.Join(parts, ", ") + "]", nil
	case isMap(v.Type()):
		var parts []string
		for it := v.ElementIterator(); it.Next(); {
			k, e := it.Element()
			inner := r
			if t := s.lookup(r.name); r.name != "JSON" && t != nil && t.field(k.AsString()) != nil {
				inner = t.field(k.AsString()).typ
			}
			text, err := s.literalText(e, inner)
			if err != nil {
				return "", err
			}
			parts = append(parts, k.AsString()+": "+text)
		}
		return "{" + strings.Join(parts, ", ") + "}", nil
	case s.kindOf(r.name) == enumKind && v.Type() == cty.String:
		return v.AsString(), nil
	}
	w := &sender{s: s}
	err := w.value(v, r)
	return string(w.b), err
}
