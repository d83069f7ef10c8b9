package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"currant/engine/lang"
)

type validateOptions struct {
	sourceOptions
	dir    string
	json   bool
	online bool
}

func newValidate(t *terminal) *cobra.Command {
	var o validateOptions
	cmd := &cobra.Command{
		Use:   "validate [DIR]",
		Short: "Check a blueprint without running anything",
		Long: `Checks everything about a blueprint that can be checked without running it: names, types, references,
arguments, flow. Tests (*.test.hcl) are read too. All mistakes are shown, each with its place.

Exit code 0 says that the blueprint is valid, 2 that it is not. --json prints the same in the form of
"terraform validate -json".`,
		Example: `  currant validate
  currant validate ./survey --var client_id=abc
  currant validate --json | jq '.diagnostics[].summary'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.dir = dirOf(args)
			return runValidate(t, &o)
		},
	}
	o.flags(cmd.Flags())
	cmd.Flags().BoolVar(&o.json, "json", false, "print the result as JSON")
	cmd.Flags().BoolVar(&o.online, "online", false, "fetch the account's schema first (not in this build yet)")
	return cmd
}

func runValidate(t *terminal, o *validateOptions) error {
	if o.online {
		return usagef("--online: this build cannot fetch the account's schema yet; leave it out to check all that can be checked without")
	}
	l, err := load(t, o.dir, &o.sourceOptions, true)
	if err != nil {
		return err
	}
	if o.json {
		if err := t.out.json(lang.NewReport(l.files, l.diags)); err != nil {
			return err
		}
		if l.diags.HasErrors() {
			return &silentError{exitWrong}
		}
		return nil
	}
	if err := l.err(); err != nil {
		return err
	}
	if err := t.err.diagnostics(l.files, l.diags); err != nil { // warnings
		return err
	}
	t.out.printf("%s The blueprint %q is valid: %s.\n", t.out.style(styleGood, "Success!"), l.Name, count(len(l.Runbooks), "runbook"))
	return nil
}

func itoa(n int) string { return strconv.Itoa(n) }
