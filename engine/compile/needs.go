package compile

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// looked is what expressions of a runbook name, each looked through once.
type looked map[hclsyntax.Expression]lang.Uses

func (l looked) through(e hclsyntax.Expression) lang.Uses {
	if uses, ok := l[e]; ok {
		return uses
	}
	uses := lang.UsesOf(e)
	if l != nil {
		l[e] = uses
	}
	return uses
}

// needsOf is what expressions refer to.
func (l looked) needsOf(exprs ...hclsyntax.Expression) Needs {
	var n Needs
	for _, e := range exprs {
		uses := l.through(e)
		for _, t := range uses.References {
			root := t.RootName()
			switch root {
			case "step":
				if name, ok := second(t); ok && !slices.Contains(n.Steps, name) {
					n.Steps = append(n.Steps, name)
				}
			case "state":
				n.States = true
			case "job":
				n.Job = true
			case "var", "local", "path", "app", "runbook", "connection":
			default:
				if !slices.Contains(n.Roots, root) {
					n.Roots = append(n.Roots, root)
				}
			}
		}
		n.Time = n.Time || slices.Contains(uses.Functions, "timestamp")
	}
	return n
}

func (n Needs) with(o Needs) Needs {
	for _, s := range o.Steps {
		if !slices.Contains(n.Steps, s) {
			n.Steps = append(n.Steps, s)
		}
	}
	for _, r := range o.Roots {
		if !slices.Contains(n.Roots, r) {
			n.Roots = append(n.Roots, r)
		}
	}
	n.States = n.States || o.States
	n.Job = n.Job || o.Job
	n.Time = n.Time || o.Time
	return n
}

func second(t hcl.Traversal) (string, bool) {
	if len(t) < 2 {
		return "", false
	}
	switch s := t[1].(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String && s.Key.IsKnown() {
			return s.Key.AsString(), true
		}
	}
	return "", false
}
