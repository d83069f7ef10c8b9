package lang

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// manyArgs is the most arguments of functions whose time grows with their square.
const manyArgs = 1000

func listFunctions() []entry {
	return []entry{
		{name: "alltrue", summary: "Whether all elements of a list are true; of an empty list true.",
			params: []string{"list: a list of booleans"}, fn: allTrueFunc},
		{name: "anytrue", summary: "Whether any element of a list is true; of an empty list false.",
			params: []string{"list: a list of booleans"}, fn: anyTrueFunc},
		{name: "chunklist", summary: "The list cut into lists of at most the given size.",
			params: []string{"list: the list", "size: of each part, 0 for one part"}, fn: stdlib.ChunklistFunc},
		{name: "coalesce", summary: "The first argument that is neither null nor an empty text.",
			params: []string{"vals: the values, all of one type"}, fn: coalesceFunc},
		{name: "coalescelist", summary: "The first list that is not empty.",
			params: []string{"vals: the lists"}, fn: stdlib.CoalesceListFunc},
		{name: "compact", summary: "The list of texts without empty texts and nulls.",
			params: []string{"list: a list of texts"}, fn: stdlib.CompactFunc},
		{name: "concat", summary: "The elements of all lists in one list.",
			params: []string{"seqs: one or more lists"}, fn: stdlib.ConcatFunc, maxArgs: manyArgs},
		{name: "contains", summary: "Whether a list or set holds a value.",
			params: []string{"list: the list or set", "value: what to look for"}, fn: containsFunc},
		{name: "distinct", summary: "The list without repeated elements.",
			params: []string{"list: the list"}, fn: distinctFunc},
		{name: "element", summary: "The element at an index, which wraps around at the list's end.",
			params: []string{"list: the list", "index: from 0; negative ones count from the end"}, fn: stdlib.ElementFunc, light: true},
		{name: "flatten", summary: "The list with lists inside it replaced by their elements.",
			params: []string{"list: the list"}, fn: stdlib.FlattenFunc},
		{name: "index", summary: "The index of a value in a list; it is an error if it is not there.",
			params: []string{"list: the list", "value: what to look for"}, fn: indexFunc},
		{name: "length", summary: "The number of elements of a list, set, map, object or tuple, or of characters of a text.",
			params: []string{"value: what to count"}, fn: lengthFunc, light: true},
		{name: "matchkeys", summary: "The values whose key, at the same place of a second list, is in a third.",
			params: []string{"values: a list", "keys: a list of the same length", "searchset: the keys to take"}, fn: matchKeysFunc},
		{name: "one", summary: "The only element of a list or set, null if it is empty; more are an error.",
			params: []string{"list: a list or set of at most one element"}, fn: oneFunc},
		{name: "range", summary: "A list of numbers from a start, by a step, up to but not including a limit.",
			params: []string{"params: limit; or start and limit; or start, limit and step"}, fn: rangeFunc},
		{name: "reverse", summary: "The list in reverse order.",
			params: []string{"list: the list"}, fn: stdlib.ReverseListFunc},
		{name: "slice", summary: "The elements from one index up to but not including another.",
			params: []string{"list: the list", "start_index: the first", "end_index: the one after the last"}, fn: stdlib.SliceFunc},
		{name: "sort", summary: "The list of texts in order of their characters' numbers.",
			params: []string{"list: a list of texts"}, fn: stdlib.SortFunc},
	}
}

// elements are the elements of a known list, set or tuple.
func elements(v cty.Value) ([]cty.Value, error) {
	t := v.Type()
	if !t.IsListType() && !t.IsSetType() && !t.IsTupleType() {
		return nil, fmt.Errorf("a list, set or tuple is required, not %s", t.FriendlyName())
	}
	return v.AsValueSlice(), nil
}

var (
	allTrueFunc = truthFunc(func(v bool) (bool, bool) { return false, !v }, cty.True)
	anyTrueFunc = truthFunc(func(v bool) (bool, bool) { return true, v }, cty.False)
)

// truthFunc folds booleans: decide gives the answer, and whether one element decides it. A null is false.
func truthFunc(decide func(bool) (answer, decided bool), otherwise cty.Value) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			unknown := false
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				if !v.IsKnown() {
					unknown = true
					continue
				}
				if answer, decided := decide(!v.IsNull() && v.True()); decided {
					return cty.BoolVal(answer), nil
				}
			}
			if unknown {
				return cty.UnknownVal(cty.Bool), nil
			}
			return otherwise, nil
		},
	})
}

var coalesceFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "vals", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true},
	Type:     function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if len(args) == 0 {
			return cty.NilVal, errors.New("at least one argument is required")
		}
		types := make([]cty.Type, len(args))
		for i, a := range args {
			if a.Type() == cty.DynamicPseudoType && !a.IsKnown() {
				return cty.DynamicVal, nil
			}
			v, err := asLists(a)
			if err != nil {
				return cty.NilVal, function.NewArgError(i, err)
			}
			args[i], types[i] = v, v.Type()
		}
		common, err := commonElementType(cty.Tuple(types))
		if err != nil {
			return cty.NilVal, errors.New("all arguments must have the same type")
		}
		for i, a := range args {
			v, err := Convert(a, common)
			if err != nil {
				return cty.NilVal, function.NewArgError(i, err)
			}
			if !v.IsKnown() {
				return cty.UnknownVal(common), nil
			}
			if v.IsNull() || (common == cty.String && v.AsString() == "") {
				continue
			}
			return v, nil
		}
		return cty.NilVal, errors.New("all arguments are null or empty texts")
	},
})

// identity is a text that two known values of one type share if and only if they are equal.
func identity(v cty.Value) (string, error) {
	b, err := ctyjson.Marshal(v, v.Type())
	return string(b), err
}

var distinctFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.List(cty.DynamicPseudoType)}},
	Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
	Impl: func(args []cty.Value, ret cty.Type) (cty.Value, error) {
		if !args[0].IsWhollyKnown() {
			return cty.UnknownVal(ret), nil
		}
		seen := map[string]bool{}
		var out []cty.Value
		for it := args[0].ElementIterator(); it.Next(); {
			_, v := it.Element()
			id, err := identity(v)
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			if !seen[id] {
				seen[id] = true
				out = append(out, v)
			}
		}
		return listOf(ret.ElementType(), out), nil
	},
})

func listOf(t cty.Type, vals []cty.Value) cty.Value {
	if len(vals) == 0 {
		return cty.ListValEmpty(t)
	}
	return cty.ListVal(vals)
}

// finder says of each element whether it equals v. Known values are compared by their identity: Equals of
// go-cty walks v anew for every element.
func finder(v cty.Value) func(el cty.Value) (equal, known bool) {
	id := ""
	if t := v.Type(); !t.IsPrimitiveType() && v.IsWhollyKnown() {
		id, _ = identity(v)
	}
	return func(el cty.Value) (equal, known bool) {
		if id != "" && el.IsWhollyKnown() {
			if !el.Type().Equals(v.Type()) {
				return v.IsNull() && el.IsNull(), true
			}
			other, err := identity(el)
			return err == nil && other == id, true
		}
		eq := v.Equals(el)
		return eq.IsKnown() && eq.True(), eq.IsKnown()
	}
}

var containsFunc = function.New(&function.Spec{
	Params: []function.Parameter{anyParam("list"), {Name: "value", Type: cty.DynamicPseudoType, AllowNull: true}},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		vals, err := elements(args[0])
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		find, unknown := finder(args[1]), false
		for _, v := range vals {
			equal, known := find(v)
			if equal {
				return cty.True, nil
			}
			unknown = unknown || !known
		}
		if unknown {
			return cty.UnknownVal(cty.Bool), nil
		}
		return cty.False, nil
	},
})

var indexFunc = function.New(&function.Spec{
	Params: []function.Parameter{anyParam("list"), anyParam("value")},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if args[0].Type().IsSetType() {
			return cty.NilVal, function.NewArgErrorf(0, "a set has no indices; use tolist() or contains()")
		}
		vals, err := elements(args[0])
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		find := finder(args[1])
		for i, v := range vals {
			switch equal, known := find(v); {
			case !known:
				return cty.UnknownVal(cty.Number), nil
			case equal:
				return cty.NumberIntVal(int64(i)), nil
			}
		}
		return cty.NilVal, errors.New("the value is not in the list")
	},
})

var lengthFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		v, marks := args[0].Unmark()
		t := v.Type()
		switch {
		case t == cty.String:
			n, err := stdlib.StrlenFunc.Call([]cty.Value{v})
			return n.WithMarks(marks), err
		case t == cty.DynamicPseudoType:
			return cty.UnknownVal(cty.Number).WithMarks(marks), nil
		case t.IsObjectType():
			return cty.NumberIntVal(int64(len(t.AttributeTypes()))).WithMarks(marks), nil
		case t.IsTupleType() || t.IsCollectionType():
			return v.Length().WithMarks(marks), nil
		}
		return cty.NilVal, function.NewArgErrorf(0, "a text, list, set, map, object or tuple is required, not %s", t.FriendlyName())
	},
})

