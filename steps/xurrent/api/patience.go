package api

import (
	"context"
	"errors"
	"time"

	"currant/steps"
)

// Patience is how long Patiently waits at most, in all.
const Patience = 2 * time.Hour

// Patiently repeats a call that the service puts off (an answer 429 or 503), until the context ends or two hours are
// over: then the error is the last *steps.PutBack. waits, if not nil, is told before each wait. A run has no use for
// it: a step is put back instead, holding nothing meanwhile.
func Patiently(ctx context.Context, waits func(time.Duration), call func() error) error {
	for waited := time.Duration(0); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := call()
		var back *steps.PutBack
		if !errors.As(err, &back) || waited+back.After > Patience {
			return err
		}
		waited += back.After
		if waits != nil {
			waits(back.After)
		}
		if err := pause(ctx, back.After); err != nil {
			return err
		}
	}
}
