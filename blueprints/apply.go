package blueprints

import (
	"context"
	"errors"
	"maps"
	"time"
)

// Apply makes the changes of a plan, in its order, and stops at the first that fails: then the error is a *[Failure].
// told, if not nil, is called before and after each change that is made, and where the service asks for patience. A
// context that ends lets the call in flight end, for at most its own timeout, so that what it did is known.
//
// What was made stays. A plan that is made again has the rest, and nothing is made twice (promises P2 and P4): apps
// are unique by their references, and what has a source is looked for before and after it is created.
func (p *Plan) Apply(ctx context.Context, a Account, told func(Done)) error {
	if p.applied {
		return errors.New("the plan was applied already; make a new one, which has what is left to do")
	}
	p.applied = true
	if told == nil {
		told = func(Done) {}
	}
	x := &applying{plan: p, told: told}
	x.caller = &caller{account: a, secrets: p.secrets, waits: x.waits}
	for i, t := range p.things {
		x.now = &p.Changes[i]
		if x.now.Action == None {
			x.remember(ctx, t)
			continue
		}
		if err := ctx.Err(); err != nil {
			return err // nothing of it was begun
		}
		told(Done{Change: x.now, Begun: true})
		if err := x.make(ctx, t); err != nil {
			err := x.failure(t, err)
			told(Done{Change: x.now, Err: err})
			return err
		}
		told(Done{Change: x.now})
		x.remember(context.WithoutCancel(ctx), t)
	}
	return nil
}

// applying is one call of Apply.
type applying struct {
	*caller
	plan *Plan
	told func(Done)
	now  *Change
}

func (x *applying) waits(d time.Duration) { x.told(Done{Change: x.now, Wait: d}) }

func (x *applying) make(ctx context.Context, t *thing) error {
	switch t.change.Action {
	case Disable:
		return x.update(ctx, t, map[string]any{t.table.column("disabled").input: true})
	case Delete:
		return x.remove(ctx, t)
	case Create:
		return x.create(ctx, t)
	}
	if t.record == extensionRecord {
		return x.updateExtension(ctx, t)
	}
	input, err := x.input(ctx, t, t.differ)
	if err != nil {
		return err
	}
	return x.update(ctx, t, input)
}

// remove deletes a rule of an app, unless somebody else did it.
func (x *applying) remove(ctx context.Context, t *thing) error {
	_, err := x.mutate(ctx, mutation{name: t.record.name + "Delete", inputType: t.record.typ + "DeleteMutationInput", input: map[string]any{"id": t.id}})
	if isAbsent(err) {
		return nil
	}
	return err
}

// remember keeps the digests of what was applied, so that drift can be told from edits. It is a hint, without which an
// apply goes on.
func (x *applying) remember(ctx context.Context, t *thing) {
	keep := x.plan.target.Applied
	digests := t.digests
	address := t.change.Address
	if t.change.Action == Disable {
		disabled := t.table.column("disabled")
		digests, address = map[string]string{disabled.path: disabled.digest(true)}, t.change.Kind+"."+labelOf(t.sourceID)
	}
	if keep == nil || digests == nil || t.double {
		return
	}
	if last, err := keep.Last(ctx, address); err != nil || !maps.Equal(last, digests) {
		_ = keep.Remember(ctx, address, digests)
	}
}
