package main

import (
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// The exit codes of all commands.
const (
	exitDone   = 0 // what was asked for is done
	exitFailed = 1 // it was tried and failed: a failed run, a damaged store, an unformatted file under --check
	exitWrong  = 2 // it was not tried: wrong usage, or an invalid blueprint, variable or input
)

// usageError is a command line that cannot be carried out; the command's usage is pointed to.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// invalidError is a blueprint, variable or input that cannot be used. Its diagnostics are shown as they are;
// without any, its text is.
type invalidError struct {
	files map[string][]byte
	diags hcl.Diagnostics
	err   error
}

func (e *invalidError) Error() string {
	if e.err != nil {
		return e.err.Error()
	}
	return e.diags.Error()
}

func invalidf(format string, args ...any) error {
	return &invalidError{err: fmt.Errorf(format, args...)}
}

// silentError ends the command with a code and without another word: what is to be said has been said.
type silentError struct{ code int }

func (e *silentError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// exitCode is the code of an error that a command returned.
func exitCode(err error) int {
	var silent *silentError
	var usage *usageError
	var invalid *invalidError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &silent):
		return silent.code
	case errors.As(err, &usage), errors.As(err, &invalid):
		return exitWrong
	}
	return exitFailed
}
