//go:build race

package console

// raceOn says that the race detector slows everything down.
const raceOn = true
