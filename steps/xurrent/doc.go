// Package xurrent connects runbooks to Xurrent: the connection type, the step kinds (query, mutation, upload,
// token, config, secret_set, config_update, async) and the triggers (webhook, secrets_changed,
// installation_changed, automation_webhook, configuration).
//
// Each kind has a file; where it does more than a page of work, NAME_run.go has that. models.go keeps the
// accounts' data models, against which model_check.go checks steps; customers.go keeps what customers'
// installations have sent; enable.go makes, on accounts, what triggers need. Start at connector.go, then connection.go, query.go and trigger_webhook.go.
//
// It may import engine/ingress, engine/lang, engine/outbound, schema, steps, and its own packages api and
// verify. It reaches accounts through api only, and knows nothing of the simulated account.
package xurrent
