package schema

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxInclude is how many names a path of include has (PLATFORM 3.8).
	maxInclude = 6
	// maxIncluded bounds the paths of one include, and maxSelected the fields that they add up to.
	maxIncluded = 1000
	maxSelected = 20_000
	// longName is from which length, in bytes, names are left out of a default selection (PLATFORM 3.8).
	longName = 40
	// manyTypes is up to how many types of an interface or a union the fields are asked for by default. The
	// few that almost everything implements, such as Node, would make selections of thousands of fields.
	manyTypes = 25
)

// included is a tree of the paths of include.
type included struct {
	name  string
	index int // of the first path that names it
	used  bool
	sub   []*included
	names map[string]*included // those of sub
}

func (n *included) child(name string) *included { return n.names[name] }

func (n *included) add(c *included) {
	if n.names == nil {
		n.names = map[string]*included{}
	}
	n.sub, n.names[c.name] = append(n.sub, c), c
}

// includer builds a selection of all scalar fields and of the included objects.
type includer struct {
	*problems
	s     *Schema
	count int
	full  bool
}

// byInclude is the default selection of a type with the paths of include. Of a payload, all its objects are
// included (PLATFORM 3.8).
func (s *Schema) byInclude(p *problems, on string, include []string, payload bool) *Selection {
	b := &includer{problems: p, s: s}
	tree := b.tree(include)
	if t := s.lookup(on); payload && t != nil {
		for _, f := range t.fields {
			if s.isComposite(f.typ.base()) && !f.needsArguments() && tree.child(f.name) == nil {
				tree.add(&included{name: f.name, index: -1})
			}
		}
	}
	return b.build(on, tree)
}

func (b *includer) tree(include []string) *included {
	root := &included{}
	if len(include) > maxIncluded {
		b.add("include", nil, "Too many paths", fmt.Sprintf("At most %d paths can be included.", maxIncluded))
		include = include[:maxIncluded]
	}
	for i, path := range include {
		parts := strings.Split(path, ".")
		if len(parts) > maxInclude {
			b.add("include", []string{strconv.Itoa(i)}, "The path is too long",
				fmt.Sprintf("%s has %d names; at most %d are followed.", shown(path), len(parts), maxInclude))
			continue
		}
		at := root
		for _, name := range parts {
			next := at.child(name)
			if next == nil {
				next = &included{name: name, index: i}
				at.add(next)
			}
			at = next
		}
	}
	return root
}

func (b *includer) build(on string, tree *included) *Selection {
	sel := newSelection(b.s, on)
	t := b.s.lookup(on)
	for _, f := range t.fields {
		b.field(sel, f, tree, nil)
	}
	if t.kind != objectKind {
		for _, name := range t.possible {
			if pt := b.s.lookup(name); pt != nil {
				b.member(sel, t, pt, tree)
			}
		}
	}
	for _, c := range tree.sub {
		if !c.used && !b.enough() {
			b.refuse(t, c)
		}
	}
	if len(sel.fields) == 0 {
		if f := t.field("id"); f != nil && !b.s.isComposite(f.typ.base()) {
			sel.add(leafField(f, "id", nil))
		}
	}
	return sel.finish()
}

// member adds the fields of one type of an interface or a union that the interface itself has not. Of fields
// of one name but several types the first wins (PLATFORM 3.8).
func (b *includer) member(sel *Selection, abstract, t *typ, tree *included) {
	many := len(abstract.possible) > manyTypes
	for _, f := range t.fields {
		if abstract.field(f.name) == nil && (!many || tree.child(f.name) != nil) {
			b.field(sel, f, tree, []string{t.name})
		}
	}
}

func (b *includer) field(sel *Selection, f *field, tree *included, on []string) {
	c := tree.child(f.name)
	composite := b.s.isComposite(f.typ.base())
	switch {
	case f.needsArguments(), f.name == "pageInfo", c == nil && (composite || f.name == "totalCount" || len(f.name) > longName):
		return
	case c != nil && !composite && len(on) > 0:
		return // another type's field of this name may be the object that is meant
	}
	if have := sel.get(f.name); have != nil {
		if len(on) > 0 && len(have.on) > 0 && have.ref.String() == f.typ.String() {
			have.on = append(have.on, on...)
		}
		return
	}
	if b.count++; b.count > maxSelected {
		if !b.full {
			b.full = true
			b.add("include", nil, "Too many fields", fmt.Sprintf("Together these paths ask for more than %d fields.", maxSelected))
		}
		return
	}
	if !composite {
		sel.add(leafField(f, f.name, on))
		return // a path through it is refused, for it stays unused
	}
	c.used = true
	n := &selected{key: f.name, name: f.name, on: on, ref: f.typ}
	if conn, nodes := b.s.connection(f.typ.base()); conn != nil {
		n.sub = newSelection(b.s, conn.name)
		n.paged = takesFirst(f) && n.sub.complete()
		n.sub.nodes = len(n.sub.fields)
		n.sub.add(&selected{key: "nodes", name: "nodes", ref: nodes.typ, sub: b.build(nodes.typ.base(), c)})
		n.sub.finish()
	} else {
		n.sub = b.build(f.typ.base(), c)
	}
	sel.add(n)
}

// takesFirst says whether a connection can be asked for a page after another.
func takesFirst(f *field) bool { return find(f.args, "first") != nil && find(f.args, "after") != nil }

// refuse says why a name of a path cannot be included.
func (b *includer) refuse(t *typ, c *included) {
	path := []string{strconv.Itoa(max(c.index, 0))}
	f := t.field(c.name)
	for _, name := range t.possible {
		if pt := b.s.lookup(name); f == nil && pt != nil {
			f = pt.field(c.name)
		}
	}
	switch {
	case f == nil:
		b.add("include", path, "There is no such field",
			fmt.Sprintf("%s has no field %s.%s", t.name, shown(c.name), unknown(c.name, b.objects(t))))
	case f.needsArguments():
		b.add("include", path, "The field needs arguments", fmt.Sprintf("%s cannot be included; ask for it in fields.", f.name))
	case !b.s.isComposite(f.typ.base()):
		b.add("include", path, "The field is no object",
			fmt.Sprintf("%s is %s and part of the result anyway; only objects and lists of objects are included.", f.name, b.s.needs(f.typ)))
	}
}

// objects are the fields of a type that can be included.
func (b *includer) objects(t *typ) []string {
	var out []string
	for _, name := range append([]string{t.name}, t.possible...) {
		pt := b.s.lookup(name)
		if pt == nil {
			continue
		}
		for _, f := range pt.fields {
			if b.s.isComposite(f.typ.base()) && !f.needsArguments() && !slices.Contains(out, f.name) {
				out = append(out, f.name)
			}
		}
	}
	return out
}
