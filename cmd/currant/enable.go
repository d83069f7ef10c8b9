package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/hcl/v2"

	"currant/blueprints"
	"currant/engine/compile"
	"currant/engine/lang"
)

// enabler brings accounts to what the blueprints in force say: simulated ones at the start and after each reload,
// real ones (serve --apply) at the start only. It works alone, for two at once would make things twice.
type enabler struct {
	server *server
	// told is told what was done for a blueprint, also where that ended with an error.
	told func(deployed)
	wake chan struct{} // holds one element while there may be something to do
	anew atomic.Bool   // what was done does not count any more

	// of the goroutine of run
	done  map[string]string    // the version of each blueprint that is deployed
	later map[string]postponed // blueprints that are tried again
}

// deployed is what was done on accounts for a blueprint.
type deployed struct {
	bp   *compile.Blueprint
	did  []*blueprints.Change
	err  error
	real bool // not on a simulated account
	// again is when it is tried again; 0 is not before something else happens.
	again time.Duration
	// wait says that it goes on later because an account asks for it, and nothing else is told.
	wait time.Duration
}

func newEnabler(s *server) *enabler {
	e := &enabler{server: s, wake: make(chan struct{}, 1), done: map[string]string{}, later: map[string]postponed{}, told: s.enabled}
	e.look()
	return e
}

// look lets the enabler look whether a blueprint is another one than before.
func (e *enabler) look() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// again lets the enabler do everything again: the account may be another one that listens at the same address.
func (e *enabler) again() {
	e.anew.Store(true)
	e.look()
}

// run works from when events are taken until ctx ends: webhooks that are made ask at once whether they arrive.
func (e *enabler) run(ctx context.Context, taken <-chan struct{}) error {
	select {
	case <-taken:
	case <-ctx.Done():
		return nil
	}
	for {
		next, stop := e.next()
		select {
		case <-e.wake:
		case <-next:
		case <-ctx.Done():
		}
		stop()
		if ctx.Err() != nil {
			return nil
		}
		if e.anew.Swap(false) {
			clear(e.done)
			clear(e.later)
		}
		inForce := e.server.engine.Blueprints()
		e.forget(inForce)
		for _, bp := range inForce {
			if !e.due(bp) {
				continue
			}
			d := deployed{bp: bp, real: e.server.o.account == nil}
			d.did, d.err = e.deploy(ctx, bp, d.real)
			d.again = e.settle(bp, d)
			if ctx.Err() == nil && (len(d.did) > 0 || d.err != nil) {
				e.told(d)
			}
		}
	}
}

// deploy does for a blueprint what is not done yet. On a real account nothing goes that nobody was asked about.
func (e *enabler) deploy(ctx context.Context, bp *compile.Blueprint, real bool) (did []*blueprints.Change, err error) {
	o := e.server.o
	if real && loopback(e.server.publicURL) && len(publicNeed(bp, e.server.publicURL)) > 0 {
		return nil, fmt.Errorf("accounts cannot send events to %s: give the address under which the runner is reached from outside with --public-url", e.server.publicURL)
	}
	release, err := lockDeployment(ctx, o.dataDir, lingering, func(string) {})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	waits := func(d time.Duration) { e.told(deployed{bp: bp, real: real, wait: d}) }
	d, err := newDeployment(ctx, bp, deployOptions{publicURL: e.server.publicURL, kept: e.server.engine.Kept(), drafts: !real, waits: waits})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	p, err := d.plan(ctx)
	if err != nil {
		return nil, err
	}
	if why := p.forPerson(); real && why != "" {
		return nil, fmt.Errorf("%s: this is only done after a person was asked; run \"currant apply\"", why)
	}
	err = p.apply(ctx, func(d doing) {
		switch {
		case d.wait > 0:
			waits(d.wait)
		case !d.begun:
			did = append(did, d.change)
		}
	})
	return did, err
}

