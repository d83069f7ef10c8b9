// Package steps is the contract of step kinds and connection types: what a kind declares, what it may touch
// while it runs, and what it may answer. No kind lives here.
//
// A kind is a value, made by one of the constructors (Action, Choice, Loop, …) from a function and a struct
// whose tags are its arguments; see currant/engine/lang for the tags. The binary's kinds are the explicit
// list in currant/steps/standard. From the one declaration come decoding, checking, output types, the
// reference and the tests that every kind passes.
//
// Kinds differ in shape. An Action does one thing and answers. The others hold steps and say how they
// unfold: Choice runs one of its blocks, Fork all of them at once, Loop one block per item, Repeat one block
// until a condition, Try guards a block. A kind never schedules anything itself: the interpreter does, and
// it journals where it is. Start at kind.go, then call.go and errors.go.
//
// It may import engine/lang only.
package steps
