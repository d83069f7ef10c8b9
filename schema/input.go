package schema

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// maxInputFields is how many fields of one argument are visited (PLATFORM 3.10). The service checks the rest.
const maxInputFields = 5000

// checker checks a value against an input type. What is not known yet is skipped, its type is checked. A null
// is as good as missing, for it will be left out (LANGUAGE 5).
type checker struct {
	*problems
	s        *Schema
	argument string
	offset   int
	path     []string
	visited  int
}

func (s *Schema) checker(p *problems, argument string) *checker {
	return &checker{problems: p, s: s, argument: argument, offset: -1}
}

func (c *checker) problem(summary, detail string) {
	c.at(c.argument, c.path, c.offset, summary, detail)
}

// inside runs f with one more part of the path.
func (c *checker) inside(part string, f func()) {
	c.path = append(c.path, part)
	f()
	c.path = c.path[:len(c.path)-1]
}

// value checks v, of which secret says that it must not be quoted.
func (c *checker) value(v cty.Value, r *ref, secret bool) {
	if c.enough() {
		return
	}
	if v.IsMarked() {
		v, _ = v.Unmark()
		secret = true
	}
	if !v.IsKnown() {
		if v = withParts(v.Type()); v == cty.NilVal {
			return
		}
	} else if v.IsNull() {
		return
	}
	if r.elem != nil {
		c.list(v, r, secret)
		return
	}
	t := c.s.lookup(r.name)
	if t != nil && t.kind == inputKind {
		c.object(v, t, secret)
		return
	}
	if r.name != "JSON" {
		c.leaf(v, r, t, secret)
	}
}

// withParts is an unknown value of a type as one whose parts are unknown, or NilVal if nothing can be said.
func withParts(t cty.Type) cty.Value {
	switch {
	case t == cty.DynamicPseudoType:
		return cty.NilVal
	case t.IsObjectType():
		attrs := map[string]cty.Value{}
		for name, at := range t.AttributeTypes() {
			attrs[name] = cty.UnknownVal(at)
		}
		return cty.ObjectVal(attrs)
	case t.IsTupleType():
		var elems []cty.Value
		for _, et := range t.TupleElementTypes() {
			elems = append(elems, cty.UnknownVal(et))
		}
		return cty.TupleVal(elems)
	case t.IsListType(), t.IsSetType():
		return cty.TupleVal([]cty.Value{cty.UnknownVal(t.ElementType())})
	}
	return cty.UnknownVal(t)
}

func isList(t cty.Type) bool { return t.IsTupleType() || t.IsListType() || t.IsSetType() }
func isMap(t cty.Type) bool  { return t.IsObjectType() || t.IsMapType() }

// list checks the elements; a single value is taken for a list of one, as GraphQL does.
func (c *checker) list(v cty.Value, r *ref, secret bool) {
	if !isList(v.Type()) {
		if isMap(v.Type()) && c.s.kindOf(r.base()) != inputKind && r.base() != "JSON" {
			c.wrongType(v, r)
			return
		}
		c.value(v, r.elem, secret)
		return
	}
	i := 0
	for it := v.ElementIterator(); it.Next() && c.visited < maxInputFields; i++ {
		_, e := it.Element()
		c.visited++
		c.inside(strconv.Itoa(i), func() { c.value(e, r.elem, secret) })
	}
}

func (c *checker) wrongType(v cty.Value, r *ref) {
	c.problem("Wrong type of value", capital(c.s.needs(r))+" is needed here, not "+typeName(v.Type())+".")
}

func (c *checker) object(v cty.Value, t *typ, secret bool) {
	if !isMap(v.Type()) {
		c.wrongType(v, &ref{name: t.name})
		return
	}
	if !v.IsKnown() {
		return // a map whose keys are not known
	}
	given := map[string]bool{}
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		name := k.AsString()
		if c.visited++; c.visited > maxInputFields {
			return
		}
		f := t.field(name)
		if f == nil {
			c.noKey(t, name, secret)
			continue
		}
		plain, _ := e.Unmark()
		given[name] = !plain.IsKnown() || !plain.IsNull()
		c.inside(name, func() { c.value(e, f.typ, secret) })
	}
	c.missing(t, given)
}

func (c *checker) noKey(t *typ, name string, secret bool) {
	part, detail := shownPart(name), fmt.Sprintf("%s has no key %s.%s", t.name, shown(name), unknown(name, names(t.fields)))
	if secret {
		part, detail = "(sensitive)", fmt.Sprintf("The object is sensitive and has a key that %s has not.", t.name)
	}
	c.inside(part, func() { c.problem("There is no such key", detail) })
}

// missing tells which required keys are not there.
func (c *checker) missing(t *typ, given map[string]bool) {
	for _, f := range t.fields {
		if f.required() && !given[f.name] {
			c.problem("A required key is missing", fmt.Sprintf("%s needs %s: %s.", t.name, f.name, c.s.needs(f.typ)))
		}
	}
}

// leaf checks a scalar or an enum. Values are converted as the language converts them: "5" is a number.
func (c *checker) leaf(v cty.Value, r *ref, t *typ, secret bool) {
	if !v.Type().IsPrimitiveType() {
		c.wrongType(v, r)
		return
	}
	if !v.IsKnown() {
		if lt := leafOf(r.name).inputType(); lt == cty.Number && v.Type() == cty.Bool || lt == cty.Bool && v.Type() == cty.Number {
			c.wrongType(v, r)
		}
		return
	}
	out, err := lang.Convert(v, leafOf(r.name).inputType())
	if err != nil {
		c.wrongType(v, r)
		return
	}
	ok, why := true, ""
	switch {
	case t != nil && t.options() != nil:
		c.option(out.AsString(), t, secret)
	case r.name == "Int":
		ok, why = checkInt(out.AsBigFloat())
	default:
		ok, why = checkFormat(r.name, out)
	}
	if !ok {
		given := ""
		if !secret && out.Type() == cty.String {
			given = ", not " + shown(out.AsString())
		}
		c.problem("Wrong form of value", capital(c.s.needs(r))+" is needed here"+given+"."+why)
	}
}

func (c *checker) option(given string, t *typ, secret bool) {
	options := t.options()
	if slices.Contains(options, given) {
		return
	}
	if secret {
		c.problem("There is no such value", fmt.Sprintf("The value is sensitive, and none of %s.", t.name))
		return
	}
	c.problem("There is no such value", fmt.Sprintf("%s is no value of %s.%s", shown(given), t.name, unknown(given, options)))
}

func checkInt(n *big.Float) (ok bool, why string) {
	if !n.IsInt() {
		return false, " The value has a fraction."
	}
	i, acc := n.Int64()
	return acc == big.Exact && i >= -1<<31 && i < 1<<31, " It must fit 32 bits."
}

// shownPart is a name from a blueprint as a part of a path.
func shownPart(name string) string {
	s := shown(name)
	return s[1 : len(s)-1]
}
