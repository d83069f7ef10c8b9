// Package testrun runs the tests of a blueprint: the `test` blocks of its *.test.hcl files.
//
// The life of a test: Bind checks the blocks of all files against the blueprint: names, arguments, and whether
// each mock could be what its step gives. Suite.Run then gives each test a world of its own, in which the
// blueprint is compiled with the test's variables. Its runs are driven by the interpreter over a host in memory
// (host.go): records are encoded and read back as the engine does it, sub-runs are runs too, and time is
// simulated: it stands still while steps work, and jumps when all runs only wait. Steps with a mock are answered
// by it (mock.go, answer.go), others are executed. What the runs did (record.go) is compared with what the test expects
// (judge.go, expect.go, assert.go), and counts for the coverage.
//
// Calls outside are made one after the other, in the order in which the interpreter hands them out, and take no
// simulated time, unless a mock says so: the same test gives the same result each time. The host of
// engine/run/runtest is another: it dies and loses what was not durable, which is no business of a user's tests.
// That both mean the same is what TestConformance shows.
//
// Start at suite.go, then bind.go and world.go. The package knows no connector: what a step reaches that has no
// mock is for the caller to say (Surroundings). It may import engine, for how runs begin, connections open and
// secrets are kept out of errors, engine/vault to seal what is secret in records, and engine/compile,
// engine/ingress, engine/lang, engine/run, engine/schedule and steps.
package testrun
