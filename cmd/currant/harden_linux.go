package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// harden keeps secrets in the memory of this process from being written out (promise X5): it leaves no core dump,
// and other processes of the user may not read its memory.
func harden() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("core dumps cannot be forbidden: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("reading this process's memory cannot be forbidden: %w", err)
	}
	if os.Getenv(traceback) != "crash" {
		return nil
	}
	// Go takes no lower level than that of the environment, so the process begins again without it.
	env := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, traceback+"=") })
	return syscall.Exec("/proc/self/exe", os.Args, append(env, traceback+"=all"))
}

// traceback is the environment variable that can have Go end a process so that it dumps core.
const traceback = "GOTRACEBACK"
