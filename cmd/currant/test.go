package main

import (
	"context"
	"errors"
	"os"
	"regexp"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"currant/engine/testrun"
)

type testOptions struct {
	sourceOptions
	dir      string
	run      string
	junit    string
	json     bool
	coverage bool
}

func newTest(t *terminal) *cobra.Command {
	var o testOptions
	cmd := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests of a blueprint",
		Long: `Runs the tests of the blueprint in DIR (default: the current directory): the "test" blocks of its *.test.hcl files.

Each test is a run of a runbook, of its own: steps with a mock are answered by it, the others work on a simulated
Xurrent account that begins as a small company in each test. No other service is called. Time is simulated: waits and
pauses take none. Tests run side by side; what they show comes in the order of the files.

--coverage lists the steps and branches that no test came to. --junit writes a report that continuous integration
reads.

Exit code 0: all tests passed. 1: a test failed. 2: the blueprint or a test is invalid, or wrong usage.`,
		Example: `  currant test
  currant test ./survey --run 'asks|thanks' --coverage
  currant test --json | jq '.tests[] | select(.status == "failed") | .name'
  currant test --junit report.xml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.dir = dirOf(args)
			return runTest(cmd.Context(), t, &o)
		},
	}
	f := cmd.Flags()
	o.flags(f)
	f.StringVar(&o.run, "run", "", "run only the tests whose name matches this regular expression")
	f.StringVar(&o.junit, "junit", "", "also write the results to this file, as JUnit XML")
	f.BoolVar(&o.json, "json", false, "print the results as one JSON object, and all else on standard error")
	f.BoolVar(&o.coverage, "coverage", false, "tell which steps and branches no test came to")
	return cmd
}

func runTest(ctx context.Context, t *terminal, o *testOptions) (err error) {
	var pick *regexp.Regexp
	if o.run != "" {
		if pick, err = regexp.Compile(o.run); err != nil {
			return usagef("--run: %w", err)
		}
	}
	in := catchInterrupts(ctx, os.Interrupt, syscall.SIGTERM)
	defer in.stop()
	begun := time.Now()
	l, err := loadTests(in.first, t, o)
	if err != nil {
		return err
	}
	if err := l.err(); err != nil {
		return err
	}
	if err := t.err.diagnostics(l.files, l.diags); err != nil { // warnings
		return err
	}
	view := &testView{t: t, o: o, files: l.files}
	results, coverage, err := l.suite.Run(in.first, testrun.Options{Source: l.source, Setup: l.setup, Run: pick, Done: view.result})
	if in.first.Err() != nil {
		return errors.New("interrupted")
	}
	if err != nil {
		return err
	}
	if len(results) == 0 && pick != nil && len(l.suite.Tests) > 0 {
		return usagef("--run %q: no test has such a name", o.run)
	}
	report := testrun.NewReport(results, l.files, time.Since(begun))
	if o.coverage {
		report.Coverage = coverage
	}
	if o.junit != "" {
		if err := writeJUnit(o.junit, report, l.Name); err != nil {
			return err
		}
	}
	if err := view.end(report); err != nil {
		return err
	}
	if report.Summary.Failed > 0 {
		return &silentError{exitFailed}
	}
	return nil
}

func writeJUnit(path string, report *testrun.Report, blueprint string) error {
	f, err := os.Create(path)
	if err != nil {
		return usagef("--junit: %w", err)
	}
	return errors.Join(report.WriteJUnit(f, blueprint), f.Close())
}
