package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Uses is what an expression names.
type Uses struct {
	// References are those to names outside it: not to names of its own `for`.
	References []hcl.Traversal
	// Functions are the names of those it calls, as often as it does.
	Functions []string
}

// UsesOf looks through an expression. Unlike the expression's own Variables it sees through the budget's
// nodes.
func UsesOf(e hclsyntax.Expression) Uses {
	if isConstant(e) {
		return Uses{}
	}
	if n, ok := e.(*hclsyntax.ScopeTraversalExpr); ok {
		return Uses{References: []hcl.Traversal{n.Traversal}}
	}
	w := &uses{}
	// The walker gives no diagnostics.
	_ = hclsyntax.Walk(e, w)
	return w.Uses
}

// References are those in an expression, those to names of its own `for` aside.
func References(e hclsyntax.Expression) []hcl.Traversal { return UsesOf(e).References }

// ReadsFiles says whether the function of that name reads files of the blueprint's directory.
func ReadsFiles(function string) bool {
	switch function {
	case "file", "filebase64", "filebase64sha256", "filebase64sha512", "fileexists", "filemd5", "fileset", "filesha1",
		"filesha256", "filesha512", "templatefile":
		return true
	}
	return false
}

type uses struct {
	Uses
	scopes []map[string]struct{}
}

// Enter is part of hclsyntax.Walker.
func (w *uses) Enter(n hclsyntax.Node) hcl.Diagnostics {
	switch n := unwrapNode(n).(type) {
	case *hclsyntax.ScopeTraversalExpr:
		for _, names := range w.scopes {
			if _, local := names[n.Traversal.RootName()]; local {
				return nil
			}
		}
		w.References = append(w.References, n.Traversal)
	case *hclsyntax.FunctionCallExpr:
		w.Functions = append(w.Functions, n.Name)
	case hclsyntax.ChildScope:
		w.scopes = append(w.scopes, n.LocalNames)
	}
	return nil
}

// Exit is part of hclsyntax.Walker.
func (w *uses) Exit(n hclsyntax.Node) hcl.Diagnostics {
	if _, ok := unwrapNode(n).(hclsyntax.ChildScope); ok {
		w.scopes = w.scopes[:len(w.scopes)-1]
	}
	return nil
}

// Plain is the node that people have written at an expression's place, without what counts evaluations and
// without parentheses: for those who look at the form of what is written.
func Plain(e hclsyntax.Expression) hclsyntax.Expression {
	for {
		switch x := e.(type) {
		case interface{ unmetered() hclsyntax.Expression }:
			e = x.unmetered()
		case *hclsyntax.ParenthesesExpr:
			e = x.Expression
		default:
			return e
		}
	}
}
