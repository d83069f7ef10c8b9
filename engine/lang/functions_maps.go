package lang

import (
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func mapFunctions() []entry {
	return []entry{
		{name: "keys", summary: "The keys of a map or object, in order.",
			params: []string{"map: the map or object"}, fn: stdlib.KeysFunc},
		{name: "lookup", summary: "The element of a map with a key, or a default.",
			params: []string{"map: the map or object", "key: the key", "default: what to answer if there is none; without it that is an error"}, fn: lookupFunc, light: true, maxArgs: 3},
		{name: "merge", summary: "The elements of all maps or objects in one; of equal keys the last counts.",
			params: []string{"maps: the maps or objects; nulls are left out"}, fn: mergeFunc},
		{name: "transpose", summary: "A map of lists of texts with keys and elements swapped.",
			params: []string{"map: a map of lists of texts"}, fn: transposeFunc},
		{name: "values", summary: "The elements of a map or object, in order of their keys.",
			params: []string{"map: the map or object"}, fn: stdlib.ValuesFunc},
		{name: "zipmap", summary: "A map from a list of keys and a list of elements.",
			params: []string{"keys: a list of texts", "values: a list of the same length"}, fn: stdlib.ZipmapFunc, before: keysGiven},
	}
}

func setFunctions() []entry {
	return []entry{
		{name: "setintersection", summary: "The elements that are in all sets.",
			params: []string{"first_set: a set", "other_sets: more sets"}, fn: stdlib.SetIntersectionFunc, maxArgs: manyArgs, maxMembers: maxSetElements},
		{name: "setproduct", summary: "All combinations of one element of each set or list.",
			params: []string{"sets: two or more sets or lists"}, fn: stdlib.SetProductFunc, maxArgs: manyArgs, maxMembers: maxSetElements, before: product},
		{name: "setsubtract", summary: "The elements of a set that are not in another.",
			params: []string{"a: a set", "b: the elements to leave out"}, fn: stdlib.SetSubtractFunc, maxMembers: maxSetElements},
		{name: "setunion", summary: "The elements that are in any of the sets.",
			params: []string{"first_set: a set", "other_sets: more sets"}, fn: stdlib.SetUnionFunc, maxArgs: manyArgs, maxMembers: maxSetElements},
	}
}

// product refuses combinations that would be too many, before they are made, and tuples whose elements
// have no common type that can be found in time.
func product(args []cty.Value) error {
	n := 1
	for i, a := range args {
		if _, err := elements(a); err != nil {
			return function.NewArgError(i, err)
		}
		n *= a.LengthInt()
		if n*len(args)*2*elementBytes > MaxValueBytes || n > MaxValueElements {
			return fmt.Errorf("the result would be %s", tooManyElements)
		}
		if a.Type().IsTupleType() && a.LengthInt() > smallType {
			return function.NewArgErrorf(i, "a tuple of more than %d elements; use tolist()", smallType)
		}
	}
	return nil
}

var lookupFunc = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "map", Type: cty.DynamicPseudoType, AllowMarked: true},
		{Name: "key", Type: cty.String, AllowMarked: true},
	},
	VarParam: &function.Parameter{Name: "default", Type: cty.DynamicPseudoType, AllowMarked: true, AllowNull: true, AllowUnknown: true, AllowDynamicType: true},
	Type:     function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		m, marks := args[0].Unmark()
		key, keyMarks := args[1].Unmark()
		t := m.Type()
		switch {
		case !t.IsMapType() && !t.IsObjectType():
			return cty.NilVal, function.NewArgErrorf(0, "a map or object is required, not %s", t.FriendlyName())
		case t.IsObjectType() && t.HasAttribute(key.AsString()):
			return m.GetAttr(key.AsString()).WithMarks(marks, keyMarks), nil
		case t.IsMapType() && m.HasIndex(key).True():
			return m.Index(key).WithMarks(marks, keyMarks), nil
		case len(args) < 3:
			if len(marks)+len(keyMarks) > 0 {
				return cty.NilVal, publicError("there is no element with this key")
			}
			return cty.NilVal, fmt.Errorf("there is no element with the key %q", key.AsString())
		}
		fallback := args[2]
		if t.IsMapType() {
			var err error
			if fallback, err = Convert(fallback, t.ElementType()); err != nil {
				return cty.NilVal, function.NewArgErrorf(2, "must have the type of the map's elements: %s", err)
			}
		}
		return fallback.WithMarks(marks, keyMarks), nil
	},
})

func keysGiven(args []cty.Value) error {
	for i, k := range args[0].AsValueSlice() {
		if k.IsNull() {
			return function.NewArgErrorf(0, "element %d is null", i)
		}
	}
	return nil
}

// mergeFunc is the standard one without nulls, on whose types that one cannot decide.
var mergeFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "maps", Type: cty.DynamicPseudoType, AllowMarked: true, AllowNull: true, AllowUnknown: true, AllowDynamicType: true},
	Type:     function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		var given []cty.Value
		for i, a := range args {
			if t := a.Type(); !t.IsMapType() && !t.IsObjectType() && t != cty.DynamicPseudoType {
				return cty.NilVal, function.NewArgErrorf(i, "arguments must be maps or objects, not %s", t.FriendlyName())
			}
			if !a.IsNull() {
				given = append(given, a)
			}
		}
		return stdlib.MergeFunc.Call(given)
	},
})

var transposeFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "map", Type: cty.Map(cty.List(cty.String))}},
	Type:   function.StaticReturnType(cty.Map(cty.List(cty.String))),
	Impl: func(args []cty.Value, ret cty.Type) (cty.Value, error) {
		if !args[0].IsWhollyKnown() {
			return cty.UnknownVal(ret), nil
		}
		byElement := map[string][]cty.Value{}
		for it := args[0].ElementIterator(); it.Next(); {
			key, list := it.Element()
			if list.IsNull() {
				return cty.NilVal, function.NewArgErrorf(0, "element %q is null", key.AsString())
			}
			for _, v := range list.AsValueSlice() {
				if v.IsNull() {
					return cty.NilVal, function.NewArgErrorf(0, "element %q holds a null", key.AsString())
				}
				byElement[v.AsString()] = append(byElement[v.AsString()], key)
			}
		}
		if len(byElement) == 0 {
			return cty.MapValEmpty(cty.List(cty.String)), nil
		}
		out := map[string]cty.Value{}
		for _, k := range slices.Sorted(maps.Keys(byElement)) {
			out[k] = cty.ListVal(byElement[k])
		}
		return cty.MapVal(out), nil
	},
})
