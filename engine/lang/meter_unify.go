package lang

import (
	"errors"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Finding a common type is quadratic in the number of types in go-cty, also where all are equal: for two
// tuples of 100,000 numbers it takes two minutes. What is here finds it for the distinct types alone, and
// refuses what would still take too long.

const (
	smallType     = 256  // members up to which go-cty does it well enough
	maxTypes      = 1000 // distinct types of elements
	maxTypeWeight = 4000 // members of all distinct types, theirs included
)

var errTypesTooComplex = errors.New("the elements are of too many different types to find a common one; give them one type, for example with tolist() or by naming the same attributes in each")

// typeWeight counts the members of a type, up to limit.
func typeWeight(t cty.Type, limit int) int {
	n := 1
	switch {
	case t.IsCollectionType():
		n += typeWeight(t.ElementType(), limit)
	case t.IsTupleType():
		etys := t.TupleElementTypes()
		if len(etys) > limit {
			return len(etys)
		}
		for _, et := range etys {
			if n += typeWeight(et, limit); n > limit {
				return n
			}
		}
	case t.IsObjectType():
		for _, at := range t.AttributeTypes() {
			if n += typeWeight(at, limit); n > limit {
				return n
			}
		}
	}
	return n
}

// commonElementType is the one type that all members of a tuple or object type can be converted to, the
// dynamic type where there are none.
func commonElementType(t cty.Type) (cty.Type, error) {
	distinct, err := distinctTypes(t)
	switch {
	case err != nil:
		return cty.NilType, err
	case len(distinct) == 0:
		return cty.DynamicPseudoType, nil
	case len(distinct) == 1:
		return distinct[0], nil
	}
	weight := 0
	for _, d := range distinct {
		if weight += typeWeight(d, maxTypeWeight); weight > maxTypeWeight {
			return cty.NilType, errTypesTooComplex
		}
	}
	et, _ := convert.UnifyUnsafe(distinct)
	if et == cty.NilType {
		return cty.NilType, errors.New("all elements must have the same type")
	}
	return et, nil
}

func distinctTypes(t cty.Type) (distinct []cty.Type, err error) {
	add := func(et cty.Type) bool {
		for _, d := range distinct {
			if d.Equals(et) {
				return true
			}
		}
		distinct = append(distinct, et)
		return len(distinct) <= maxTypes
	}
	ok := true
	if t.IsTupleType() {
		for _, et := range t.TupleElementTypes() {
			if ok = add(et); !ok {
				break
			}
		}
	} else {
		for _, at := range t.AttributeTypes() {
			if ok = add(at); !ok {
				break
			}
		}
	}
	if !ok {
		return nil, errTypesTooComplex
	}
	return distinct, nil
}

// toType converts v to t as convert.Convert does, in bounded time.
func toType(v cty.Value, t cty.Type) (cty.Value, error) {
	from := v.Type()
	if t.IsCollectionType() && t.ElementType() == cty.DynamicPseudoType && (from.IsTupleType() || from.IsObjectType()) &&
		typeWeight(from, smallType) > smallType {
		et, err := commonElementType(from)
		if err != nil {
			return cty.NilVal, err
		}
		switch {
		case t.IsListType():
			t = cty.List(et)
		case t.IsSetType():
			t = cty.Set(et)
		case t.IsMapType():
			t = cty.Map(et)
		}
	}
	if t.IsSetType() {
		if err := checkCollisions(v); err != nil {
			return cty.NilVal, err
		}
	}
	return convert.Convert(v, t)
}

// checkCollisions refuses to make a set of many different elements with the same hash. Sets of cty find an
// element by a CRC-32, which whoever sends the elements can choose.
func checkCollisions(v cty.Value) error {
	v, _ = v.UnmarkDeep()
	if !v.IsWhollyKnown() || v.IsNull() || !v.CanIterateElements() || v.Type().IsSetType() || v.LengthInt() < 1000 {
		return nil
	}
	buckets := map[int][]cty.Value{}
	for it := v.ElementIterator(); it.Next(); {
		_, ev := it.Element()
		h := ev.Hash()
		if slices.ContainsFunc(buckets[h], ev.RawEquals) {
			continue
		}
		if buckets[h] = append(buckets[h], ev); len(buckets[h]) > 64 {
			return errors.New("too many of the elements have the same hash")
		}
	}
	return nil
}

// asLists turns large tuples into lists, at any depth, so that they can be compared with other types fast.
func asLists(v cty.Value) (cty.Value, error) {
	t := v.Type()
	if typeWeight(t, smallType) <= smallType {
		return v, nil
	}
	u, marks := v.Unmark()
	if u.IsNull() || !u.IsKnown() {
		return v, nil
	}
	switch {
	case t.IsTupleType() && t.Length() > smallType:
		l, err := toType(u, cty.List(cty.DynamicPseudoType))
		if err != nil {
			return cty.NilVal, err
		}
		return l.WithMarks(marks), nil
	case t.IsTupleType():
		vals := u.AsValueSlice()
		for i := range vals {
			var err error
			if vals[i], err = asLists(vals[i]); err != nil {
				return cty.NilVal, err
			}
		}
		return cty.TupleVal(vals).WithMarks(marks), nil
	case t.IsObjectType():
		vals := u.AsValueMap()
		for name := range vals {
			var err error
			if vals[name], err = asLists(vals[name]); err != nil {
				return cty.NilVal, err
			}
		}
		return cty.ObjectVal(vals).WithMarks(marks), nil
	}
	return v, nil
}

// conditionalNode holds a conditional, whose branches get a common type.
type conditionalNode struct{ metered }

// branch is a branch of a conditional that has been evaluated.
type branch struct {
	hclsyntax.Expression
	val   cty.Value
	diags hcl.Diagnostics
}

func (b *branch) Value(*hcl.EvalContext) (cty.Value, hcl.Diagnostics) { return b.val, b.diags }

func (n *conditionalNode) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	inner := n.Expression.(*hclsyntax.ConditionalExpr)
	both := [2]branch{{Expression: inner.TrueResult}, {Expression: inner.FalseResult}}
	for i := range both {
		both[i].val, both[i].diags = both[i].Expression.Value(ctx)
	}
	if e := evalOf(ctx); e != nil {
		if d := e.failed(); d != nil {
			return cty.DynamicVal, d
		}
	}
	t, f := both[0].val.Type(), both[1].val.Type()
	if (typeWeight(t, smallType) > smallType || typeWeight(f, smallType) > smallType) && !t.Equals(f) {
		for i := range both {
			v, err := asLists(both[i].val)
			if err != nil && !heavy(both[i].val.Type()) {
				continue
			}
			if err != nil {
				return cty.DynamicVal, append(both[i].diags, &hcl.Diagnostic{
					Severity: hcl.DiagError,
					Summary:  "Inconsistent conditional result types",
					Detail:   "The true and false result expressions must have consistent types: " + err.Error() + ".",
					Subject:  both[i].Expression.Range().Ptr(),
					Context:  inner.SrcRange.Ptr(),
				})
			}
			both[i].val = v
		}
		if heavy(both[0].val.Type()) && heavy(both[1].val.Type()) && !both[0].val.Type().Equals(both[1].val.Type()) {
			return cty.DynamicVal, hcl.Diagnostics{{
				Severity: hcl.DiagError,
				Summary:  "Inconsistent conditional result types",
				Detail:   "The true and false result expressions must have consistent types: " + errTypesTooComplex.Error() + ".",
				Subject:  inner.SrcRange.Ptr(),
			}}
		}
	}
	return (&hclsyntax.ConditionalExpr{
		Condition:   inner.Condition,
		TrueResult:  &both[0],
		FalseResult: &both[1],
		SrcRange:    inner.SrcRange,
	}).Value(ctx)
}

func heavy(t cty.Type) bool { return typeWeight(t, maxTypeWeight) > maxTypeWeight }
