package lang

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// checker looks into every part of an expression, also those that evaluation would pass over: the branches
// of a conditional, the right side of && and ||, the body of a `for` over something not yet known.
type checker struct {
	scope   *Scope
	ctx     []*hcl.EvalContext
	fors    []*hclsyntax.ForExpr
	lenient int // inside try and can, whose arguments may fail
	diags   hcl.Diagnostics
}

// check evaluates e in a static scope and reports everything that is wrong with it.
func (s *Scope) check(e hclsyntax.Expression) (cty.Value, hcl.Diagnostics) {
	if isConstant(e) {
		return Value(e, s.ctx)
	}
	c := &checker{scope: s, ctx: []*hcl.EvalContext{s.ctx}}
	// Walk's own diagnostics are those of Enter and Exit, which return none.
	_ = hclsyntax.Walk(e, c)
	v, diags := Value(e, s.ctx)
	c.add(diags)
	if c.diags.HasErrors() {
		v = cty.DynamicVal
	}
	return v, c.diags
}

// isConstant says whether an expression is a plain literal, as most arguments are: there is nothing to look
// into.
func isConstant(e hclsyntax.Expression) bool {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return true
	case *hclsyntax.TemplateExpr:
		return e.IsStringLiteral()
	}
	return false
}

// add keeps diagnostics that say something new: an evaluation repeats, in other words, what a reference
// check has already said of a part of it.
func (c *checker) add(diags hcl.Diagnostics) {
	for _, d := range diags {
		if d.Subject != nil && slices.ContainsFunc(c.diags, func(old *hcl.Diagnostic) bool { return covers(d, old) }) {
			continue
		}
		c.diags = append(c.diags, d)
	}
}

func covers(d, old *hcl.Diagnostic) bool {
	return old.Subject != nil && (d.Subject.Overlaps(*old.Subject) || *d.Subject == *old.Subject)
}

func (c *checker) top() *hcl.EvalContext { return c.ctx[len(c.ctx)-1] }

// Enter is called by hclsyntax.Walk before a node's children.
func (c *checker) Enter(n hclsyntax.Node) hcl.Diagnostics {
	switch n := unwrapNode(n).(type) {
	case *hclsyntax.ScopeTraversalExpr:
		c.traversal(n.Traversal)
	case *hclsyntax.ForExpr:
		c.fors = append(c.fors, n)
	case hclsyntax.ChildScope:
		c.ctx = append(c.ctx, c.iteration(c.fors[len(c.fors)-1]))
		c.try(n.Expr)
	case *hclsyntax.ConditionalExpr:
		c.try(n.TrueResult)
		c.try(n.FalseResult)
	case *hclsyntax.BinaryOpExpr:
		if n.Op == hclsyntax.OpLogicalAnd || n.Op == hclsyntax.OpLogicalOr {
			c.try(n.RHS)
		}
	case *hclsyntax.FunctionCallExpr:
		c.function(n)
	}
	return nil
}

// function checks that a function exists, also where evaluation may not reach its call.
func (c *checker) function(n *hclsyntax.FunctionCallExpr) {
	if n.Name == "try" || n.Name == "can" {
		c.lenient++
	}
	var known []string
	for ctx := c.top(); ctx != nil; ctx = ctx.Parent() {
		if _, ok := ctx.Functions[n.Name]; ok {
			return
		}
		known = slices.AppendSeq(known, maps.Keys(ctx.Functions))
	}
	slices.Sort(known)
	c.add(hcl.Diagnostics{diagAt(n.NameRange, "Call to unknown function", fmt.Sprintf("There is no function named %q.%s", n.Name, DidYouMean(n.Name, known)))})
}

// Exit is called by hclsyntax.Walk after a node's children.
func (c *checker) Exit(n hclsyntax.Node) hcl.Diagnostics {
	switch n := unwrapNode(n).(type) {
	case *hclsyntax.ForExpr:
		c.fors = c.fors[:len(c.fors)-1]
	case hclsyntax.ChildScope:
		c.ctx = c.ctx[:len(c.ctx)-1]
	case *hclsyntax.FunctionCallExpr:
		if n.Name == "try" || n.Name == "can" {
			c.lenient--
		}
	}
	return nil
}

