// Package compile turns a blueprint's files into a checked, immutable Blueprint: what runs and what
// receives events.
//
// The life of a compilation: Compile binds all files as one body, gives the variables their values,
// evaluates the locals, then checks each runbook in file order: its trigger, its states, and its steps with
// the types of everything that each may see. All problems are reported in one pass. What the interpreter
// needs is left as a tree of Nodes and Blocks; nothing is looked up by name after that.
//
// Start at compile.go, then node.go and sequence.go. It may import engine/lang, engine/ingress and steps.
package compile
