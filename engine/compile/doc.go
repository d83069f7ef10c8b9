// Package compile turns a blueprint's files into a checked, immutable Blueprint: what runs and what
// receives events.
//
// The life of a compilation: Compile parses the files and binds them as one body, gives the variables their
// values, evaluates the locals, then checks the runbooks, each by a builder of its own: its trigger, its
// states, and its steps with the types of everything that each may see. Callees come before their callers,
// and runbooks that do not call each other are checked side by side. All problems are reported in one pass,
// in the order of the files. What the interpreter needs is left as a tree of Nodes and Blocks; nothing is
// looked up by name after that.
//
// With a Cache, a compilation takes over the syntax trees of files with the same text, and the runbooks whose
// text is the same and that refer to nothing that has changed: a variable's value, a local, an app, the
// connections, what a called runbook takes and gives. Runbooks that read files are always checked. A runbook
// is kept without its blueprint, and each blueprint gets an instance of its own (reuse.go), so that no version
// keeps another in memory.
//
// Start at compile.go, then runbooks.go, runbook.go, sequence.go and node.go. It may import engine/lang,
// engine/ingress and steps.
package compile