// forPerson is what of a plan is not done before a person was asked; "" is nothing.
func (p *deployPlan) forPerson() string {
	var why []string
	if sum := p.tally(); sum.Delete+sum.Disable > 0 {
		why = append(why, fmt.Sprintf("%d to delete, %d to disable", sum.Delete, sum.Disable))
	}
	for _, on := range p.parts {
		for i, w := range on.wanted {
			if w.Risky {
				why = append(why, on.enabled[i].Address+": "+w.Note)
			}
		}
	}
	return strings.Join(why, "; ")
}

// what is a thing in a sentence.
func what(c *blueprints.Change) string {
	switch c.Kind {
	case "app":
		return "app offering"
	case "webhook_policy":
		return "webhook policy"
	case "ui_extension":
		return "UI extension"
	case "automation_rule":
		return "automation rule"
	}
	return c.Kind
}

// logEnabled is a server's view of what was done on accounts.
func logEnabled(log *slog.Logger, d deployed) {
	where := "the simulated account"
	if d.real {
		where = "the account"
	}
	for _, c := range d.did {
		log.Info("deployed to "+where, "blueprint", d.bp.Name, "what", what(c), "name", c.Name, "action", deeds[c.Action][1], "address", c.Address)
	}
	if d.wait > 0 {
		log.Info("deploying goes on later: "+where+" asks for it", "blueprint", d.bp.Name, "wait", lang.FormatDuration(d.wait))
	}
	if d.err == nil {
		return
	}
	attrs := []any{"blueprint", d.bp.Name, "error", d.err}
	if at := placeOf(d.err); at != nil {
		attrs = append(attrs, "file", at.Filename, "line", at.Start.Line)
	}
	if d.again > 0 {
		log.Warn("not all is deployed to "+where+" yet; it is tried again", append(attrs, "in", lang.FormatDuration(d.again))...)
		return
	}
	log.Error("not all is deployed to "+where+"; SIGHUP tries again", attrs...)
}

// placeOf is where in the blueprint an error is from; nil where that is not known.
func placeOf(err error) *hcl.Range {
	var h *halted
	var invalid *invalidError
	switch {
	case errors.As(err, &h) && h.at.Filename != "":
		return &h.at
	case errors.As(err, &invalid) && len(invalid.diags) > 0:
		return invalid.diags[0].Subject
	}
	return nil
}

// enabled says what was done on accounts.
func (d *devView) enabled(is deployed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	where := "the simulated account"
	if is.real {
		where = "the account"
	}
	for _, c := range is.did {
		d.out.printf("%s %s %s %s on %s\n", d.out.style(styleGood, "✓"), what(c), plain(c.Name), deeds[c.Action][1], where)
	}
	if is.wait > 0 {
		d.out.printf("Deploying %s goes on in %s: %s asks for it.\n", plain(is.bp.Name), lang.FormatDuration(is.wait), where)
	}
	if is.err == nil {
		return
	}
	var invalid *invalidError
	if errors.As(is.err, &invalid) && invalid.err == nil {
		if err := d.out.diagnostics(invalid.files, invalid.diags); err != nil {
			d.out.printf("%s\n", plain(is.err.Error()))
		}
	} else if h := (*halted)(nil); errors.As(is.err, &h) && h.at.Filename != "" {
		diag := h.diagnostic()
		if err := d.out.diagnostics(is.bp.Files, hcl.Diagnostics{diag}); err != nil {
			d.out.printf("%s\n", plain(is.err.Error()))
		}
	} else {
		d.out.printf("%s\n", plain(is.err.Error()))
	}
	next := "Save a file of it to try again."
	if is.again > 0 {
		next = "It is tried again in " + lang.FormatDuration(is.again) + "."
	}
	d.out.printf("%s %s is not all deployed to %s. %s\n", d.out.style(styleBad, "✗"), plain(is.bp.Name), where, next)
}
