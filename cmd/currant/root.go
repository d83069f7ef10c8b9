package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"currant/engine/lang"
)

// execute runs one command line and returns its exit code.
func execute(args []string, t *terminal) int {
	root := newRoot(t)
	root.SetArgs(args)
	started := false
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		started = true
		return applySettings(cmd, t)
	}
	cmd, err := root.ExecuteC()
	if err != nil && !started && exitCode(err) == exitFailed {
		err = &usageError{err} // cobra's own: an unknown command, a wrong number of arguments
	}
	report(t, cmd, err)
	return exitCode(err)
}

// report says what went wrong.
func report(t *terminal, cmd *cobra.Command, err error) {
	var invalid *invalidError
	var usage *usageError
	var silent *silentError
	switch {
	case err == nil, errors.As(err, &silent):
	case errors.As(err, &invalid) && invalid.err == nil:
		if e := t.err.diagnostics(invalid.files, invalid.diags); e != nil {
			t.err.printf("%s %s\n", t.err.style(styleBad, "Error:"), err)
		}
	case errors.As(err, &usage):
		t.err.printf("%s %s\nSee \"%s --help\".\n", t.err.style(styleBad, "Error:"), err, cmd.CommandPath())
	default:
		t.err.printf("%s %s\n", t.err.style(styleBad, "Error:"), err)
	}
}

// newRoot is the whole tree of commands.
func newRoot(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "currant",
		Short: "Runs declarative HCL runbooks for Xurrent",
		Long: `Currant runs declarative runbooks for Xurrent: a trigger bound to a sequence of steps, written in HCL,
checked before anything runs, and executed durably.

A blueprint is a directory of *.hcl files. Exit codes: 0 done, 1 failed, 2 wrong usage or an invalid
blueprint. Settings are flags, environment variables (CURRANT_LISTEN for --listen) or a file runner.hcl.`,
		Example: `  currant init hello && cd hello
  currant run greet
  currant dev`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.PersistentFlags().String("config", "", "file of settings (default runner.hcl in the current directory, where it exists)")
	root.AddCommand(newInit(t), newValidate(t), newFmt(t), newRun(t), newTest(t), newServe(t), newDev(t), newRuns(t), newGraph(t), newDocs(t),
		newPlan(t), newApply(t), newDisable(t), newPull(t), newSim(t), newSchema(t), newSend(t), newStore(t), newVersion(t))
	root.InitDefaultCompletionCmd()
	documentCompletion(root)
	return root
}

// group is a command that only holds others.
func group(use, short, long, example string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Long: long, Example: example, Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(commands...)
	return cmd
}

// noSuchCommand refuses arguments of a command that only holds others.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	slices.Sort(names)
	hint := lang.DidYouMean(args[0], names)
	if hint == "" {
		hint = " The commands are " + strings.Join(names, ", ") + "."
	}
	return usagef("there is no command %q.%s", cmd.CommandPath()+" "+args[0], hint)
}

// documentCompletion gives cobra's own commands an example, as all have.
func documentCompletion(root *cobra.Command) {
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Example = "  source <(currant completion bash)"
		for _, shell := range c.Commands() {
			shell.Example = fmt.Sprintf("  currant completion %s", shell.Name())
		}
	}
}
