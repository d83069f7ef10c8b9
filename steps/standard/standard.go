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
}

// Kinds are the step kinds.
func Kinds(deps Deps) []*steps.Kind {
	return []*steps.Kind{
		flow.If, flow.Switch, flow.Loop, flow.Repeat, flow.Batch, flow.Parallel, flow.Section, flow.Try,
		httpreq.Kind(deps.Outbound),
		flow.Wait, flow.Set, flow.Compute, flow.Log, flow.Fail, flow.Finish,
		flow.Call, flow.ScheduleCreate, flow.ScheduleUpdate, flow.ScheduleDelete,
		xurrent.Query, xurrent.Mutation, xurrent.Upload, xurrent.Token, xurrent.Config, xurrent.SecretSet,
		xurrent.ConfigUpdate, xurrent.Async,
	}
}

// Connections are the connection types.
func Connections(deps Deps) []*steps.ConnectionKind {
	return []*steps.ConnectionKind{httpreq.Connection(deps.Outbound), xurrent.Connection}
}

// Triggers are the trigger kinds.
func Triggers() []*ingress.Kind {
	return []*ingress.Kind{
		ingress.Manual, ingress.JSONEndpoint, ingress.Schedule,
		xurrent.Webhook, xurrent.SecretsChanged, xurrent.InstallationChanged, xurrent.AutomationWebhook, xurrent.Configuration,
	}
}
