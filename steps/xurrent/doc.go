// Package xurrent declares what connects runbooks to Xurrent: the connection type, the step kinds (query,
// mutation, upload, token, config, secret_set, config_update, async) and the triggers (webhook,
// secrets_changed, installation_changed, automation_webhook, configuration).
//
// The kinds are decoded and checked, and their outputs typed, so that blueprints can be written and
// validated. They are planned: this build cannot run them, nor receive the triggers' events. Each file is
// one kind. Start at connection.go, then query.go and trigger_webhook.go.
//
// It may import engine/ingress, engine/lang and steps.
package xurrent
