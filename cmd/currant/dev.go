package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"currant/engine"
	"currant/engine/compile"
	"currant/engine/journal"
	"currant/engine/lang"
	"currant/engine/schedule"
)

func newDev(t *terminal) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "dev [DIR...]",
		Short: "Serve blueprints while you write them",
		Long: `Serves one or more blueprints (default: the current directory) as "currant serve" does, and says what happens:
what is served and where, each reload, mistakes in their place, a line per run. A blueprint may be invalid at
the start; it is served as soon as it is mended.`,
		Example: `  currant dev
  currant dev ./survey ./onboarding --listen 127.0.0.1:8080`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.dirs = args; len(args) == 0 {
				o.dirs = []string{"."}
			}
			if err := o.simulate(cmd.Context()); err != nil {
				return err
			}
			d := &devView{out: t.out}
			s := &server{t: t, o: &o, log: quietLog(t), told: d.reloaded, enabled: d.enabled, ready: d.ready, started: d.follow}
			d.server = s
			return errors.Join(s.run(cmd.Context()), o.endSimulation())
		},
	}
	o.serverFlags(cmd)
	return cmd
}

// devView says what happens to people.
type devView struct {
	out    stream
	server *server

	mu     sync.Mutex // one report at a time; guards served
	served bool       // the list of what is served has been shown once
}

// reloaded says what came of reading a blueprint.
func (d *devView) reloaded(r engine.Reload) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := d.out
	switch {
	case r.Diags.HasErrors():
		if err := out.diagnostics(r.Files, r.Diags); err != nil {
			out.printf("%s\n", r.Diags.Error())
		}
		state := "It is served as soon as it is valid."
		if r.Blueprint != nil {
			state = "The last good version stays in force."
		}
		out.printf("%s %s is invalid. %s\n", out.style(styleBad, "✗"), r.Dir, state)
	case r.Swapped:
		if err := out.diagnostics(r.Files, r.Diags); err != nil { // warnings
			out.printf("%s\n", r.Diags.Error())
		}
		text := ""
		for _, part := range []struct {
			what  string
			names []string
		}{{"added", r.Added}, {"changed", r.Changed}, {"removed", r.Removed}} {
			if len(part.names) > 0 {
				text += fmt.Sprintf(", %s %s", part.what, strings.Join(part.names, ", "))
			}
		}
		if !d.served {
			return // the list says it all
		}
		out.printf("%s %s is in force%s (%s)\n", out.style(styleGood, "✓"), r.Blueprint.Name, text, lang.FormatDuration(r.Took))
		if len(r.Added) > 0 {
			d.list(r.Blueprint, r.Added)
		}
	}
}

func (d *devView) ready(s *server) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, bp := range s.engine.Blueprints() {
		d.out.printf("%s %s\n", d.out.style(styleBold, bp.Name), d.out.style(styleDim, "("+bp.Dir+")"))
		d.list(bp, nil)
	}
	d.served = true
	d.out.printf("Listening at %s. Edit and save; Ctrl-C ends it.\n", s.publicURL)
}

// list says how runbooks are started: those named, or all.
func (d *devView) list(bp *compile.Blueprint, names []string) {
	wanted := map[string]bool{}
	for _, n := range names {
		wanted[n] = true
	}
	for _, rb := range bp.Runbooks {
		if names == nil || wanted[rb.Name] {
			d.out.printf("  %-20s %s\n", rb.Name, d.howStarted(rb))
		}
	}
}

func (d *devView) howStarted(rb *compile.Runbook) string {
	k := rb.Trigger.Kind
	switch {
	case !rb.Enabled:
		return "not enabled"
	case k.Endpoint:
		return fmt.Sprintf("%s at %s/inbound/%s/%s", k.Name, d.server.publicURL, rb.Blueprint.Name, rb.Name)
	case k.Schedule != nil:
		if spec, err := k.Schedule(rb.Trigger.Args); err == nil {
			return "schedule: " + specText(spec)
		}
	case k.Name == "manual":
		return "by hand: currant run " + rb.Name
	}
	return k.Name
}

// follow prints a line for each run that ends, or is held.
func (d *devView) follow(ctx context.Context, s *server, group *errgroup.Group) {
	ends := make(chan engine.Progress, 256)
	stop := s.engine.Follow(func(p engine.Progress) {
		if p.Phase != "end" && p.Phase != "held" {
			return
		}
		select {
		case ends <- p:
		default: // more than anyone reads
		}
	})
	group.Go(func() error {
		defer stop()
		for {
			select {
			case p := <-ends:
				d.ended(ctx, p)
			case <-ctx.Done():
				return nil
			}
		}
	})
}

func (d *devView) ended(ctx context.Context, p engine.Progress) {
	status := p.Status
	if p.Phase == "held" {
		status = string(journal.Held)
	}
	took := ""
	if r, err := d.server.engine.Store().Run(ctx, p.Run); err == nil && !r.EndedAt.IsZero() {
		took = " in " + lang.FormatDuration(r.EndedAt.Sub(r.AcceptedAt))
	}
	text := ""
	switch {
	case p.Error != nil && p.Error.Step != "":
		text = fmt.Sprintf(": step %s: %s", p.Error.Step, p.Error.Message)
	case p.Error != nil:
		text = ": " + p.Error.Message
	case p.Reason != "":
		text = ": " + p.Reason
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.out.printf("%s %s/%s %s%s  %s\n", d.out.style(styleDim, clock(p.At)), p.Blueprint, p.Runbook,
		d.out.style(statusStyle(status), status+took), plain(text), d.out.style(styleDim, p.Run))
}

// specText is when a schedule fires, as it is written in a blueprint.
func specText(s schedule.Spec) string {
	text := ""
	switch {
	case s.Cron != "":
		text = "cron " + s.Cron
	case s.RRule != "":
		text = "rrule " + s.RRule
	case s.Every > 0:
		text = "every " + lang.FormatDuration(s.Every)
	}
	if s.Timezone != "" {
		text += " (" + s.Timezone + ")"
	}
	return text
}
