package graph

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// Limits of an answer; a request that goes beyond them gets an error and no data.
const (
	maxGroups = 20_000    // different fields at different places
	maxNodes  = 50_000    // records
	maxBytes  = 32 << 20  // bytes of data
	maxScan   = 3_000_000 // records looked at
)

// executor answers one operation.
type executor struct {
	ctx       context.Context
	a         *Account
	m         *model
	caller    Caller
	fragments map[string]*ast.FragmentDefinition
	vars      map[string]any
	hooks     Hooks
	refuse    func(string) (string, string, bool)
	roots     []string

	me      *record
	path    []any
	errs    []Error
	nodes   int
	groups  int
	scanned int
	fatal   string
	now     string
	scopes  map[string]bool
}

func execute(ctx context.Context, a *Account, c Caller, r Request) Response {
	m := a.world.model
	if len(r.Query) > MaxQueryBytes {
		return refused(fmt.Sprintf("Query is too long: %d bytes, at most %d are accepted", len(r.Query), MaxQueryBytes))
	}
	if cached, ok := m.cachedIntrospection(r); ok {
		return cached
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: r.Query}, maxTokens)
	if err != nil {
		return Response{Errors: []Error{parseError(err)}, Cost: 1}
	}
	op, problem := chooseOperation(doc, r.OperationName)
	if problem != "" {
		return refused(problem)
	}
	if errs := m.validate(doc, op); len(errs) > 0 {
		return Response{Errors: errs, Cost: 1}
	}
	vars, errs := m.coerceVariables(op, r.Variables)
	if len(errs) > 0 {
		return Response{Errors: errs, Cost: 1}
	}
	x := &executor{ctx: ctx, a: a, m: m, caller: c, fragments: byName(doc.Fragments), vars: vars, hooks: a.world.currentHooks(), refuse: r.Refuse,
		now: timestamp(a.world.opts.Now()), scopes: map[string]bool{}}
	x.findMe()
	response := x.run(op)
	m.cacheIntrospection(r, op, response)
	return response
}

func byName(list ast.FragmentDefinitionList) map[string]*ast.FragmentDefinition {
	out := make(map[string]*ast.FragmentDefinition, len(list))
	for _, f := range list {
		out[f.Name] = f
	}
	return out
}

func refused(message string) Response { return Response{Errors: []Error{{Message: message}}, Cost: 1} }

func parseError(err error) Error {
	e := Error{Message: "Parse error: " + err.Error(), Extensions: map[string]any{"code": "parseError"}}
	if g, ok := err.(*gqlerror.Error); ok {
		e.Message = "Parse error: " + g.Message
		for _, l := range g.Locations {
			e.Locations = append(e.Locations, Location{l.Line, l.Column})
		}
	}
	return e
}

func chooseOperation(doc *ast.QueryDocument, name string) (*ast.OperationDefinition, string) {
	var op *ast.OperationDefinition
	switch {
	case len(doc.Operations) == 0:
		return nil, "No query string was present"
	case name != "":
		if op = doc.Operations.ForName(name); op == nil {
			return nil, fmt.Sprintf("No operation named %q", cut(name))
		}
	case len(doc.Operations) > 1:
		return nil, "An operation name is required"
	default:
		op = doc.Operations[0]
	}
	if op.Operation == ast.Subscription {
		return nil, "Schema is not configured for subscriptions"
	}
	return op, ""
}

// run executes an operation whose document is valid.
func (x *executor) run(op *ast.OperationDefinition) Response {
	root := x.m.schema.Query
	if op.Operation == ast.Mutation {
		root = x.m.schema.Mutation
	}
	b, ok := x.object(make([]byte, 0, 4096), rootObject{root}, root, &selection{sets: []ast.SelectionSet{op.SelectionSet}})
	x.a.world.changes.tell()
	return x.response(b, ok)
}

func (x *executor) response(b []byte, ok bool) Response {
	if x.fatal == "" && x.ctx.Err() != nil {
		x.fatal = "The request was cancelled"
	}
	if x.fatal != "" {
		return Response{Data: json.RawMessage("null"), Errors: append(x.errs, Error{Message: x.fatal}), Roots: x.roots, Cost: 1 + x.nodes/10}
	}
	if !ok {
		b = []byte("null")
	}
	return Response{Data: b, Errors: x.errs, Roots: x.roots, Cost: 1 + x.nodes/10}
}

// selection is what is selected at one place: several selection sets where a field is selected more than once.
type selection struct {
	sets   []ast.SelectionSet
	byType map[*ast.Definition][]*group
}

