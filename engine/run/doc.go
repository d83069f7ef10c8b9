// Package run is the interpreter: it executes one run of a runbook as an explicit state machine.
//
// The life of a run: New begins it, or Restore puts it where its records say it was. Advance does everything
// that can be done at this moment, in place: conditions, loops, values. What needs the outside is handed
// out as Calls; what is to be remembered as Records, one per step in progress or done, under the step's
// path. Apply takes in what came back: the outcome of a call, a cancellation, a run that ended. Drive does
// these in turn against a Host until the run ends or only waits; then nothing of it stays in memory.
//
// The machine holds a tree of frames (a sequence of steps being run, with a program counter) and activations
// (a step in progress). It never recurses with the run's depth, starts no goroutine, reads no clock and
// iterates no map whose order could be seen: the same records and the same events give the same decisions.
// A finished iteration leaves no record but its loop's counter, so the journal grows with what is in flight.
//
// Paths: a step NAME of the runbook is "NAME"; inside a block of step S it is "S.BLOCK/NAME", in an iteration
// "S.each[7]/NAME". All that belongs to S begins with "S.".
//
// Start at machine.go, then begin.go and the file of each shape; host.go is what an engine implements. It
// may import engine/compile, engine/lang and steps.
package run
