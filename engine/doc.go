// Package engine supervises: it accepts events durably, executes runs, keeps the blueprints in force and
// swaps them, and owns every long-lived goroutine.
//
// Its life: New opens the store and starts nothing. Load puts a blueprint in force. Run recovers what an
// earlier process left, then executes runs, fires schedules and prunes until its context ends; then it parks
// what is going and returns. Accept may be called from the moment that Load has returned.
//
// A run's life: Accept stores the event and the run's identity in one commit and puts the run into its
// concurrency group's queue, in order of arrival. When its turn comes a goroutine drives its machine (package
// run) against a host over the store. When it only waits, the machine is dropped: what is left in memory is
// an entry of some 200 bytes and a place in the heap of wake-up times. It keeps its place in its group.
//
// Locks: Engine.mu guards the entries, groups and queues; it is held for moments and never while anything
// is stored or called. Start at engine.go, then queue.go, host.go, writes.go and calls.go.
//
// It may import every engine package but console, and steps.
package engine