var matchKeysFunc = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "values", Type: cty.List(cty.DynamicPseudoType)},
		{Name: "keys", Type: cty.List(cty.DynamicPseudoType)},
		{Name: "searchset", Type: cty.List(cty.DynamicPseudoType)},
	},
	Type: func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
	Impl: func(args []cty.Value, ret cty.Type) (cty.Value, error) {
		if args[0].LengthInt() != args[1].LengthInt() {
			return cty.NilVal, errors.New("values and keys must have the same length")
		}
		if !args[1].IsWhollyKnown() || !args[2].IsWhollyKnown() {
			return cty.UnknownVal(ret), nil
		}
		search, err := Convert(args[2], args[1].Type())
		if err != nil {
			return cty.NilVal, function.NewArgErrorf(2, "must have elements of the same type as keys: %s", err)
		}
		wanted := map[string]bool{}
		for _, v := range search.AsValueSlice() {
			id, err := identity(v)
			if err != nil {
				return cty.NilVal, function.NewArgError(2, err)
			}
			wanted[id] = true
		}
		vals := args[0].AsValueSlice()
		var out []cty.Value
		for i, k := range args[1].AsValueSlice() {
			id, err := identity(k)
			if err != nil {
				return cty.NilVal, function.NewArgError(1, err)
			}
			if wanted[id] {
				out = append(out, vals[i])
			}
		}
		return listOf(ret.ElementType(), out), nil
	},
})

var oneFunc = function.New(&function.Spec{
	Params: []function.Parameter{anyParam("list")},
	Type: func(args []cty.Value) (cty.Type, error) {
		t := args[0].Type()
		switch {
		case t.IsListType() || t.IsSetType():
			return t.ElementType(), nil
		case t.IsTupleType() && t.Length() == 0:
			return cty.DynamicPseudoType, nil
		case t.IsTupleType() && t.Length() == 1:
			return t.TupleElementType(0), nil
		case t.IsTupleType():
			return cty.NilType, function.NewArgErrorf(0, "must have one element or none, not %d", t.Length())
		}
		return cty.NilType, function.NewArgErrorf(0, "a list, set or tuple is required, not %s", t.FriendlyName())
	},
	Impl: func(args []cty.Value, ret cty.Type) (cty.Value, error) {
		if !args[0].Length().IsKnown() {
			return cty.UnknownVal(ret), nil
		}
		switch vals := args[0].AsValueSlice(); len(vals) {
		case 0:
			return cty.NullVal(ret), nil
		case 1:
			return vals[0], nil
		default:
			return cty.NilVal, function.NewArgErrorf(0, "must have one element or none, not %d", len(vals))
		}
	},
})

var rangeFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "params", Type: cty.Number},
	Type:     function.StaticReturnType(cty.List(cty.Number)),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		start, step := cty.Zero, cty.NumberIntVal(1)
		var limit cty.Value
		switch len(args) {
		case 1:
			limit = args[0]
		case 2, 3:
			start, limit = args[0], args[1]
		default:
			return cty.NilVal, errors.New("one, two or three numbers are required")
		}
		down := limit.LessThan(start).True()
		if down {
			step = cty.NumberIntVal(-1)
		}
		if len(args) == 3 {
			step = args[2]
		}
		switch sign := step.AsBigFloat().Sign(); {
		case sign == 0:
			return cty.NilVal, function.NewArgErrorf(2, "the step must not be 0")
		case start.Equals(limit).True() || down != (sign < 0):
			return cty.ListValEmpty(cty.Number), nil
		}
		turns := new(big.Float).Quo(limit.Subtract(start).AsBigFloat(), step.AsBigFloat())
		if turns.Cmp(big.NewFloat(MaxValueElements)) > 0 {
			return cty.NilVal, fmt.Errorf("the result would be %s", tooManyElements)
		}
		var out []cty.Value
		for v := start; len(out) <= MaxValueElements && v.LessThan(limit).True() != down && !v.Equals(limit).True(); v = v.Add(step) {
			out = append(out, v)
		}
		return listOf(cty.Number, out), nil
	},
})
