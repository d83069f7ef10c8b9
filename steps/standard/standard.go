// Package standard is the list of what the binary knows: step kinds, connection types and trigger kinds.
//
// The lists are explicit; a kind that is not here does not exist. What kinds need from outside comes in
// through Deps, and with empty Deps the same lists check blueprints and print the reference. It may import
// every package that declares kinds. Start at Kinds.
package standard

import (
	"context"
	"errors"

	"currant/engine/ingress"
	"currant/engine/outbound"
	"currant/steps"
	"currant/steps/flow"
	"currant/steps/httpreq"
	"currant/steps/xurrent"
)

// Deps is what kinds need from outside.
type Deps struct {
	// Outbound is which addresses may be called.
	Outbound outbound.Policy
	// Xurrent is what the connector to Xurrent needs; its Outbound is the one above.
	Xurrent xurrent.Deps
}

func (d Deps) xurrent() xurrent.Deps {
	d.Xurrent.Outbound = d.Outbound
	return d.Xurrent
}

// Kinds are the step kinds.
func Kinds(deps Deps) []*steps.Kind {
	return append([]*steps.Kind{
		flow.If, flow.Switch, flow.Loop, flow.Repeat, flow.Batch, flow.Parallel, flow.Section, flow.Try,
		httpreq.Kind(deps.Outbound),
		flow.Wait, flow.Set, flow.Compute, flow.Log, flow.Fail, flow.Finish,
		flow.Call, flow.ScheduleCreate, flow.ScheduleUpdate, flow.ScheduleDelete,
	}, xurrent.Kinds(deps.xurrent())...)
}

// Connections are the connection types.
func Connections(deps Deps) []*steps.ConnectionKind {
	return []*steps.ConnectionKind{httpreq.Connection(deps.Outbound), xurrent.ConnectionKind(deps.xurrent())}
}

// Triggers are the trigger kinds.
func Triggers(deps Deps) []*ingress.Kind {
	return append([]*ingress.Kind{ingress.Manual, jsonEndpoint(deps), ingress.Schedule}, xurrent.Triggers(deps.xurrent())...)
}

// jsonEndpoint is the kind whose customer_secret() gives what secret_set has kept with a customer of the only
// connection's account.
func jsonEndpoint(deps Deps) *ingress.Kind {
	k := *ingress.JSONEndpoint
	k.CustomerSecret = func(ctx context.Context, t *ingress.Trigger, r *ingress.Request, account, name string) (string, bool, error) {
		if r.Kept == nil || t.Only == nil {
			return "", false, errors.New("customer_secret() needs the store of a runner")
		}
		connection, err := t.Only(xurrent.ConnectionKind(deps.xurrent()).Name)
		if err != nil {
			return "", false, err
		}
		return deps.xurrent().CustomerSecret(ctx, r.Kept, connection, account, name)
	}
	return &k
}
