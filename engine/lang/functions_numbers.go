package lang

import (
	"errors"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func numberFunctions() []entry {
	return []entry{
		{name: "abs", summary: "The number without its sign.",
			params: []string{"number: the number"}, fn: stdlib.AbsoluteFunc, light: true},
		{name: "ceil", summary: "The nearest whole number that is not less.",
			params: []string{"number: the number"}, fn: stdlib.CeilFunc, light: true},
		{name: "floor", summary: "The nearest whole number that is not greater.",
			params: []string{"number: the number"}, fn: stdlib.FloorFunc, light: true},
		{name: "log", summary: "The logarithm of a number in a base.",
			params: []string{"number: the number, above 0", "base: the base, above 0"}, fn: stdlib.LogFunc, light: true, before: positive},
		{name: "max", summary: "The greatest of the numbers.",
			params: []string{"numbers: one or more numbers"}, fn: stdlib.MaxFunc},
		{name: "min", summary: "The least of the numbers.",
			params: []string{"numbers: one or more numbers"}, fn: stdlib.MinFunc},
		{name: "parseint", summary: "The whole number that a text writes in a base.",
			params: []string{"string: the digits, at most 400", "base: from 2 to 62"}, fn: parseIntFunc},
		{name: "pow", summary: "A number raised to a power.",
			params: []string{"number: the number", "power: the exponent"}, fn: stdlib.PowFunc, light: true, before: powerExists},
		{name: "signum", summary: "-1, 0 or 1, the sign of the number.",
			params: []string{"number: the number"}, fn: stdlib.SignumFunc, light: true},
		{name: "sum", summary: "The sum of a list or set of numbers.",
			params: []string{"list: one or more numbers"}, fn: sumFunc},
	}
}

func positive(args []cty.Value) error {
	for i, a := range args {
		if !a.GreaterThan(cty.Zero).True() {
			return function.NewArgErrorf(i, "must be above 0")
		}
	}
	if args[1].Equals(cty.NumberIntVal(1)).True() {
		return function.NewArgErrorf(1, "there is no logarithm in base 1")
	}
	return nil
}

// powerExists refuses what has no answer: roots of negative numbers, and 1/0.
func powerExists(args []cty.Value) error {
	base, power := args[0].AsBigFloat(), args[1].AsBigFloat()
	switch {
	case base.Sign() < 0 && !power.IsInt():
		return function.NewArgErrorf(1, "a negative number has whole powers only")
	case base.Sign() == 0 && power.Sign() < 0:
		return function.NewArgErrorf(1, "0 has no negative powers")
	}
	return nil
}

// parseIntFunc is the standard one, for texts of a sane length: reading digits is quadratic.
var parseIntFunc = function.New(&function.Spec{
	Params: []function.Parameter{textParam("string"), numberParam("base")},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if len(args[0].AsString()) > 400 {
			return cty.NilVal, function.NewArgErrorf(0, "a number of more than 400 digits")
		}
		return stdlib.ParseIntFunc.Call(args)
	},
})

var sumFunc = function.New(&function.Spec{
	Params: []function.Parameter{anyParam("list")},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		vals, err := elements(args[0])
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		if len(vals) == 0 {
			return cty.NilVal, function.NewArgError(0, errors.New("there is no sum of no numbers"))
		}
		sum := cty.Zero
		for i, v := range vals {
			if v.IsNull() {
				return cty.NilVal, function.NewArgErrorf(0, "element %d is null", i)
			}
			n, err := Convert(v, cty.Number)
			if err != nil {
				return cty.NilVal, function.NewArgErrorf(0, "element %d: %s", i, err)
			}
			if !n.IsKnown() {
				return cty.UnknownVal(cty.Number), nil
			}
			if !saneNumber(n) {
				return cty.NilVal, function.NewArgErrorf(0, "element %d is %s", i, tooLargeNumber)
			}
			sum = sum.Add(n)
		}
		return sum, nil
	},
})
