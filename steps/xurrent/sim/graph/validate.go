package graph

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Limits of a request; what goes beyond them is refused with an error.
const (
	MaxQueryBytes = 256 << 10 // bytes of query text
	MaxDepth      = 25        // fields inside fields
	maxTokens     = 60_000    // words and signs of the query text
	maxErrors     = 50        // validation errors that are listed
)

// checker validates a document before it is executed. Its messages are those of the service (PLATFORM 3.2).
type checker struct {
	m     *model
	doc   *ast.QueryDocument
	named map[string]*ast.FragmentDefinition
	path  []any
	errs  []Error
	// uses holds where variables are used, by definition (operation or fragment).
	uses     map[any][]variableUse
	spreads  map[any][]string
	current  any
	depths   map[string]int
	visiting map[string]bool
}

type variableUse struct {
	name       string
	argument   string
	want       *ast.Type
	hasDefault bool
	pos        *ast.Position
}

// validate checks the operation and all fragments of a document.
func (m *model) validate(doc *ast.QueryDocument, op *ast.OperationDefinition) []Error {
	c := &checker{m: m, doc: doc, named: byName(doc.Fragments), uses: map[any][]variableUse{}, spreads: map[any][]string{}, depths: map[string]int{}, visiting: map[string]bool{}}
	if c.fragments(); len(c.errs) > 0 {
		return c.errs
	}
	root := m.schema.Query
	if op.Operation == ast.Mutation {
		root = m.schema.Mutation
	}
	name := string(op.Operation)
	if op.Name != "" {
		name += " " + op.Name
	}
	c.current = op
	c.path = []any{name}
	c.directives(op.Directives)
	c.selection(op.SelectionSet, root)
	c.variables(op)
	if d := c.depth(op.SelectionSet); d > MaxDepth {
		c.path = nil
		c.fail(op.Position, nil, "Query has depth of %d, which exceeds max depth of %d", d, MaxDepth)
	}
	return c.errs
}

// fragments checks the fragments themselves: names, cycles, and their selections.
func (c *checker) fragments() {
	for _, f := range c.doc.Fragments {
		c.path = []any{"fragment " + f.Name}
		if c.named[f.Name] != f {
			c.fail(f.Position, map[string]any{"code": "fragmentNotUnique", "fragmentName": f.Name}, "Fragment name %q must be unique", f.Name)
		}
		c.current = f
		if def := c.condition(f.TypeCondition, f.Position); def != nil {
			c.directives(f.Directives)
			c.selection(f.SelectionSet, def)
		}
	}
	state := map[string]int{}
	for _, f := range c.doc.Fragments {
		if c.cyclic(f, state) {
			c.path = []any{"fragment " + f.Name}
			c.fail(f.Position, map[string]any{"code": "infiniteLoop", "fragmentName": f.Name}, "Fragment %s contains an infinite loop", f.Name)
			return
		}
	}
}

func (c *checker) cyclic(f *ast.FragmentDefinition, state map[string]int) bool {
	const open, done = 1, 2
	switch state[f.Name] {
	case open:
		return true
	case done:
		return false
	}
	state[f.Name] = open
	defer func() { state[f.Name] = done }()
	for _, name := range c.spreads[f] {
		if g := c.named[name]; g != nil && c.cyclic(g, state) {
			return true
		}
	}
	return false
}

// condition finds the type of a fragment.
func (c *checker) condition(name string, pos *ast.Position) *ast.Definition {
	def := c.m.schema.Types[name]
	if def == nil {
		c.fail(pos, map[string]any{"code": "undefinedType", "typeName": name}, "No such type %s, so it can't be a fragment condition", name)
		return nil
	}
	if !def.IsCompositeType() {
		c.fail(pos, map[string]any{"code": "fragmentOnNonCompositeType", "typeName": name}, "Invalid fragment on type %s (must be Union, Interface or Object)", name)
		return nil
	}
	return def
}

func (c *checker) selection(set ast.SelectionSet, parent *ast.Definition) {
	seen := map[string]*ast.Field{}
	for _, s := range set {
		if len(c.errs) >= maxErrors {
			return
		}
		mark := len(c.path)
		switch s := s.(type) {
		case *ast.Field:
			if first := seen[s.Alias]; first != nil && first.Name != s.Name {
				c.fail(first.Position, map[string]any{"code": "fieldConflict", "fieldName": s.Alias, "conflicts": first.Name + " or " + s.Name},
					"Field '%s' has a field conflict: %s or %s?", s.Alias, first.Name, s.Name)
			}
			seen[s.Alias] = s
			c.path = append(c.path, s.Alias)
			c.field(s, parent)
		case *ast.InlineFragment:
			def := parent
			if s.TypeCondition != "" {
				c.path = append(c.path, "... on "+s.TypeCondition)
				def = c.condition(s.TypeCondition, s.Position)
			}
			c.directives(s.Directives)
			if def != nil && c.spread(def, parent, s.Position, "Fragment") {
				c.selection(s.SelectionSet, def)
			}
		case *ast.FragmentSpread:
			c.path = append(c.path, "... "+s.Name)
			c.directives(s.Directives)
			f := c.named[s.Name]
			if f == nil {
				c.fail(s.Position, map[string]any{"code": "useAndDefineFragment", "fragmentName": s.Name}, "Fragment %s was used, but not defined", s.Name)
				break
			}
			c.spreads[c.current] = append(c.spreads[c.current], s.Name)
			if def := c.m.schema.Types[f.TypeCondition]; def != nil {
				c.spread(def, parent, s.Position, "Fragment "+s.Name)
			}
		}
		c.path = c.path[:mark]
	}
}

