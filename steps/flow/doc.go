// Package flow has the step kinds that steer a run and touch nothing outside it: those that hold steps (if,
// switch, loop, batch, repeat, parallel, section, try), those that compute or keep a value (set, compute,
// log), those that end or pause a run (fail, finish, wait), and those that start other runs, now (call) or
// later (schedule_create and its siblings).
//
// Each file is one kind: a declaration, its arguments, its result and its function. A kind decides from
// evaluated arguments alone; the interpreter unfolds its blocks, journals, and wakes what is parked. Secret
// values may steer, and what is computed from them stays marked; a message never shows one.
//
// It may import engine/lang, engine/schedule and steps. Start at if.go, then loop.go and wait.go.
package flow
