package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"currant/blueprints"
	"currant/engine/lang"
)

type disableOptions struct {
	accountFlags
	dir string
	changing
}

func newDisable(t *terminal) *cobra.Command {
	var o disableOptions
	cmd := &cobra.Command{
		Use:   "disable [DIR]",
		Short: "Disable the webhooks of a blueprint's runbooks",
		Long: `Disables, on the accounts of a blueprint, the webhooks that "currant apply" has made for its runbooks: no more events are
sent. Apps, UI extensions, automation rules, webhook policies and the addresses of apps stay as they are, and apply
enables the webhooks again. One that is not there any more is no error.

Exit code 0: they are disabled. 1: an account could not be changed, or the answer was not "yes". 2: wrong usage or an
invalid blueprint.`,
		Example: `  currant disable ./survey
  currant disable --auto-approve`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.dir = dirOf(args)
			return o.interruptible(cmd.Context(), t, func(ctx context.Context) error { return runDisable(ctx, t, &o) })
		},
	}
	o.flagsOf(cmd)
	o.changing.flags(cmd.Flags())
	return cmd
}

func runDisable(ctx context.Context, t *terminal, o *disableOptions) error {
	if err := o.askable(t); err != nil {
		return err
	}
	l, err := loadAt(t, o.dir, &o.sourceOptions, false, unsetURL) // nothing is told where the runner is
	if err == nil {
		err = l.err()
	}
	if err != nil {
		return err
	}
	return o.change(ctx, t, &o.changing, func(kept lang.Kept) error {
		d, err := newDeployment(ctx, l.Blueprint, deployOptions{publicURL: unsetURL, kept: kept, waits: tellWait(t)})
		if err != nil {
			return err
		}
		defer d.Close()
		p, err := d.planDisable(ctx)
		if err != nil {
			return unlessStopped(ctx, err)
		}
		if p.tally().changes() == 0 {
			t.out.printf("%s No webhook of the blueprint %q is enabled.\n", t.out.style(styleBold, "No changes."), d.bp.Name)
			return nil
		}
		p.show(t.out)
		if err := o.ask(ctx, t, "Do you want to disable them?"); err != nil {
			return err
		}
		if err := p.disable(ctx, func(d doing) { tell(t.out, d) }); err != nil {
			return stoppedAt(t, err)
		}
		return nil
	})
}

// planDisable reads which webhooks are to be disabled.
func (d *deployment) planDisable(ctx context.Context) (*deployPlan, error) {
	p := &deployPlan{deployment: d}
	for _, on := range d.parts {
		pp := &partPlan{part: on}
		var err error
		pp.wanted, err = on.account.DisablePlan(ctx, d.kept, on.needs)
		if err = pp.skip(d, err); err != nil {
			return nil, d.about(on, err)
		}
		for _, w := range pp.wanted {
			pp.enabled = append(pp.enabled, on.changeOf(d.bp, w))
		}
		p.parts = append(p.parts, pp)
	}
	return p, nil
}

// disable disables the webhooks of a plan, and tells of each. It stops at the first error, which is *halted.
func (p *deployPlan) disable(ctx context.Context, told func(doing)) error {
	var done []*blueprints.Change
	for _, on := range p.parts {
		if len(on.wanted) == 0 {
			continue
		}
		if ctx.Err() != nil {
			return &halted{plan: p, done: done, err: ctx.Err(), stopped: true}
		}
		late, cancel := linger(ctx)
		did, err := on.account.Disable(late, p.kept, on.needs)
		cancel()
		made, failed, err := on.enabledAs(did, told, err)
		if done = append(done, made...); err != nil {
			return &halted{plan: p, done: done, failed: failed, err: fmt.Errorf("connection %q: %w", on.Connection, err)}
		}
	}
	return nil
}