// try evaluates a part that the whole may not evaluate. Its own references come first, for they are the
// better words; they are found by the walk, after this, so only what the walk cannot find is kept.
func (c *checker) try(e hclsyntax.Expression) {
	if c.lenient > 0 {
		return
	}
	sub := &checker{scope: c.scope, ctx: []*hcl.EvalContext{c.top()}}
	_ = hclsyntax.Walk(e, referencesOnly{sub})
	_, diags := Value(e, c.loose(e))
	sub.add(diags)
	c.add(sub.diags)
}

// loose is the context in which a part that may not be evaluated is judged: by the types of what it names
// alone. That a list is empty, or a variable null, is what such a part is guarded against.
func (c *checker) loose(e hclsyntax.Expression) *hcl.EvalContext {
	child := c.top().NewChild()
	for _, t := range References(e) {
		root := t.RootName()
		if v, ok := lookup(c.top(), root); ok && child.Variables[root] == cty.NilVal {
			if child.Variables == nil {
				child.Variables = map[string]cty.Value{}
			}
			child.Variables[root] = cty.UnknownVal(LooseType(v.Type()))
		}
	}
	return child
}

// LooseType is a type without what depends on values: the length of a tuple.
func LooseType(t cty.Type) cty.Type {
	switch {
	case t.IsTupleType():
		return cty.DynamicPseudoType
	case t.IsObjectType():
		attrs := t.AttributeTypes()
		out := make(map[string]cty.Type, len(attrs))
		for name, at := range attrs {
			out[name] = LooseType(at)
		}
		return cty.Object(out)
	case t.IsCollectionType() && !t.ElementType().IsPrimitiveType():
		if LooseType(t.ElementType()).HasDynamicTypes() {
			return cty.DynamicPseudoType
		}
	}
	return t
}

// referencesOnly walks an expression for its references alone.
type referencesOnly struct{ *checker }

func (r referencesOnly) Enter(n hclsyntax.Node) hcl.Diagnostics {
	switch n := unwrapNode(n).(type) {
	case *hclsyntax.ScopeTraversalExpr:
		r.traversal(n.Traversal)
	case *hclsyntax.ForExpr:
		r.fors = append(r.fors, n)
	case hclsyntax.ChildScope:
		r.ctx = append(r.ctx, r.iteration(r.fors[len(r.fors)-1]))
	case *hclsyntax.FunctionCallExpr:
		r.function(n)
	}
	return nil
}

// iteration is the context of one turn of a `for`, with the element's type where it is known.
func (c *checker) iteration(e *hclsyntax.ForExpr) *hcl.EvalContext {
	coll, diags := Value(e.CollExpr, c.top())
	key, val := cty.DynamicVal, cty.DynamicVal
	if !diags.HasErrors() {
		unmarked, marks := coll.Unmark()
		key, val = ElementTypes(unmarked)
		key, val = key.WithMarks(marks), val.WithMarks(marks)
	}
	child := c.top().NewChild()
	child.Variables = map[string]cty.Value{e.ValVar: val}
	if e.KeyVar != "" {
		child.Variables[e.KeyVar] = key
	}
	return child
}

// ElementTypes are unknowns of the key's and the element's type of a collection.
func ElementTypes(coll cty.Value) (key, val cty.Value) {
	key, val = cty.DynamicVal, cty.DynamicVal
	t := coll.Type()
	switch {
	case t.IsListType():
		key, val = cty.UnknownVal(cty.Number), cty.UnknownVal(t.ElementType())
	case t.IsMapType():
		key, val = cty.UnknownVal(cty.String), cty.UnknownVal(t.ElementType())
	case t.IsSetType():
		key, val = cty.UnknownVal(t.ElementType()), cty.UnknownVal(t.ElementType())
	case t.IsTupleType():
		key, val = cty.UnknownVal(cty.Number), cty.UnknownVal(commonType(t.TupleElementTypes()))
	case t.IsObjectType():
		key = cty.UnknownVal(cty.String)
		var types []cty.Type
		for _, at := range t.AttributeTypes() {
			types = append(types, at)
		}
		val = cty.UnknownVal(commonType(types))
	}
	return key, val
}

// commonType is the type that all have, or any.
func commonType(types []cty.Type) cty.Type {
	if len(types) == 0 {
		return cty.DynamicPseudoType
	}
	for _, t := range types[1:] {
		if !t.Equals(types[0]) {
			return cty.DynamicPseudoType
		}
	}
	return types[0]
}

