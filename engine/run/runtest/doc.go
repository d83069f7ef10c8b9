// Package runtest tests hosts of the interpreter, and the interpreter itself.
//
// A World is what is outside a run: it answers the calls of the step kind "probe" by a script and counts
// them; it outlives crashes. A Sim is a host in memory with simulated time: the records of a run are kept
// encoded, and the host can die before or after any of its operations, with or without what was not yet
// durable. Scenarios are runbooks with scripted answers and what must come of them; Suite runs them all
// against any host that implements Harness.
//
// It is imported by tests only. Start at suite.go, then world.go and sim.go.
package runtest
