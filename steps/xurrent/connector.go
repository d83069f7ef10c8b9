package xurrent

import (
	"log/slog"

	"currant/engine/ingress"
	"currant/engine/outbound"
	"currant/steps"
	"currant/steps/xurrent/api"
	"currant/steps/xurrent/verify"
)

// Deps is what the connector needs from outside. With the zero value blueprints are checked, by what they say
// alone.
type Deps struct {
	// Outbound is which addresses may be called.
	Outbound outbound.Policy
	// Environment is where accounts are, if not where connections say: a simulated account.
	Environment api.Environment
	// Models keeps the accounts' data models; nil knows none and keeps none.
	Models *Models
	// Verifier verifies webhooks; nil makes one.
	Verifier *verify.Verifier
	// Log is told what events hold that is left out; nil discards it.
	Log *slog.Logger
}

// Kinds are the connector's step kinds.
func Kinds(d Deps) []*steps.Kind {
	return []*steps.Kind{newQuery(d), newMutation(d), Upload, newToken(d), newConfig(d), newSecretSet(d), ConfigUpdate, newAsync(d)}
}

// Triggers are the connector's trigger kinds.
func Triggers(d Deps) []*ingress.Kind {
	if d.Verifier == nil {
		d.Verifier = verify.New(verify.Options{Outbound: d.Outbound})
	}
	t := TriggerDeps{Verifier: d.Verifier, Log: d.Log, Issuer: d.issuer, Provider: d.provider, IssuerAt: d.issuerAt, Installed: d.installed}
	return []*ingress.Kind{NewWebhook(t), NewSecretsChanged(t), NewInstallationChanged(t), NewAutomationWebhook(t), NewConfiguration(t)}
}
