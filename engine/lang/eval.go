package lang

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Eval evaluates an expression and converts it to a type. Where it fails the value is an unknown of that
// type, so that a check can go on.
func (s *Scope) Eval(e hclsyntax.Expression, t cty.Type) (cty.Value, hcl.Diagnostics) {
	var v cty.Value
	var diags hcl.Diagnostics
	if s.static {
		v, diags = s.check(e)
	} else {
		v, diags = Value(e, s.ctx)
	}
	if diags.HasErrors() {
		return cty.UnknownVal(t), s.redact(e, diags)
	}
	out, err := Convert(v, t)
	if err != nil {
		d := diagAt(e.Range(), "Incorrect value type", fmt.Sprintf("Inappropriate value: %s.", err))
		d.Expression, d.EvalContext = e, s.ctx
		return cty.UnknownVal(t), append(diags, d)
	}
	return out, diags
}

// Eval evaluates a body to an object: each field by its name (null where it is not written and has no
// default), each single block as an object or null, each repeatable block as a tuple of objects, and a
// block's labels under the names that the spec gives them. Fields that are no values (expressions,
// references, types) and blocks of steps are left out. In a static scope all problems are reported.
func (b *Body) Eval(s *Scope) (cty.Value, hcl.Diagnostics) {
	attrs := make(map[string]cty.Value, len(b.Spec.Fields)+len(b.Spec.Blocks))
	diags := b.evalInto(s, attrs)
	return cty.ObjectVal(attrs), diags
}

func (b *Body) evalInto(s *Scope, attrs map[string]cty.Value) (diags hcl.Diagnostics) {
	for _, f := range b.Spec.Fields {
		if !f.isValue() {
			continue
		}
		a := b.Attr(f.Name)
		if a == nil {
			attrs[f.Name] = f.absent()
			continue
		}
		v, d := s.EvalAttr(a)
		diags = append(diags, d...)
		attrs[f.Name] = v
	}
	if f := b.Spec.Remain; f != nil {
		rest := map[string]cty.Value{}
		for _, a := range b.Attrs {
			if a.Field == f {
				v, d := s.EvalAttr(a)
				diags = append(diags, d...)
				rest[a.Name] = v
			}
		}
		attrs[f.Name] = cty.ObjectVal(rest)
	}
	for _, bs := range b.Spec.Blocks {
		if bs.Deferred || bs.onlySteps() {
			continue
		}
		v, d := b.evalBlocks(s, bs)
		diags = append(diags, d...)
		attrs[bs.Name] = v
	}
	return diags
}

func (b *Body) evalBlocks(s *Scope, bs *BlockSpec) (cty.Value, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	var vals []cty.Value
	for _, bl := range b.Blocks {
		if bl.Spec != bs {
			continue
		}
		attrs := map[string]cty.Value{}
		for i, l := range bs.Spec.Labels {
			attrs[l.Name] = cty.NullVal(cty.String)
			if i < len(bl.Labels) {
				attrs[l.Name] = cty.StringVal(bl.Labels[i])
			}
		}
		diags = append(diags, bl.Body.evalInto(s, attrs)...)
		vals = append(vals, cty.ObjectVal(attrs))
	}
	switch {
	case bs.Multiple:
		return cty.TupleVal(vals), diags
	case len(vals) == 0:
		return cty.NullVal(cty.DynamicPseudoType), diags
	}
	return vals[0], diags
}

// EvalAttr evaluates one attribute and checks it against its field.
func (s *Scope) EvalAttr(a *Attr) (cty.Value, hcl.Diagnostics) {
	f := a.Field
	if f.Form == FormStatic || f.Form == FormLiteral {
		if d := a.onlyStatic(); d.HasErrors() {
			return cty.UnknownVal(f.Type), d
		}
	}
	v, diags := s.Eval(a.Expr, f.Type)
	if !diags.HasErrors() {
		diags = append(diags, a.fits(s, v)...)
	} else {
		for _, d := range diags {
			if d.Summary == "Incorrect value type" && d.Expression == hcl.Expression(a.Expr) {
				d.Detail = strings.Replace(d.Detail, "Inappropriate value:", fmt.Sprintf("Inappropriate value for %q:", a.Name), 1)
			}
		}
	}
	if f.Secret {
		v = MarkSensitive(v)
	}
	if v.Type() != cty.DynamicPseudoType && f.Default != cty.NilVal {
		if u, _ := v.Unmark(); u.IsKnown() && u.IsNull() {
			v = f.Default
		}
	}
	return v, diags
}

