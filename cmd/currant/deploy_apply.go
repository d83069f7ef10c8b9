package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"

	"currant/blueprints"
	"currant/engine/lang"
	"currant/steps/xurrent"
)

// doing tells of one change, before and after it is made.
type doing struct {
	change *blueprints.Change
	begun  bool          // it is being made now
	wait   time.Duration // the account asks to wait this long
	took   time.Duration // once it is made; 0 where that is not known
}

// lingering is how long what runbooks need may still be made once a person has asked to stop: it is few calls, and
// half of it is of no use.
const lingering = 30 * time.Second

// halted is a plan that was not carried out to its end.
type halted struct {
	plan *deployPlan
	// done are the changes that were made.
	done []*blueprints.Change
	// failed is the one that was not, and Range where in the blueprint that is from; nil where no change is to blame.
	failed *blueprints.Change
	at     hcl.Range
	// stopped says that a person has asked for it.
	stopped bool
	err     error
}

// Error is without the secrets that the account may have repeated.
func (h *halted) Error() string { return h.plan.secrets.Redact(h.err.Error()) }
func (h *halted) Unwrap() error { return h.err }

// apply makes the changes of a plan and tells of each. It stops at the first that fails, and when ctx ends: then the
// call in flight is waited for. Its error is *halted.
func (p *deployPlan) apply(ctx context.Context, told func(doing)) error {
	var done []*blueprints.Change
	halt := func(err error) error {
		h := &halted{plan: p, done: done, err: err, stopped: ctx.Err() != nil && errors.Is(err, context.Canceled)}
		var f *blueprints.Failure
		if errors.As(err, &f) && !h.stopped {
			h.failed, h.at, h.err = f.Change, f.Range, f
		}
		return h
	}
	for _, on := range p.parts {
		if on.plan == nil {
			continue
		}
		started := time.Now()
		err := on.plan.Apply(ctx, on.account.Client(), func(d blueprints.Done) {
			switch {
			case d.Begun:
				started = time.Now()
			case d.Wait == 0 && d.Err == nil:
				done = append(done, d.Change)
			}
			if d.Err == nil {
				told(doing{change: d.Change, begun: d.Begun, wait: d.Wait, took: time.Since(started)})
			}
		})
		if err != nil {
			return halt(err)
		}
		if len(on.wanted) == 0 {
			continue
		}
		if ctx.Err() != nil {
			return halt(ctx.Err())
		}
		made, failed, err := on.enable(ctx, p.kept, told)
		done = append(done, made...)
		if err != nil {
			h := halt(fmt.Errorf("connection %q: %w", on.Connection, err)).(*halted)
			if h.failed = failed; failed != nil {
				h.at = failed.Range
			}
			return h
		}
	}
	return nil
}

// enable makes what runbooks need. failed is what ended it, where that is known.
func (p *partPlan) enable(ctx context.Context, kept lang.Kept, told func(doing)) (made []*blueprints.Change, failed *blueprints.Change, err error) {
	ctx, cancel := linger(ctx)
	defer cancel()
	did, err := p.account.Enable(ctx, kept, p.needs)
	return p.enabledAs(did, told, err)
}

// enabledAs finds the changes that were made, in the order of those that were wanted.
func (p *partPlan) enabledAs(did []xurrent.Enabled, told func(doing), err error) (made []*blueprints.Change, failed *blueprints.Change, _ error) {
	is := map[[2]string]bool{}
	for _, d := range did {
		is[[2]string{d.What, d.Name}] = true
	}
	for i, w := range p.wanted {
		c := &p.enabled[i]
		switch {
		case c.Action == blueprints.None:
		case is[[2]string{w.What, w.Name}]:
			made = append(made, c)
			told(doing{change: c})
		case err != nil && failed == nil:
			failed = c
		}
	}
	return made, failed, err
}

// linger is a context that ends some time after ctx has.
func linger(ctx context.Context) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(lingering, cancel) })
	return late, func() { stop(); cancel() }
}

// left are the changes that were not made.
func (h *halted) left() []*blueprints.Change {
	made := map[string]bool{}
	for _, c := range h.done {
		made[c.Address+" "+string(c.Action)] = true
	}
	var out []*blueprints.Change
	for _, on := range h.plan.parts {
		for _, c := range on.changes() {
			if c.Action != blueprints.None && !made[c.Address+" "+string(c.Action)] {
				out = append(out, c)
			}
		}
	}
	return out
}