// spread says whether values of type parent can ever be of type def.
func (c *checker) spread(def, parent *ast.Definition, pos *ast.Position, what string) bool {
	if def == parent {
		return true
	}
	if a, b := c.m.types[def.Name], c.m.types[parent.Name]; a != nil && b != nil {
		for name := range a.possible {
			if b.possible[name] {
				return true
			}
		}
	}
	c.fail(pos, map[string]any{"code": "cannotSpreadFragment", "typeName": def.Name, "parentName": parent.Name},
		"%s on %s can't be spread inside %s", what, def.Name, parent.Name)
	return false
}

func (c *checker) field(f *ast.Field, parent *ast.Definition) {
	c.directives(f.Directives)
	def := fieldOf(c.m, parent, f.Name)
	if def == nil {
		c.fail(f.Position, map[string]any{"code": "undefinedField", "typeName": parent.Name, "fieldName": f.Name},
			"Field '%s' doesn't exist on type '%s'", f.Name, parent.Name)
		return
	}
	c.arguments(f, def)
	named := c.m.schema.Types[def.Type.Name()]
	switch {
	case named.IsLeafType() && len(f.SelectionSet) > 0:
		c.fail(f.Position, map[string]any{"code": "selectionMismatch", "nodeName": "field '" + f.Name + "'", "typeName": named.Name},
			"Selections can't be made on scalars (field '%s' returns %s but has selections)", f.Name, named.Name)
	case !named.IsLeafType() && len(f.SelectionSet) == 0:
		c.fail(f.Position, map[string]any{"code": "selectionMismatch", "nodeName": "field '" + f.Name + "'", "typeName": named.Name},
			"Field must have selections (field '%s' returns %s but has no selections. Did you mean '%s { ... }'?)", f.Name, named.Name, f.Name)
	case !named.IsLeafType():
		c.selection(f.SelectionSet, named)
	}
}

var typenameField = &ast.FieldDefinition{Name: "__typename", Type: ast.NonNullNamedType("String", nil)}

func fieldOf(m *model, parent *ast.Definition, name string) *ast.FieldDefinition {
	if name == "__typename" {
		return typenameField
	}
	return parent.Fields.ForName(name)
}

func (c *checker) directives(list ast.DirectiveList) {
	for _, d := range list {
		if d.Name != "skip" && d.Name != "include" {
			c.fail(d.Position, map[string]any{"code": "undefinedDirective", "directiveName": d.Name}, "Directive @%s is not defined", d.Name)
			continue
		}
		def := c.m.schema.Directives[d.Name]
		c.argumentList("Directive", d.Name, d.Arguments, def.Arguments, d.Position)
	}
}

// depth is how many fields lie inside each other. Each fragment is measured once.
func (c *checker) depth(set ast.SelectionSet) int {
	deepest := 0
	for _, s := range set {
		d := 0
		switch s := s.(type) {
		case *ast.Field:
			d = 1 + c.depth(s.SelectionSet)
		case *ast.InlineFragment:
			d = c.depth(s.SelectionSet)
		case *ast.FragmentSpread:
			known, ok := c.depths[s.Name]
			if f := c.named[s.Name]; !ok && f != nil && !c.visiting[s.Name] {
				c.visiting[s.Name] = true
				known = c.depth(f.SelectionSet)
				c.depths[s.Name] = known
			}
			d = known
		}
		deepest = max(deepest, d)
	}
	return deepest
}

func (c *checker) fail(pos *ast.Position, extensions map[string]any, format string, args ...any) {
	if len(c.errs) < maxErrors {
		c.errs = append(c.errs, Error{Message: fmt.Sprintf(format, args...), Locations: locations(pos),
			Path: append([]any(nil), c.path...), Extensions: extensions})
	}
}

func locations(pos *ast.Position) []Location {
	if pos == nil {
		return nil
	}
	return []Location{{Line: pos.Line, Column: pos.Column}}
}

func article(what, name string) string { return strings.TrimSpace(what + " '" + name + "'") }
