// Package blueprints declares what a blueprint deploys to a Xurrent account — apps (app offerings), UI extensions and
// automation rules — and brings an account to it. It finds, without asking an account, what cannot be right; compares
// an account with a blueprint; makes the changes; and writes what an account has as a blueprint. Nothing is kept in a
// state file: what exists is found on the account.
//
// The fields of each kind are declared once, by the tags of the structs in app.go, extension.go and rule.go; table.go
// says what the tags mean. Decoding, reading, comparing, writing and extracting go by that.
//
//   - Kinds (resource.go) lists the kinds; check_*.go and phrase.go are their checks.
//   - Compare (compare.go) makes a Plan (plan.go): declare.go reads the blocks, compare_read.go the account in one
//     request, compare_app.go, compare_rules.go and compare_gone.go find what is to be done, diff.go says it field by
//     field, basis.go names what it all depends on, sensitive.go takes out what must not be
//     shown.
//   - Plan.Apply (apply.go) makes the changes: apply_thing.go writes records, apply_create.go makes new ones once,
//     apply_extension.go activates forms, failure.go finds the attribute behind an error. Publish is in publish.go.
//   - Extract (extract.go) writes an app as a blueprint.
//
// Start at Compare. It may import engine/lang, engine/outbound, schema, steps and steps/xurrent/api: what an
// account is asked goes through [Account].
package blueprints