// traversal checks a reference step by step as far as its types are known.
func (c *checker) traversal(t hcl.Traversal) {
	root := t.RootName()
	v, ok := lookup(c.top(), root)
	if !ok {
		c.unknownRoot(t)
		return
	}
	typ := v.Type()
	for i, step := range t[1:] {
		name, ok := stepName(step)
		if !ok || !typ.IsObjectType() {
			switch {
			case typ.IsMapType() || typ.IsListType():
				typ = typ.ElementType()
				continue
			}
			return
		}
		if !typ.HasAttribute(name) {
			// Inside try and can only names of the blueprint must exist: what they hold may be missing.
			if c.lenient == 0 || (i == 0 && isNamespace(root)) {
				c.add(hcl.Diagnostics{c.unknownAttribute(t, i, name, typ)})
			}
			return
		}
		typ = typ.AttributeType(name)
	}
}

func stepName(step hcl.Traverser) (string, bool) {
	switch step := step.(type) {
	case hcl.TraverseAttr:
		return step.Name, true
	case hcl.TraverseIndex:
		if k, _ := step.Key.Unmark(); k.Type() == cty.String && k.IsKnown() && !k.IsNull() {
			return k.AsString(), true
		}
	}
	return "", false
}

// namespaces are the root names whose first part is a name of the blueprint, with the word for it.
var namespaces = map[string]string{
	"var": "variable", "local": "local value", "step": "step", "state": "state", "app": "app",
	"connection": "connection", "runbook": "runbook",
}

func isNamespace(root string) bool { return namespaces[root] != "" }

func (c *checker) unknownRoot(t hcl.Traversal) {
	root := t.RootName()
	first := ""
	if len(t) > 1 {
		first, _ = stepName(t[1])
	}
	if c.scope.explain != nil {
		if why := c.scope.explain(root, first); why != "" {
			c.add(hcl.Diagnostics{diagAt(t.SourceRange(), "Name not available here", why)})
			return
		}
	}
	detail := fmt.Sprintf("There is no %q here.%s", root, DidYouMean(root, names(c.top())))
	if len(t) == 1 {
		detail += fmt.Sprintf(" A text is written in quotes: %q.", root)
	}
	c.add(hcl.Diagnostics{diagAt(t.SourceRange(), "Unknown name", detail)})
}

func (c *checker) unknownAttribute(t hcl.Traversal, i int, name string, typ cty.Type) *hcl.Diagnostic {
	root := t.RootName()
	at := t[i+1].SourceRange()
	at = hcl.RangeBetween(t[0].SourceRange(), at)
	var known []string
	for n := range typ.AttributeTypes() {
		known = append(known, n)
	}
	slices.Sort(known)
	if what := namespaces[root]; what != "" && i == 0 {
		if c.scope.explain != nil {
			if why := c.scope.explain(root, name); why != "" {
				return diagAt(at, "Name not available here", why)
			}
		}
		return diagAt(at, "Reference to undeclared "+what,
			fmt.Sprintf("There is no %s named %q here.%s", what, name, DidYouMean(name, known)))
	}
	detail := fmt.Sprintf("%s has no attribute %q.%s", traversalText(t[:i+1]), name, DidYouMean(name, known))
	if Suggest(name, known) == "" && len(known) > 0 && len(known) <= 12 {
		detail += " It has " + quotedList(known) + "."
	}
	return diagAt(at, "Unsupported attribute", detail)
}

func quotedList(names []string) string {
	out := ""
	for i, n := range names {
		switch {
		case i > 0 && i == len(names)-1:
			out += " and "
		case i > 0:
			out += ", "
		}
		out += fmt.Sprintf("%q", n)
	}
	return out
}

// traversalText is a reference as it is written.
func traversalText(t hcl.Traversal) string {
	out := ""
	for _, step := range t {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			out += step.Name
		case hcl.TraverseAttr:
			out += "." + step.Name
		case hcl.TraverseIndex:
			k, _ := step.Key.Unmark()
			switch {
			case k.Type() == cty.String && k.IsKnown() && !k.IsNull():
				out += fmt.Sprintf("[%q]", k.AsString())
			case k.Type() == cty.Number && k.IsKnown() && !k.IsNull():
				out += "[" + k.AsBigFloat().Text('f', -1) + "]"
			}
		case hcl.TraverseSplat:
			out += "[*]"
		}
	}
	return out
}

// unwrapNode is the node that the budget's wrapper holds, or the node itself.
func unwrapNode(n hclsyntax.Node) hclsyntax.Node {
	for {
		w, ok := n.(interface{ unmetered() hclsyntax.Expression })
		if !ok {
			return n
		}
		n = w.unmetered()
	}
}
