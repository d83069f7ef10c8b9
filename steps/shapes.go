package steps

import (
	"context"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// None is the result of a kind without output.
type None struct{}

// Action declares a kind that does one thing. A is its arguments, R its result: a struct, None, or cty.Value
// for a kind that sets Output.
func Action[A, R any](k Kind, do func(context.Context, *Call, A) (R, error)) *Kind {
	args, out := lang.SpecOf[A](), resultSpec[R]()
	kind := k.declare(args, out)
	kind.Do = func(ctx context.Context, c *Call) (cty.Value, error) {
		var a A
		c.Secrets = append(c.Secrets, args.Decode(c.Args, &a)...)
		r, err := do(ctx, c, a)
		if err != nil {
			return cty.NilVal, err
		}
		return result(out, r), nil
	}
	return kind
}

// Select declares a kind that runs at most one of its blocks.
func Select[A, R any](k Kind, choose func(A) (block string, index int, out R, err error)) *Kind {
	args, out := lang.SpecOf[A](), resultSpec[R]()
	kind := k.declare(args, out)
	kind.Choose = func(v cty.Value) (Choice, error) {
		var a A
		args.Decode(v, &a)
		block, index, r, err := choose(a)
		if err != nil {
			return Choice{}, err
		}
		return Choice{Block: block, Index: index, Output: result(out, r)}, nil
	}
	return kind
}

// Pages declares a kind that gets its items page by page: p has all but Fetch.
func Pages[A any](k Kind, p Pager, fetch func(context.Context, *Call, A) (Page, error)) *Kind {
	args := lang.SpecOf[A]()
	kind := k.declare(args, nil)
	p.Fetch = func(ctx context.Context, c *Call) (Page, error) {
		var a A
		c.Secrets = append(c.Secrets, args.Decode(c.Args, &a)...)
		return fetch(ctx, c, a)
	}
	kind.Pager = &p
	return kind
}

// Holder declares a kind of another shape that holds steps; the caller sets Fork, Loop, Repeat or Try. R is its result.
func Holder[A, R any](k Kind) *Kind { return k.declare(lang.SpecOf[A](), resultSpec[R]()) }

func result[R any](spec *lang.Spec, r R) cty.Value {
	if v, ok := any(r).(cty.Value); ok {
		return v
	}
	return spec.ToValue(r)
}
