package lang

import (
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// InstrumentBody instruments every expression in a body, in place, blocks included.
func InstrumentBody(b *hclsyntax.Body) {
	for _, a := range b.Attributes {
		a.Expr = Instrument(a.Expr)
	}
	for _, bl := range b.Blocks {
		InstrumentBody(bl.Body)
	}
}

// Instrument rewrites a parsed expression, in place, so that its evaluation is counted (see Eval). It
// returns what to use instead of e. References, tuples, objects and literals stay the nodes they are. What
// is instrumented already is left alone.
func Instrument(e hclsyntax.Expression) hclsyntax.Expression {
	switch n := e.(type) {
	case nil:
		return nil
	case interface{ unmetered() hclsyntax.Expression }:
		return e
	case *hclsyntax.LiteralValueExpr:
		if !saneNumber(n.Val) {
			return &literalNode{metered{e}}
		}
	case *hclsyntax.RelativeTraversalExpr:
		n.Source = Instrument(n.Source)
	case *hclsyntax.FunctionCallExpr:
		return instrumentCall(n)
	case *hclsyntax.ConditionalExpr:
		n.Condition, n.TrueResult, n.FalseResult = Instrument(n.Condition), Instrument(n.TrueResult), Instrument(n.FalseResult)
		return &conditionalNode{metered{n}}
	case *hclsyntax.IndexExpr:
		n.Collection, n.Key = Instrument(n.Collection), Instrument(n.Key)
		if !isConstant(n.Key) {
			return &indexNode{metered{n}}
		}
	case *hclsyntax.TupleConsExpr:
		instrumentAll(n.Exprs)
	case *hclsyntax.ObjectConsExpr:
		for i := range n.Items {
			n.Items[i].KeyExpr, n.Items[i].ValueExpr = Instrument(n.Items[i].KeyExpr), Instrument(n.Items[i].ValueExpr)
		}
	case *hclsyntax.ObjectConsKeyExpr:
		n.Wrapped = Instrument(n.Wrapped)
	case *hclsyntax.ForExpr:
		n.CollExpr = &sourceNode{hold(n.CollExpr)}
		n.ValExpr = &turnNode{metered: hold(n.ValExpr), gathers: true, element: true}
		if n.KeyExpr != nil {
			n.KeyExpr = &turnNode{metered: hold(n.KeyExpr), gathers: true}
		}
		if n.CondExpr != nil {
			n.CondExpr = &turnNode{metered: hold(n.CondExpr)}
		}
		return &loopNode{metered{n}}
	case *hclsyntax.SplatExpr:
		n.Source = &sourceNode{hold(n.Source)}
		n.Each = &turnNode{metered: hold(n.Each), gathers: true, element: true}
		return &loopNode{metered{n}}
	case *hclsyntax.TemplateExpr:
		return instrumentTemplate(n)
	case *hclsyntax.TemplateJoinExpr:
		n.Tuple = Instrument(n.Tuple)
		return &templateNode{metered{n}}
	case *hclsyntax.TemplateWrapExpr:
		n.Wrapped = Instrument(n.Wrapped)
	case *hclsyntax.ParenthesesExpr:
		n.Expression = Instrument(n.Expression)
	case *hclsyntax.BinaryOpExpr:
		if n.Op.Type == cty.Number {
			n.LHS, n.RHS = &numberNode{hold(n.LHS)}, &numberNode{hold(n.RHS)}
			return &operatorNode{metered{n}}
		}
		n.LHS, n.RHS = Instrument(n.LHS), Instrument(n.RHS)
	case *hclsyntax.UnaryOpExpr:
		if n.Op.Type == cty.Number {
			n.Val = &numberNode{hold(n.Val)}
			return &operatorNode{metered{n}}
		}
		n.Val = Instrument(n.Val)
	}
	return e
}

// hold instruments an expression that another node is to hold. A walk sees the children of what is held but
// not itself, which would lose a reference: in parentheses it is a child.
func hold(e hclsyntax.Expression) metered {
	if _, leaf := e.(*hclsyntax.ScopeTraversalExpr); leaf {
		return metered{&hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}}
	}
	return metered{Instrument(e)}
}

func instrumentAll(exprs []hclsyntax.Expression) {
	for i := range exprs {
		exprs[i] = Instrument(exprs[i])
	}
}

func instrumentCall(n *hclsyntax.FunctionCallExpr) hclsyntax.Expression {
	instrumentAll(n.Args)
	noArgs := len(n.Args) == 0
	switch n.Name {
	case "timestamp", "uuid":
		if noArgs {
			return &journaledNode{metered{n}, n.Name, callPlace(n.NameRange)}
		}
	case "customer_secret", "random_secret":
		return &journaledNode{metered{n}, n.Name, callPlace(n.NameRange)}
	}
	return &callNode{metered{n}}
}

// instrumentTemplate leaves plain quoted texts as they are.
func instrumentTemplate(n *hclsyntax.TemplateExpr) hclsyntax.Expression {
	plain := true
	for i, part := range n.Parts {
		if _, ok := part.(*hclsyntax.LiteralValueExpr); !ok {
			plain = false
			n.Parts[i] = &partNode{hold(part)}
		}
	}
	if plain {
		return n
	}
	return &templateNode{metered{n}}
}
