// Package console is the web application inside the binary: blueprints and their diagnostics, runs, what they
// wait for, connections and customers; it retries, cancels and resumes runs. Pages are rendered here with
// html/template; the little JavaScript follows a run live, and all else works without it.
//
// Who gets in: console.go and listen.go decide where is listened, guard.go which requests reach a page at all
// (host, method, origin, session, form token), login.go and session.go who is logged in. Every page is a row of
// the table in routes.go. What is shown is text of unknown origin: it is escaped by the templates, and stands
// there masked, for views of runs are (engine.View).
//
// Start at routes.go, then the page's own file. It may import engine, engine/compile, engine/graph,
// engine/journal and engine/lang; what connectors know is given in Options.
package console
