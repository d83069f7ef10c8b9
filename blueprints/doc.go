// Package blueprints declares what a blueprint deploys to a Xurrent account: apps (app offerings), UI
// extensions and automation rules. It says what their blocks may hold and finds, without asking an account,
// what cannot be right.
//
// Reading an account, planning and applying come with deployment; they are not here yet. Start at Kinds.
//
// It may import engine/lang only.
package blueprints
