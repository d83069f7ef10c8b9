// Package standard is the list of what the binary knows: step kinds, connection types and trigger kinds.
//
// The lists are explicit; a kind that is not here does not exist. What kinds need from outside comes in
// through Deps, and with empty Deps the same lists check blueprints and print the reference. It may import
// every package that declares kinds. Start at Kinds.
package standard

import (
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
	return append([]*ingress.Kind{ingress.Manual, ingress.JSONEndpoint, ingress.Schedule}, xurrent.Triggers(deps.xurrent())...)
}
