package lang

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// References are those in an expression, those to names of its own `for` aside. Unlike the
// expression's own method it sees through the budget's nodes.
func References(e hclsyntax.Expression) []hcl.Traversal {
	w := &references{}
	// The walker gives no diagnostics.
	_ = hclsyntax.Walk(e, w)
	return w.found
}

type references struct {
	found  []hcl.Traversal
	scopes []map[string]struct{}
}

// Enter is part of hclsyntax.Walker.
func (w *references) Enter(n hclsyntax.Node) hcl.Diagnostics {
	switch n := unwrapNode(n).(type) {
	case *hclsyntax.ScopeTraversalExpr:
		for _, names := range w.scopes {
			if _, local := names[n.Traversal.RootName()]; local {
				return nil
			}
		}
		w.found = append(w.found, n.Traversal)
	case hclsyntax.ChildScope:
		w.scopes = append(w.scopes, n.LocalNames)
	}
	return nil
}

// Exit is part of hclsyntax.Walker.
func (w *references) Exit(n hclsyntax.Node) hcl.Diagnostics {
	if _, ok := unwrapNode(n).(hclsyntax.ChildScope); ok {
		w.scopes = w.scopes[:len(w.scopes)-1]
	}
	return nil
}

// CallsTimestamp says whether an expression calls timestamp(): its moment is then to be kept.
func CallsTimestamp(e hclsyntax.Expression) bool {
	found := false
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		if f, ok := unwrapNode(n).(*hclsyntax.FunctionCallExpr); ok && f.Name == "timestamp" {
			found = true
		}
		return nil
	})
	return found
}
