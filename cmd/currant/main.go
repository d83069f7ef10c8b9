// Package main is the command currant: one file per command, each of which turns flags into an options
// struct, calls the packages that do the work, and shows the result.
//
// A command's life: main makes a terminal and the command tree (root.go); cobra parses the flags; settings
// that no flag gave are taken from the environment and the settings file (settings.go); the command's run
// function does its work and returns an error, whose type says which exit code it has (exit.go). What is
// shown to people and what --json prints come from the same structs.
//
// It may import anything of ours, and nothing imports it. Start at root.go, then validate.go, which is the
// shortest of the commands.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := harden(); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(exitFailed)
	}
	os.Exit(execute(os.Args[1:], newTerminal(os.Stdin, os.Stdout, os.Stderr, os.LookupEnv)))
}
