package lang

import (
	"errors"
	"fmt"
	"maps"
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

	// maxSetElements is smaller than that of other collections, and counts the attributes of elements too,
	// for a set of go-cty takes about 40 µs for each to be made and read.
	maxSetElements = 40_000
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

// Convert converts v to t as convert.Convert of go-cty does, in time that grows with the size of v alone;
// that one's grows with the square of the length of a tuple that becomes a list, a set or a map's elements.
func Convert(v cty.Value, t cty.Type) (cty.Value, error) {
	from := v.Type()
	if !saneNumber(v) {
		return cty.NilVal, errors.New("it is " + tooLargeNumber)
	}
	if t.IsSetType() {
		if err := checkCollisions(v); err != nil {
			return cty.NilVal, err
		}
	}
	structural := from.IsTupleType() || from.IsObjectType()
	if !structural || t.IsPrimitiveType() || t == cty.DynamicPseudoType || typeWeight(from, smallType) <= smallType ||
		from.Equals(t.WithoutOptionalAttributesDeep()) {
		return convert.Convert(v, t)
	}
	target := t
	if t.IsCollectionType() && t.ElementType() == cty.DynamicPseudoType {
		et, err := commonElementType(from)
		if err != nil {
			return cty.NilVal, err
		}
		target = collectionLike(t, et)
	}
	u, marks := v.Unmark()
	if u.IsNull() || !u.IsKnown() {
		return convert.Convert(v, target)
	}
	out, err := convertMembers(u, target)
	if err != nil {
		return cty.NilVal, err
	}
	return out.WithMarks(marks), nil
}

func collectionLike(t, et cty.Type) cty.Type {
	switch {
	case t.IsListType():
		return cty.List(et)
	case t.IsSetType():
		return cty.Set(et)
	}
	return cty.Map(et)
}

// convertMembers converts a known tuple or object member by member.
func convertMembers(v cty.Value, t cty.Type) (cty.Value, error) {
	from := v.Type()
	switch {
	case from.IsTupleType() && (t.IsListType() || t.IsSetType()):
		vals := v.AsValueSlice()
		for i, ev := range vals {
			out, err := Convert(ev, t.ElementType())
			if err != nil {
				return cty.NilVal, cty.IndexIntPath(i).NewError(err)
			}
			if i > 0 && !out.Type().Equals(vals[0].Type()) {
				return cty.NilVal, errors.New("all elements must have the same type")
			}
			vals[i] = out
		}
		switch et := t.ElementType().WithoutOptionalAttributesDeep(); {
		case t.IsSetType() && len(vals) == 0:
			return cty.SetValEmpty(et), nil
		case t.IsSetType():
			return cty.SetVal(vals), nil
		default:
			return listOf(et, vals), nil
		}
	case from.IsTupleType() && t.IsTupleType() && from.Length() == t.Length():
		vals := v.AsValueSlice()
		for i := range vals {
			var err error
			if vals[i], err = Convert(vals[i], t.TupleElementType(i)); err != nil {
				return cty.NilVal, cty.IndexIntPath(i).NewError(err)
			}
		}
		return cty.TupleVal(vals), nil
	case from.IsObjectType() && t.IsMapType():
		return objectToMap(v, t)
	case from.IsObjectType() && t.IsObjectType():
		return objectToObject(v, t)
	}
	return convert.Convert(v, t)
}

func objectToMap(v cty.Value, t cty.Type) (cty.Value, error) {
	vals := map[string]cty.Value{}
	first := cty.NilType
	for it := v.ElementIterator(); it.Next(); {
		k, ev := it.Element()
		out, err := Convert(ev, t.ElementType())
		if err != nil {
			return cty.NilVal, cty.IndexPath(k).NewError(err)
		}
		if first == cty.NilType {
			first = out.Type()
		} else if !out.Type().Equals(first) {
			return cty.NilVal, errors.New("all elements must have the same type")
		}
		vals[k.AsString()] = out
	}
	if len(vals) == 0 {
		return cty.MapValEmpty(t.ElementType().WithoutOptionalAttributesDeep()), nil
	}
	return cty.MapVal(vals), nil
}

func objectToObject(v cty.Value, t cty.Type) (cty.Value, error) {
	vals := map[string]cty.Value{}
	types := t.AttributeTypes()
	for _, name := range slices.Sorted(maps.Keys(types)) {
		switch {
		case v.Type().HasAttribute(name):
			out, err := Convert(v.GetAttr(name), types[name])
			if err != nil {
				return cty.NilVal, cty.GetAttrPath(name).NewError(err)
			}
			vals[name] = out
		case t.AttributeOptional(name):
			vals[name] = cty.NullVal(types[name].WithoutOptionalAttributesDeep())
		default:
			return cty.NilVal, fmt.Errorf("attribute %q is required", name)
		}
	}
	return cty.ObjectVal(vals), nil
}

// setWork counts the elements of a collection together with their attributes.
func setWork(v cty.Value) int {
	n := memberCount(v)
	switch t := v.Type(); {
	case n == 0:
		return 0
	case t.IsCollectionType():
		return n * typeWeight(t.ElementType(), maxSetElements)
	default:
		return typeWeight(t, maxSetElements)
	}
}

// checkCollisions refuses to make a set of many different elements with the same hash. Sets of cty find an
// element by a CRC-32, which whoever sends the elements can choose.
func checkCollisions(v cty.Value) error {
	if setWork(v) > maxSetElements {
		return fmt.Errorf("a set may have at most %d elements, with their attributes", maxSetElements)
	}
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
		l, err := Convert(u, cty.List(cty.DynamicPseudoType))
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
