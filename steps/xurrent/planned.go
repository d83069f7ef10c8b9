package xurrent

import (
	"context"

	"currant/steps"
)

// planned declares a kind that is decoded and checked, and that this build cannot run.
func planned[A, R any](k steps.Kind) *steps.Kind {
	k.Planned = true
	name := k.Name
	return steps.Action(k, func(context.Context, *steps.Call, A) (R, error) {
		var none R
		return none, steps.Errorf(steps.InternalError, "this build cannot run %q steps yet", name)
	})
}
