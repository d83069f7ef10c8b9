package main

import (
	"context"
	"errors"

	"currant/engine"
	"currant/engine/lang"
)

// withKept does something with what a data directory keeps: through the runner that owns it, or else with the store,
// without running anything. Only for writing is the store made where there is none, and taken.
func (o *sourceOptions) withKept(ctx context.Context, t *terminal, writing bool, do func(lang.Kept) error) error {
	if c := engine.Dial(ctx, o.dataDir); c != nil {
		defer c.Close()
		return do(c.Kept())
	}
	if !writing {
		kept, end, err := engine.OpenKept(o.dataDir, keyOptions(o.keyURI))
		if err != nil {
			return err
		}
		return errors.Join(do(kept), end())
	}
	e, err := engine.New(engine.Options{Dir: o.dataDir, Log: quietLog(t), Keys: keyOptions(o.keyURI)})
	if err != nil {
		return err
	}
	return errors.Join(do(e.Kept()), e.Close())
}
