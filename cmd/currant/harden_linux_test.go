package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A runner leaves no core dump and keeps others out of its memory, also where its environment asks Go to dump
// core (promise X5): read back from /proc.
func TestX5NoCoreDumps(t *testing.T) {
	if os.Getuid() == 0 {
		// What a core may be is inherited: a limit that is to be lowered must be there first.
		var old unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_CORE, &old); err != nil {
			t.Fatal(err)
		}
		if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 1 << 20, Max: max(old.Max, 1<<20)}); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := unix.Setrlimit(unix.RLIMIT_CORE, &old); err != nil {
				t.Error(err)
			}
		}()
	}
	t.Setenv("GOTRACEBACK", "crash")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "app", "main.hcl"), hook)
	p := start(t, dir, "serve", "app", "--listen", "127.0.0.1:0")
	p.await("ready")
	proc := fmt.Sprintf("/proc/%d/", p.cmd.Process.Pid)
	read := func(name string) string {
		data, err := os.ReadFile(proc + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if limits := read("limits"); !regexp.MustCompile(`Max core file size\s+0\s+0\s`).MatchString(limits) {
		t.Errorf("limits:\n%s", limits)
	}
	if env := read("environ"); strings.Contains(env, "GOTRACEBACK=crash") || !strings.Contains(env, "GOTRACEBACK=all") {
		t.Error("GOTRACEBACK is still crash")
	}
	p.signal(syscall.SIGQUIT) // which Go answers with the stacks
	p.await("SIGQUIT")
	if code := p.exit(); code != 2 {
		t.Errorf("exit code %d", code)
	}
	if s, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || s.CoreDump() {
		t.Errorf("%+v: core dumped", s)
	}
}

// PR_GET_DUMPABLE is what /proc shows as the owner of a process's files, to those who are not root.
func TestX5NotDumpable(t *testing.T) {
	defer func() {
		if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
			t.Error(err)
		}
	}()
	dumpable := func() int {
		n, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := dumpable(); n != 1 {
		t.Errorf("before, it was %d", n)
	}
	if err := harden(); err != nil {
		t.Fatal(err)
	}
	if n := dumpable(); n != 0 {
		t.Errorf("after, it is %d", n)
	}
}
