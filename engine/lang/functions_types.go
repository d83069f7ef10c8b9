package lang

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

func typeFunctions() []entry {
	list := []entry{
		{name: "can", summary: "Whether an expression can be evaluated without an error.",
			params: []string{"expression: the expression"}, fn: canFunc, light: true},
		{name: "issensitive", summary: "Whether a value is sensitive.",
			params: []string{"value: the value"}, fn: isSensitiveFunc, light: true, reveals: true},
		{name: "nonsensitive", summary: "The value, no longer sensitive: for those that you know may be shown.",
			params: []string{"value: the value; what is sensitive inside it stays so"}, fn: nonsensitiveFunc, light: true, reveals: true},
		{name: "sensitive", summary: "The value, marked so that it is never shown.",
			params: []string{"value: the value"}, fn: sensitiveFunc, light: true},
		{name: "try", summary: "The value of the first expression that has no error.",
			params: []string{"expressions: one or more expressions"}, fn: tryFunc, light: true},
		{name: "type", summary: "The type of a value as a text, as it is written in a blueprint.",
			params: []string{"value: the value"}, fn: typeFunc},
	}
	for _, t := range []struct {
		name, what string
		t          cty.Type
	}{
		{"tobool", "boolean", cty.Bool}, {"tonumber", "number", cty.Number}, {"tostring", "text", cty.String},
		{"tolist", "list", cty.List(cty.DynamicPseudoType)}, {"tomap", "map", cty.Map(cty.DynamicPseudoType)}, {"toset", "set", cty.Set(cty.DynamicPseudoType)},
	} {
		list = append(list, entry{name: t.name, summary: fmt.Sprintf("The value as a %s, or an error if it cannot be one.", t.what),
			params: []string{"value: the value"}, fn: conversionFunc(t.t)})
	}
	return list
}

// verbatim is a parameter that is handed over whatever it is.
func verbatim(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true}
}

// conversionFunc keeps the marks of elements where they are.
func conversionFunc(t cty.Type) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{verbatim("value")},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v, err := Convert(args[0], t)
			if err != nil {
				return cty.NilVal, function.NewArgErrorf(0, "cannot convert %s to %s: %s", args[0].Type().FriendlyName(), t.FriendlyName(), err)
			}
			return v, nil
		},
	})
}

// markFunc makes a function of a value whose marks it sees.
func markFunc(impl func(cty.Value) cty.Value) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{verbatim("value")},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return impl(args[0]), nil },
	})
}

var (
	sensitiveFunc    = markFunc(MarkSensitive)
	nonsensitiveFunc = markFunc(func(v cty.Value) cty.Value {
		v, marks := v.Unmark()
		delete(marks, Sensitive)
		return v.WithMarks(marks)
	})
	isSensitiveFunc = markFunc(func(v cty.Value) cty.Value {
		if !HasMark(v) && !v.IsKnown() {
			return cty.UnknownVal(cty.Bool)
		}
		return cty.BoolVal(HasMark(v))
	})
	typeFunc = markFunc(func(v cty.Value) cty.Value {
		if t := v.Type(); !v.IsKnown() && t.HasDynamicTypes() {
			return cty.UnknownVal(cty.String)
		}
		return cty.StringVal(typeexpr.TypeString(v.Type()))
	})
)

// tryFunc evaluates each expression once, unlike HCL's own, which evaluates the first twice: nested ones
// would take exponential time.
var tryFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "expressions", Type: customdecode.ExpressionClosureType},
	Type:     function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if len(args) == 0 {
			return cty.NilVal, errors.New("at least one expression is required")
		}
		var problems []string
		var marks []cty.ValueMarks
		for _, a := range args {
			closure := customdecode.ExpressionClosureFromVal(a)
			v, diags := closure.Value()
			if diags.HasErrors() {
				secret := marksUsed(closure)
				marks = append(marks, secret)
				for _, d := range diags.Errs() {
					if len(secret) > 0 {
						d = errors.New("an expression with a sensitive value fails")
					}
					problems = append(problems, d.Error())
				}
				continue
			}
			if !v.IsWhollyKnown() {
				// When more is known, this may fail or be of another type.
				_, inside := v.UnmarkDeep()
				return cty.DynamicVal.WithMarks(append(marks, inside)...), nil
			}
			return v.WithMarks(marks...), nil
		}
		return cty.NilVal, publicError("no expression succeeded:\n- " + strings.Join(problems, "\n- "))
	},
})

var canFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "expression", Type: customdecode.ExpressionClosureType}},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		closure := customdecode.ExpressionClosureFromVal(args[0])
		v, diags := closure.Value()
		marks := marksUsed(closure)
		switch {
		case diags.HasErrors():
			return cty.False.WithMarks(marks), nil
		case !v.IsWhollyKnown():
			return cty.UnknownVal(cty.Bool).WithMarks(marks), nil
		}
		return cty.True.WithMarks(marks), nil
	},
})

// marksUsed are the marks of what an expression refers to. Whether `regex("^a", var.secret)` fails says
// something of the secret, so the answer is as sensitive.
func marksUsed(closure *customdecode.ExpressionClosure) cty.ValueMarks {
	all := cty.ValueMarks{}
	for _, t := range closure.Expression.Variables() {
		v, diags := t.TraverseAbs(closure.EvalContext)
		if diags.HasErrors() || !v.ContainsMarked() {
			continue
		}
		_, marks := v.UnmarkDeep()
		for m := range marks {
			all[m] = struct{}{}
		}
	}
	return all
}
