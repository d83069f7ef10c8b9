package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/engine/testrun"
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

Objects, fields, filters and inputs of Xurrent are checked against the data model of the connection's account,
where that is known: a runner keeps it in the data directory when it first needs it, "currant schema refresh"
and --online ask for it. --sim checks against the simulated account's.

Exit code 0 says that the blueprint is valid, 2 that it is not. --json prints the same in the form of
"terraform validate -json".`,
		Example: `  currant validate
  currant validate ./survey --var client_id=abc
  currant validate --online
  currant validate --json | jq '.diagnostics[].summary'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.dir = dirOf(args)
			if err := o.openSimulation(cmd.Context()); err != nil {
				return err
			}
			return errors.Join(runValidate(cmd.Context(), t, &o), o.endSimulation())
		},
	}
	o.flags(cmd.Flags())
	allowFlag(cmd.Flags(), &o.allow)
	proxyFlag(cmd.Flags(), &o.proxy)
	dataDirFlag(cmd.Flags(), &o.dataDir)
	simFlag(cmd.Flags(), &o.simFlag)
	cmd.Flags().BoolVar(&o.json, "json", false, "print the result as JSON")
	cmd.Flags().BoolVar(&o.online, "online", false, "fetch the data models of the accounts first, and check against them")
	return cmd
}

func runValidate(ctx context.Context, t *terminal, o *validateOptions) error {
	read := func() (*loaded, error) { return load(t, o.dir, &o.sourceOptions, true) }
	if o.online || o.account != nil {
		read = func() (*loaded, error) { return loadOnline(ctx, t, o.dir, &o.sourceOptions, true, o.online) }
	}
	l, err := read()
	if err != nil {
		return err
	}
	l.checkTests()
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
	if names := unknownModels(l.Blueprint); len(names) > 0 {
		t.err.printf("Note: the data model of %s is not known yet, so objects, fields and inputs of Xurrent are not checked.\n"+
			"--online fetches it; --sim checks against a simulated account's.\n", strings.Join(names, " and "))
	}
	return nil
}

// checkTests checks the blueprint's tests; of one with mistakes of its own, only their syntax.
func (l *loaded) checkTests() {
	if l.source == nil {
		return
	}
	if l.diags.HasErrors() {
		for _, f := range l.source.Tests {
			_, diags := lang.ParseFile(f.Name, f.Bytes)
			l.diags = append(l.diags, diags...)
		}
		return
	}
	_, diags := testrun.Bind(l.Blueprint, l.source.Tests)
	l.diags = append(l.diags, diags...)
}

// unknownModels are the connections to accounts whose data model is not known.
func unknownModels(bp *compile.Blueprint) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(bp.Connections)) {
		if c := bp.Connections[name]; c.Kind.Basis != nil && c.Kind.Basis(c.Known()) == "" {
			names = append(names, fmt.Sprintf("connection %q", name))
		}
	}
	return names
}

func itoa(n int) string { return strconv.Itoa(n) }