// group is one key of an answer.
type group struct {
	alias any    // its name in the answer
	key   []byte // the same, as JSON with the colon
	field *ast.Field
	def   *ast.FieldDefinition
	info  *fieldInfo // nil for introspection
	named *ast.Definition
	args  map[string]any
	sub   *selection
}

// collect gives the fields selected for an object type, in order, each once.
func (x *executor) collect(s *selection, def *ast.Definition) []*group {
	if groups, ok := s.byType[def]; ok {
		return groups
	}
	c := collector{x: x, def: def, at: map[string]*group{}, seen: map[string]bool{}}
	for _, set := range s.sets {
		c.add(set)
	}
	if s.byType == nil {
		s.byType = map[*ast.Definition][]*group{}
	}
	s.byType[def] = c.groups
	return c.groups
}

type collector struct {
	x      *executor
	def    *ast.Definition
	groups []*group
	at     map[string]*group
	seen   map[string]bool // fragments
}

func (c *collector) add(set ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if c.x.included(s.Directives) {
				c.field(s)
			}
		case *ast.InlineFragment:
			if c.x.included(s.Directives) && c.applies(s.TypeCondition) {
				c.add(s.SelectionSet)
			}
		case *ast.FragmentSpread:
			f := c.x.fragments[s.Name]
			if !c.seen[s.Name] && c.x.included(s.Directives) && f != nil && c.applies(f.TypeCondition) {
				c.seen[s.Name] = true
				c.add(f.SelectionSet)
			}
		}
	}
}

func (c *collector) applies(condition string) bool {
	if condition == "" || condition == c.def.Name {
		return true
	}
	t := c.x.m.types[condition]
	return t != nil && t.possible[c.def.Name]
}

func (c *collector) field(f *ast.Field) {
	if g := c.at[f.Alias]; g != nil {
		if g.field.Name != f.Name || !sameArguments(g.field.Arguments, f.Arguments) {
			c.x.fail(f.Position, "Field '%s' has an argument or field conflict with another field of that name", f.Alias)
			return
		}
		if g.sub != nil {
			g.sub.sets = append(g.sub.sets, f.SelectionSet)
		}
		return
	}
	if c.x.groups++; c.x.groups > maxGroups {
		c.x.fatal = "Query is too complex: it selects too many fields"
		return
	}
	def := fieldOf(c.x.m, c.def, f.Name)
	if def == nil {
		return
	}
	g := &group{alias: f.Alias, key: append(appendString(nil, f.Alias), ':'), field: f, def: def, named: c.x.m.schema.Types[def.Type.Name()]}
	if t := c.x.m.types[c.def.Name]; t != nil {
		g.info = t.fields[f.Name]
	}
	g.args = c.x.arguments(f, def)
	if !g.named.IsLeafType() {
		g.sub = &selection{sets: []ast.SelectionSet{f.SelectionSet}}
	}
	c.at[f.Alias] = g
	c.groups = append(c.groups, g)
}

func sameArguments(a, b ast.ArgumentList) bool {
	if len(a) != len(b) {
		return false
	}
	for _, arg := range a {
		other := b.ForName(arg.Name)
		if other == nil || other.Value.String() != arg.Value.String() {
			return false
		}
	}
	return true
}

func (x *executor) arguments(f *ast.Field, def *ast.FieldDefinition) map[string]any {
	if len(def.Arguments) == 0 {
		return nil
	}
	args := map[string]any{}
	for _, d := range def.Arguments {
		value := d.DefaultValue
		if given := f.Arguments.ForName(d.Name); given != nil && !absent(given.Value, x.vars) {
			value = given.Value
		}
		if value == nil {
			continue
		}
		v, p := x.m.literal(value, d.Type, x.vars)
		if p != nil {
			x.path = append(x.path, f.Alias)
			x.fail(f.Position, "Argument '%s' on Field '%s' has an invalid value (%s)", d.Name, f.Name, p.text)
			x.path = x.path[:len(x.path)-1]
			x.fatal = "Arguments are invalid"
			continue
		}
		args[d.Name] = v
	}
	return args
}

func (x *executor) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		arg := d.Arguments.ForName("if")
		if arg == nil {
			continue
		}
		v, _ := x.m.literal(arg.Value, ast.NonNullNamedType("Boolean", nil), x.vars)
		if on, _ := v.(bool); on == (d.Name == "skip") {
			return false
		}
	}
	return true
}

// fail adds an error at the current path.
func (x *executor) fail(pos *ast.Position, format string, args ...any) {
	if len(x.errs) < maxErrors {
		x.errs = append(x.errs, Error{Message: fmt.Sprintf(format, args...), Locations: locations(pos), Path: append([]any(nil), x.path...)})
	}
}
