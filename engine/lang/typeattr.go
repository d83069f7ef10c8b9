package lang

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// TypeOf is the type constraint that an attribute of FormType writes, with the defaults of its optional
// attributes. It is false where the attribute is not written, or is no type; Bind has reported that.
func (b *Body) TypeOf(name string) (cty.Type, *typeexpr.Defaults, bool) {
	if a := b.Attr(name); a != nil && a.typ != nil {
		return a.typ.Type, a.typ.Defaults, true
	}
	return cty.DynamicPseudoType, nil, false
}

// ConvertTo applies the defaults of a type constraint to a value and converts it.
func ConvertTo(v cty.Value, t cty.Type, defaults *typeexpr.Defaults) (cty.Value, error) {
	if defaults != nil && !v.IsNull() {
		v = defaults.Apply(v)
	}
	return Convert(v, t)
}

// checkForms reports attributes whose form can be judged without a scope: type constraints and references.
func (b *Body) checkForms() (diags hcl.Diagnostics) {
	for _, a := range b.Attrs {
		switch a.Field.Form {
		case FormType:
			t, defaults, d := typeexpr.TypeConstraintWithDefaults(a.Expr)
			if !d.HasErrors() {
				a.typ = &TypeConstraint{t, defaults}
			}
			for _, diag := range d {
				if diag.Summary == "Invalid type specification" && a.Expr.Range().Overlaps(*diag.Subject) {
					if t := hcl.ExprAsKeyword(a.Expr); t != "" {
						diag.Detail = strings.TrimSpace(diag.Detail + DidYouMean(t, []string{"string", "number", "bool", "any", "list", "set", "map", "object", "tuple"}))
					}
				}
			}
			diags = append(diags, d...)
		case FormConnection, FormRunbook:
			if _, d := a.Reference(); d != nil {
				diags = append(diags, d)
			}
		}
	}
	return diags
}

// Reference is the name that an attribute of FormConnection or FormRunbook refers to.
func (a *Attr) Reference() (Ref, *hcl.Diagnostic) {
	root := "connection"
	if a.Field.Form == FormRunbook {
		root = "runbook"
	}
	t, diags := hcl.AbsTraversalForExpr(a.Expr)
	if diags.HasErrors() || len(t) != 2 || t.RootName() != root {
		return Ref{}, Error(a.Expr.Range(), "Invalid reference", "%q takes a reference such as %s.NAME.", a.Name, root)
	}
	name, ok := t[1].(hcl.TraverseAttr)
	if !ok {
		return Ref{}, Error(a.Expr.Range(), "Invalid reference", "%q takes a reference such as %s.NAME.", a.Name, root)
	}
	return Ref{Name: name.Name, Range: a.Expr.Range()}, nil
}

// Exprs are all expressions of a body and its bound blocks, lazy ones too, in source order.
func (b *Body) Exprs() []hclsyntax.Expression {
	var out []hclsyntax.Expression
	for _, a := range b.Attrs {
		switch a.Field.Form {
		case FormType, FormConnection, FormRunbook:
		default:
			out = append(out, a.Expr)
		}
	}
	for _, bl := range b.Blocks {
		if bl.Body != nil {
			out = append(out, bl.Body.Exprs()...)
		}
	}
	return out
}

// Lazies are the lazy attributes of a body and its bound blocks.
func (b *Body) Lazies() []*Attr {
	var out []*Attr
	for _, a := range b.Attrs {
		if a.Field.Form == FormLazy {
			out = append(out, a)
		}
	}
	for _, bl := range b.Blocks {
		if bl.Body != nil {
			out = append(out, bl.Body.Lazies()...)
		}
	}
	return out
}
