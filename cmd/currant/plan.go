package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"currant/engine/lang"
)

type planOptions struct {
	accountFlags
	dir      string
	out      string
	json     bool
	detailed bool
}

// planForm documents plan --json, for the help.
const planForm = `--json prints an object with format_version ("1.0"), blueprint, accounts (connection, account_id, stage, host), changes
and summary (create, update, delete, disable, enable, none). A change has action (one of those), kind (app, ui_extension,
automation_rule, webhook, webhook_policy), name, address, connection, note (where there is one) and fields, with path,
before and after (JSON values; null is nothing), sensitive (then both are null) and drift (only where it is true).`

func newPlan(t *terminal) *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan [DIR]",
		Short: "Show what apply would change on the accounts",
		Long: `Reads the accounts of a blueprint and shows what "currant apply" would do there: apps, UI extensions and automation
rules field by field, then the webhooks, webhook policies and addresses that runbooks need. It changes nothing, on the
accounts or on this machine. What somebody else changed since the last apply is marked.

--out keeps the plan in a file; "currant apply FILE" does what it says, or nothing. The file holds no secret: give
sensitive variables to apply again.

` + planForm + `

Exit code 0: the accounts were read. 1: they could not be. 2: wrong usage or an invalid blueprint. With
--detailed-exitcode, 0 says that there is nothing to change, 2 that there is, and 1 that anything went wrong.`,
		Example: `  currant plan --public-url https://hooks.example.com
  currant plan ./survey --sim=http://127.0.0.1:7790
  currant plan ./survey --out survey.plan && currant apply survey.plan
  currant plan --json | jq '.changes[] | select(.action != "none").address'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.dir = dirOf(args)
			err := o.with(cmd.Context(), func() error { return runPlan(cmd.Context(), t, &o) })
			var said *silentError
			if o.detailed && exitCode(err) == exitWrong && !errors.As(err, &said) {
				report(t, cmd, err)
				return &silentError{exitFailed} // 2 says that there is something to change
			}
			return err
		},
	}
	o.flagsOf(cmd)
	o.publicURLFlag(cmd)
	cmd.Flags().StringVar(&o.out, "out", "", "file to keep the plan in, for \"currant apply FILE\"")
	cmd.Flags().BoolVar(&o.json, "json", false, "print the plan as JSON")
	cmd.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 where there is something to change, and with 1 where anything went wrong")
	return cmd
}

func runPlan(ctx context.Context, t *terminal, o *planOptions) error {
	if o.out != "" && o.account != nil && o.account.own != nil {
		return usagef("--out: the command's own simulated account ends with it, so that nothing can be applied to it later; name one that \"currant sim\" runs with --sim=URL")
	}
	l, err := o.load(t, o.dir)
	if err != nil {
		return err
	}
	if err := t.err.diagnostics(l.files, l.diags); err != nil { // warnings
		return err
	}
	return o.withKept(ctx, t, false, func(kept lang.Kept) error {
		d, err := newDeployment(ctx, l.Blueprint, deployOptions{publicURL: o.publicURL, kept: kept, waits: tellWait(t)})
		if err != nil {
			return err
		}
		defer d.Close()
		p, err := d.plan(ctx)
		if err != nil {
			return err
		}
		return showPlan(t, o, l, p)
	})
}

// showPlan prints a plan, keeps it where that is asked for, and says by the exit code whether something is to change.
func showPlan(t *terminal, o *planOptions, l *loaded, p *deployPlan) error {
	if o.json {
		if err := p.view().print(t.out); err != nil {
			return err
		}
	} else {
		p.show(t.out)
	}
	if o.out != "" {
		if err := savePlan(o.out, o.dir, &o.accountFlags, l, p); err != nil {
			return err
		}
		if !o.json {
			t.out.printf("The plan is in %s. To make these changes: currant apply %s\n", o.out, o.out)
		}
	}
	if o.detailed && p.tally().changes() > 0 {
		return &silentError{exitWrong}
	}
	return nil
}
