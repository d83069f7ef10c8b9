package lang

import (
	"math/big"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// metered is a node of the syntax tree that is counted when it is evaluated. The interface that it embeds
// gives it the unexported methods of a node, so that walks see the children of the node it holds.
type metered struct{ hclsyntax.Expression }

// UnwrapExpression makes hcl.ExprCall, hcl.AbsTraversalForExpr and the like see what is held.
func (m metered) UnwrapExpression() hcl.Expression { return m.Expression }

// unmetered is the node that is held, for those who walk a tree by type.
func (m metered) unmetered() hclsyntax.Expression { return m.Expression }

// loopNode holds a `for` or a splat.
type loopNode struct{ metered }

func (n *loopNode) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	e := evalOf(ctx)
	if e == nil {
		return n.Expression.Value(ctx)
	}
	if d := e.spend(1, n.Range()); d != nil {
		return cty.DynamicVal, d
	}
	depth := len(e.frames)
	e.frames = append(e.frames, loopFrame{})
	defer func() { e.frames = e.frames[:depth] }()
	if _, ok := n.Expression.(*hclsyntax.SplatExpr); ok {
		// A splat keeps its current item by context: one of its own lets two goroutines share ctx.
		ctx = ctx.NewChild()
	}
	v, diags := n.Expression.Value(ctx)
	if d := e.failed(); d != nil {
		return cty.DynamicVal, d
	}
	return v, diags
}

// indexNode holds an index: what a sensitive key selects is sensitive too, which the library forgets where it
// selects an object's attribute.
type indexNode struct{ metered }

func (n *indexNode) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := n.Expression.Value(ctx)
	if diags.HasErrors() {
		return v, diags
	}
	key, more := n.Expression.(*hclsyntax.IndexExpr).Key.Value(ctx)
	if !more.HasErrors() && key.IsMarked() {
		v = v.WithSameMarks(key)
	}
	return v, diags
}

// sourceNode holds what a `for` or a splat goes through.
type sourceNode struct{ metered }

func (n *sourceNode) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := n.Expression.Value(ctx)
	if e := evalOf(ctx); e != nil && tooLong(v) {
		return cty.DynamicVal, e.exhaust(n.Range(), tooManyElements)
	}
	return v, diags
}

// tooLong says whether v is a collection of more elements than any may have.
func tooLong(v cty.Value) bool { return memberCount(v) > MaxValueElements }

// turnNode holds what a `for` or a splat evaluates again and again.
type turnNode struct {
	metered
	gathers bool // the value, or a key, becomes part of the result
	element bool
}

func (n *turnNode) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	e := evalOf(ctx)
	if e == nil {
		return n.Expression.Value(ctx)
	}
	if d := e.spend(1, n.Range()); d != nil {
		return cty.DynamicVal, d
	}
	v, diags := n.Expression.Value(ctx)
	if n.gathers {
		if d := e.gather(v, n.element, n.Range()); d != nil {
			return cty.DynamicVal, d
		}
	}
	return v, diags
}

// operatorNode holds a binary operator.
type operatorNode struct{ metered }

func (n *operatorNode) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := n.Expression.Value(ctx)
	if n.dividesByZero(v) {
		return cty.DynamicVal, append(diags, diagAt(n.Range(), "Division by zero", "The number on the right is zero here. Use a condition where that may be."))
	}
	if !saneNumber(v) {
		if e := evalOf(ctx); e != nil {
			return cty.DynamicVal, e.exhaust(n.Range(), tooLargeNumber)
		}
	}
	return v, diags
}

// dividesByZero says whether a result is what go-cty makes of a division by zero: operands are never infinite.
func (n *operatorNode) dividesByZero(v cty.Value) bool {
	op, ok := n.Expression.(*hclsyntax.BinaryOpExpr)
	if !ok || op.Op != hclsyntax.OpDivide {
		return false
	}
	u, _ := v.Unmark()
	return u.Type() == cty.Number && u.IsKnown() && !u.IsNull() && u.AsBigFloat().IsInf()
}

// numberNode is an operand of an operator that computes: a text as large a number as "1e600000000" would
// become an operand before the operator's result can be looked at.
type numberNode struct{ metered }

func (n *numberNode) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := n.Expression.Value(ctx)
	if v.Type() == cty.String || !saneNumber(v) {
		if u, _ := v.Unmark(); u.IsKnown() && !u.IsNull() && (u.Type() == cty.Number || !saneText(u.AsString())) {
			if e := evalOf(ctx); e != nil {
				return cty.DynamicVal, e.exhaust(n.Range(), tooLargeNumber)
			}
		}
	}
	return v, diags
}

// saneText says whether a text, if it is a number, is one that we work on.
func saneText(s string) bool {
	if len(s) > 1000 {
		return false // no number that anyone means, and one that is costly to read
	}
	v, err := cty.ParseNumberVal(s)
	return err != nil || sane(v)
}

// templateNode holds a template or the join of a template's `for`.
type templateNode struct{ metered }

func (n *templateNode) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	e := evalOf(ctx)
	if e == nil {
		return n.Expression.Value(ctx)
	}
	if d := e.spend(1, n.Range()); d != nil {
		return cty.DynamicVal, d
	}
	outer := e.partBytes
	e.partBytes = 0
	v, diags := n.Expression.Value(ctx)
	e.partBytes = outer
	if d := e.failed(); d != nil {
		return cty.DynamicVal, d
	}
	return v, diags
}

// smallPart is a text that a template may hold many of before it matters.
const smallPart = 4 << 10

// partNode holds one interpolation of a template.
type partNode struct{ metered }

func (n *partNode) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := n.Expression.Value(ctx)
	if v.Type() != cty.String {
		if !saneNumber(v) {
			if e := evalOf(ctx); e != nil {
				return cty.DynamicVal, e.exhaust(n.Range(), tooLargeNumber)
			}
		}
		return wholeText(v), diags
	}
	u := v
	if u.IsMarked() {
		u, _ = u.Unmark()
	}
	if !u.IsKnown() || u.IsNull() || len(u.AsString()) < smallPart {
		return v, diags
	}
	if e := evalOf(ctx); e != nil {
		e.partBytes += len(u.AsString())
		if e.partBytes > MaxValueBytes {
			return cty.DynamicVal, e.exhaust(n.Range(), tooManyBytes)
		}
	}
	return v, diags
}

// wholeText is the text of a known whole number, which a template would make of it in a hundred times the
// time; any other value as it is.
func wholeText(v cty.Value) cty.Value {
	u, marks := v.Unmark()
	if v.Type() != cty.Number || !u.IsKnown() || u.IsNull() {
		return v
	}
	i, acc := u.AsBigFloat().Int64()
	if acc != big.Exact {
		return v
	}
	return cty.StringVal(strconv.FormatInt(i, 10)).WithMarks(marks)
}

// callNode holds a call of a function.
type callNode struct{ metered }

func (n *callNode) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	e := evalOf(ctx)
	if e == nil {
		return n.Expression.Value(ctx)
	}
	if d := e.spend(1, n.Range()); d != nil {
		return cty.DynamicVal, d
	}
	v, diags := n.Expression.Value(ctx)
	if d := e.late(n.Range()); d != nil {
		return cty.DynamicVal, d
	}
	return v, diags
}

// literalNode holds a number that is too large to be worked on.
type literalNode struct{ metered }

func (n *literalNode) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if e := evalOf(ctx); e != nil {
		return cty.DynamicVal, e.exhaust(n.Range(), tooLargeNumber)
	}
	return n.Expression.Value(ctx)
}