// fits checks what a type cannot say: null, enumerations, ranges, durations.
func (a *Attr) fits(s *Scope, marked cty.Value) hcl.Diagnostics {
	f := a.Field
	v, _ := marked.Unmark()
	fail := func(format string, args ...any) hcl.Diagnostics {
		d := diagAt(a.Expr.Range(), fmt.Sprintf("Invalid value for %q", a.Name), fmt.Sprintf(format, args...))
		d.Expression, d.EvalContext = a.Expr, s.ctx
		return hcl.Diagnostics{d}
	}
	if !v.IsKnown() {
		return nil
	}
	if v.IsNull() {
		if !f.Optional {
			return fail("%q is required and may not be null.", f.Name)
		}
		return nil
	}
	shown := func() string {
		if IsSensitive(marked) {
			return "(sensitive value)"
		}
		return fmt.Sprintf("%q", v.AsString())
	}
	switch {
	case f.Duration:
		if d, err := ParseDuration(v.AsString()); err != nil {
			if IsSensitive(marked) {
				return fail("%s is no duration.", shown())
			}
			return fail("%s.", strings.TrimSuffix(err.Error(), "."))
		} else if f.Min != "" && d < mustDuration(f.Min) {
			return fail("%s is less than %s.", FormatDuration(d), f.Min)
		}
	case len(f.Enum) > 0 && f.Type == cty.String:
		for _, e := range f.Enum {
			if v.AsString() == e {
				return nil
			}
		}
		suggestion := ""
		if !IsSensitive(marked) {
			suggestion = DidYouMean(v.AsString(), f.Enum)
		}
		return fail("%s is none of %s.%s", shown(), quotedList(f.Enum), suggestion)
	case len(f.Enum) > 0 && f.Type.IsListType():
		for it := v.ElementIterator(); it.Next(); {
			_, el := it.Element()
			el, _ = el.Unmark()
			if el.IsKnown() && !el.IsNull() && !slices.Contains(f.Enum, el.AsString()) {
				return fail("%q is none of %s.%s", el.AsString(), quotedList(f.Enum), DidYouMean(el.AsString(), f.Enum))
			}
		}
	case f.Type == cty.Number:
		n := v.AsBigFloat()
		if f.Min != "" && n.Cmp(bigFloat(f.Min)) < 0 || f.Max != "" && n.Cmp(bigFloat(f.Max)) > 0 {
			return fail("%s is not %s.", n.Text('f', -1), rangeText(f))
		}
		if f.whole() && !n.IsInt() {
			return fail("%s is no whole number.", n.Text('f', -1))
		}
	}
	return nil
}

// onlyStatic reports what an attribute that is evaluated at load may not use: other names than those of the
// blueprint, and in a literal any name or function.
func (a *Attr) onlyStatic() (diags hcl.Diagnostics) {
	allowed := "Only var, local and path may be used in it."
	if a.Field.Form == FormLiteral {
		allowed = "It takes a literal value."
	}
	refuse := func(at hcl.Range, hint string) {
		diags = append(diags, diagAt(at, "Not known when the blueprint is loaded", fmt.Sprintf("%q is needed before any run begins. %s%s", a.Name, allowed, hint)))
	}
	uses := UsesOf(a.Expr)
	for _, t := range uses.References {
		root := t.RootName()
		if a.Field.Form == FormStatic && (root == "var" || root == "local" || root == "path") {
			continue
		}
		if a.Field.Form == FormStatic && len(t) == 1 {
			continue // a forgotten pair of quotes, mostly: evaluation has the better words
		}
		hint := ""
		if len(t) == 1 {
			hint = fmt.Sprintf(" A text is written in quotes: %q.", root)
		}
		refuse(t.SourceRange(), hint)
	}
	if len(diags) == 0 && a.Field.Form == FormLiteral && len(uses.Functions) > 0 {
		refuse(a.Expr.Range(), "")
	}
	return diags
}

// mustDuration is a duration of a declaration.
func mustDuration(s string) time.Duration {
	d, err := ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}

func bigFloat(s string) *big.Float { return cty.MustParseNumberVal(s).AsBigFloat() }

func rangeText(f *Field) string {
	switch {
	case f.Min != "" && f.Max != "":
		return "from " + f.Min + " to " + f.Max
	case f.Min != "":
		return f.Min + " or more"
	}
	return f.Max + " or less"
}

// redact takes the texts of sensitive values that an expression uses out of the words of its errors, for
// functions and conversions may quote what they were given.
func (s *Scope) redact(e hclsyntax.Expression, diags hcl.Diagnostics) hcl.Diagnostics {
	var secrets []string
	for _, t := range References(e) {
		v, d := t.TraverseAbs(s.ctx)
		if d.HasErrors() || !IsSensitive(v) {
			continue
		}
		secrets = append(secrets, Texts(v)...)
	}
	if len(secrets) == 0 {
		return diags
	}
	for _, d := range diags {
		for _, secret := range secrets {
			if len(secret) >= 3 {
				d.Detail = strings.ReplaceAll(d.Detail, secret, "(sensitive value)")
			}
		}
	}
	return diags
}

// Texts are all texts inside a value, marked or not.
func Texts(v cty.Value) []string {
	var out []string
	v, _ = v.UnmarkDeep()
	_ = cty.Walk(v, func(_ cty.Path, x cty.Value) (bool, error) {
		if x.Type() == cty.String && x.IsKnown() && !x.IsNull() && x.AsString() != "" {
			out = append(out, x.AsString())
		}
		return true, nil
	})
	return out
}
