package lang

import (
	"syscall"
	"time"
)

// cpuTime is the processor time that the process has used: bounds on it hold on a busy machine too.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// within says whether the processor time since a reading of cpuTime is within a bound. The race detector
// makes everything ten times as slow.
func within(since, bound time.Duration) bool {
	if raceEnabled {
		bound *= 10
	}
	return cpuTime()-since <= bound
}
