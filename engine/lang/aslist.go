package lang

import "github.com/zclconf/go-cty/cty"

// AsList is a tuple as a list where its elements have one type; other tuples stay, so that no element is
// changed to fit the rest. An empty tuple stays one.
func AsList(tuple cty.Value) cty.Value {
	if !tuple.Type().IsTupleType() || tuple.IsMarked() || tuple.LengthInt() == 0 {
		return tuple
	}
	types := tuple.Type().TupleElementTypes()
	for _, t := range types {
		if t == cty.DynamicPseudoType || !t.Equals(types[0]) {
			return tuple
		}
	}
	return cty.ListVal(tuple.AsValueSlice())
}

// Elements are the values of a collection; none of another value, and of one that is null or not known. Marks of the
// collection itself are dropped: whoever shows an element asks before whether the collection is sensitive.
func Elements(v cty.Value) []cty.Value {
	if v == cty.NilVal {
		return nil
	}
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return nil
	}
	return v.AsValueSlice()
}
