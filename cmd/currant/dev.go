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
)

func newDev(t *terminal) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "dev [DIR...]",
		Short: "Serve blueprints while you write them",
		Long: `Serves one or more blueprints (default: the current directory) as "currant serve" does, and says what happens:
what is served and where, each reload, mistakes in their place, a line per run. A blueprint may be invalid at
the start; it is served as soon as it is mended.

With --sim it starts a simulated account, deploys the blueprints to it, and again after each reload. The account,
with all that was done on it, is kept in the data directory, as runs, secrets and schedules are; without that
directory both begin anew. Deliveries under way are not kept, and of uploaded files 64 MiB are.

On a terminal all of this is one screen, with keys: o opens the console, s sends a sample event, r runs the last run
again, t runs the tests on each save, ? tells of the keys, q ends it.`,
		Example: `  currant dev
  currant dev --sim
  currant dev ./survey ./onboarding --listen 127.0.0.1:8080`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.dirs = args; len(args) == 0 {
				o.dirs = []string{"."}
			}
			if err := o.simulateKept(cmd.Context()); err != nil {
				return err
			}
			return errors.Join(runDev(cmd.Context(), t, &o), o.endSimulation())
		},
	}
	o.serverFlags(cmd)
	return cmd
}

func runDev(ctx context.Context, t *terminal, o *serveOptions) error {
	if keys := keyboardOf(t); keys != nil {
		return runScreen(ctx, t, o, keys)
	}
	return newDevView(t, o).server.run(ctx)
}

// devView says what happens, in lines.
type devView struct {
	out    stream
	server *server

	mu     sync.Mutex // one report at a time; guards what follows
	served bool       // the list of what is served has been shown once
	last   string     // the run that ended last

	screen *devScreen // where out goes to; nil without a terminal
}

// newDevView is a view with a server that tells it what happens.
func newDevView(t *terminal, o *serveOptions) *devView {
	d := &devView{out: t.out}
	d.server = &server{t: t, o: o, log: quietLog(t), told: d.reloaded, enabled: d.enabled, ready: d.ready, started: d.follow}
	return d
}

// reloaded says what came of reading a blueprint.
func (d *devView) reloaded(r engine.Reload) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.screen != nil {
		d.screen.reloaded(r, d)
		return
	}
	out := d.out
	switch {
	case r.Diags.HasErrors():
		if err := out.diagnostics(r.Files, r.Diags); err != nil {
			out.printf("%s\n", r.Diags.Error())
		}
		out.printf("%s %s is invalid. %s\n", out.style(styleBad, "✗"), r.Dir, whatIsServed(r))
	case r.Swapped:
		if err := out.diagnostics(r.Files, r.Diags); err != nil { // warnings
			out.printf("%s\n", r.Diags.Error())
		}
		if !d.served {
			return // the list says it all
		}
		out.printf("%s %s is in force%s (%s)\n", out.style(styleGood, "✓"), r.Blueprint.Name, whatChanged(r), lang.FormatDuration(r.Took))
		if len(r.Added) > 0 {
			d.list(r.Blueprint, r.Added)
		}
	}
}

// whatIsServed says what becomes of an invalid blueprint.
func whatIsServed(r engine.Reload) string {
	if r.Blueprint != nil {
		return "The last good version stays in force."
	}
	return "It is served as soon as it is valid."
}

// whatChanged names the runbooks that a reload has changed.
func whatChanged(r engine.Reload) (text string) {
	for _, part := range []struct {
		what  string
		names []string
	}{{"added", r.Added}, {"changed", r.Changed}, {"removed", r.Removed}} {
		if len(part.names) > 0 {
			text += fmt.Sprintf(", %s %s", part.what, strings.Join(part.names, ", "))
		}
	}
	return text
}

func (d *devView) ready(s *server) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.served = true
	if d.screen != nil {
		d.screen.ready(d)
		return
	}
	for _, bp := range s.engine.Blueprints() {
		d.out.printf("%s %s\n", d.out.style(styleBold, bp.Name), d.out.style(styleDim, "("+bp.Dir+")"))
		d.list(bp, nil)
	}
	if s.o.account != nil {
		d.out.printf("%s\n", strings.Join(d.kept(), "\n"))
	}
	d.out.printf("Listening at %s. Edit and save; Ctrl-C ends it.\n", s.publicURL)
}

// isServed says whether events are taken: all of the server is there.
func (d *devView) isServed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.served
}

// kept says what is there again at the next start.
func (d *devView) kept() []string {
	o := d.server.o
	if o.account.own == nil {
		return []string{fmt.Sprintf("Works on %s, which lives on.", o.account.about()), fmt.Sprintf("Runs, secrets and schedules are kept in %s.", o.dataDir)}
	}
	lines := []string{fmt.Sprintf("Works on %s.", o.account.about()), fmt.Sprintf("The account, runs, secrets and schedules are kept in %s.", o.dataDir)}
	if damaged := o.account.own.Sim.Damaged(); damaged != nil {
		lines = append(lines, fmt.Sprintf("The account begins anew: %s.", plain(damaged.Error())))
	}
	return lines
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
			return "schedule: " + spec.String()
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
	d.last = p.Run
	d.out.printf("%s %s/%s %s%s  %s\n", d.out.style(styleDim, clock(p.At)), p.Blueprint, p.Runbook,
		d.out.style(statusStyle(status), status+took), plain(text), d.out.style(styleDim, p.Run))
}
