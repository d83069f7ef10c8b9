package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"currant/engine/lang"
)

type applyOptions struct {
	accountFlags
	what    string // directory or saved plan
	publish bool
	changing
}

// changing are the flags of commands that change accounts.
type changing struct {
	approve     bool
	lockTimeout time.Duration
}

func (o *changing) flags(f *pflag.FlagSet) {
	f.BoolVar(&o.approve, "auto-approve", false, "do not ask before anything is changed")
	f.DurationVar(&o.lockTimeout, "lock-timeout", 0, "how long to wait for another command that changes accounts (default: not at all)")
}

func newApply(t *terminal) *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use:   "apply [DIR|FILE]",
		Short: "Bring the accounts to what the blueprint says",
		Long: `Shows what is to change on the accounts, as "currant plan" does, asks, and makes the changes: apps, UI extensions and
automation rules, then the webhooks, webhook policies and addresses that runbooks need. What is planned and what is
there are compared once more before the first change. With a FILE that "currant plan --out" has written, nothing is
asked: it does what that plan says, or nothing, where files or accounts are not as they were.

It stops at the first error, and says what was done and what was not; what is done is found again, so that applying
again goes on from there. Ctrl-C waits for the call in flight and stops then. Apps are changed as drafts; --publish
publishes them at the end, those too that it disables because they are gone from the blueprint. Two commands do not change accounts over one data directory at once: the second is refused,
or waits with --lock-timeout.

Webhooks ask at once whether they arrive: start the runner first, at its public URL.

Exit code 0: all is done. 1: something is not, or the answer was not "yes". 2: wrong usage or an invalid blueprint.`,
		Example: `  currant apply --public-url https://hooks.example.com
  currant apply ./survey --auto-approve --publish
  currant apply survey.plan
  currant apply ./survey --sim=http://127.0.0.1:7790 --auto-approve`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.what = dirOf(args)
			return o.interruptible(cmd.Context(), t, func(ctx context.Context) error { return runApply(ctx, t, &o) })
		},
	}
	o.flagsOf(cmd)
	o.publicURLFlag(cmd)
	o.changing.flags(cmd.Flags())
	cmd.Flags().BoolVar(&o.publish, "publish", false, "publish the apps of the blueprint at the end, and those that are disabled")
	return cmd
}

// interruptible does something that a first Ctrl-C ends in order, and a second one at once.
func (o *accountFlags) interruptible(ctx context.Context, t *terminal, do func(context.Context) error) error {
	in := catchInterrupts(ctx, os.Interrupt, syscall.SIGTERM)
	defer in.stop()
	quiet := context.AfterFunc(in.first, func() { t.err.printf("\nStopping once the call in flight is answered. Ctrl-C again stops at once.\n") })
	defer quiet()
	ended := make(chan error, 1)
	go func() { ended <- o.with(in.first, func() error { return do(in.first) }) }()
	select {
	case err := <-ended:
		return err
	case <-in.second.Done():
		return errors.New("interrupted; what the call in flight has done is not known: look with \"currant plan\"")
	}
}

func runApply(ctx context.Context, t *terminal, o *applyOptions) error {
	saved, err := readSaved(o.what)
	if err != nil {
		return err
	}
	dir := o.what
	if saved != nil {
		if err := saved.pin(&o.accountFlags); err != nil {
			return err
		}
		dir = saved.Dir
	} else if err := o.askable(t); err != nil {
		return err
	}
	l, err := o.load(t, dir)
	if err != nil {
		return err
	}
	if saved != nil {
		if err := saved.sameFiles(l); err != nil {
			return err
		}
	}
	if err := t.err.diagnostics(l.files, l.diags); err != nil { // warnings
		return err
	}
	return o.change(ctx, t, &o.changing, func(kept lang.Kept) error {
		d, err := newDeployment(ctx, l.Blueprint, deployOptions{publicURL: o.publicURL, kept: kept, waits: tellWait(t)})
		if err != nil {
			return err
		}
		defer d.Close()
		p, err := o.decide(ctx, t, d, saved)
		if err != nil || p == nil {
			return unlessStopped(ctx, err)
		}
		return o.carryOut(ctx, t, p)
	})
}

// change does something while no other command changes accounts, with what the data directory keeps.
func (o *accountFlags) change(ctx context.Context, t *terminal, c *changing, do func(lang.Kept) error) error {
	release, err := lockDeployment(ctx, o.dataDir, c.lockTimeout, func(holder string) {
		t.err.printf("Waiting for another command that changes accounts: %s.\n", holder)
	})
	if err != nil {
		return err
	}
	return errors.Join(o.withKept(ctx, t, true, do), release())
}

// decide plans, shows the plan and asks; of a saved plan it makes sure that it still holds. nil: there is nothing to
// do.
func (o *applyOptions) decide(ctx context.Context, t *terminal, d *deployment, saved *savedPlan) (*deployPlan, error) {
	p, err := d.plan(ctx)
	if err == nil && o.publish {
		p.publishing, err = p.publications(ctx)
	}
	if err != nil {
		return nil, err
	}
	if saved != nil {
		if err := saved.sameAccounts(p); err != nil {
			return nil, err
		}
		if err := samePlan(saved.planView, saved.Basis, p); err != nil {
			return nil, err
		}
		if p.tally().changes() > 0 {
			o.warn(ctx, t, p)
			return p, nil
		}
	}
	p.show(t.out)
	if p.tally().changes() == 0 && len(p.publishing) == 0 {
		return nil, nil
	}
	o.warn(ctx, t, p)
	if o.approve || saved != nil {
		return p, nil
	}
	if err := o.ask(ctx, t, "Do you want to make these changes?"); err != nil {
		return nil, err
	}
	again, err := d.plan(ctx)
	if err != nil {
		return nil, err
	}
	again.publishing = p.publishing
	return again, samePlan(p.view(), p.basis, again)
}

// warn says where no runner is reached by what accounts are told.
func (o *applyOptions) warn(ctx context.Context, t *terminal, p *deployPlan) {
	if len(publicNeed(p.bp, o.publicURL)) == 0 {
		return
	}
	if why := runnerAt(ctx, o.publicURL); why != "" {
		t.err.printf("%s No runner answers at %s: %s.\nWebhooks ask at once whether they arrive, and those that nobody answers stay unconfirmed: start it first.\n", t.err.style(styleWarn, "Warning:"), o.publicURL, why)
	}
}

// unlessStopped is an error, unless it is of a person who has asked to stop before anything was changed.
func unlessStopped(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return errDeclined
	}
	return err
}

// askable refuses to go on where there is nobody to ask.
func (o *changing) askable(t *terminal) error {
	if !o.approve && !t.asks {
		return usagef("there is no terminal to ask on: give --auto-approve, or a plan that \"currant plan --out\" has written")
	}
	return nil
}

// errDeclined is the end of a command whose question was not answered with yes.
var errDeclined = errors.New("not approved: nothing was changed")

// ask asks a person.
func (o *changing) ask(ctx context.Context, t *terminal, question string) error {
	if o.approve {
		return nil
	}
	t.out.printf("%s Only \"yes\" is taken as one: ", t.out.style(styleBold, question))
	answer := make(chan string, 1)
	go func() {
		line, err := bufio.NewReader(io.LimitReader(t.in, 1000)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			line = ""
		}
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		t.out.printf("\n")
		return errDeclined
	case a := <-answer:
		if a != "yes" {
			return errDeclined
		}
		t.out.printf("\n")
		return nil
	}
}
