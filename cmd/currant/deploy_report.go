package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"

	"currant/blueprints"
	"currant/engine/lang"
)

// deeds are how actions are told: while they are done, and after.
var deeds = map[blueprints.Action][2]string{
	blueprints.Create: {"creating", "created"}, blueprints.Update: {"updating", "updated"}, blueprints.Delete: {"deleting", "deleted"},
	blueprints.Disable: {"disabling", "disabled"}, blueprints.Enable: {"enabling", "enabled"},
}

// carryOut makes the changes of a plan, publishes apps where that is asked for, and says what was done.
func (o *applyOptions) carryOut(ctx context.Context, t *terminal, p *deployPlan) error {
	if err := p.apply(ctx, func(d doing) { tell(t.out, d) }); err != nil {
		return stoppedAt(t, err)
	}
	sum := p.tally()
	if sum.changes() > 0 {
		enabled := ""
		if sum.Enable > 0 {
			enabled = fmt.Sprintf(", %d enabled", sum.Enable)
		}
		t.out.printf("\n%s %d created, %d updated%s, %d deleted, %d disabled.\n", t.out.style(styleGood, "Apply complete:"), sum.Create, sum.Update, enabled, sum.Delete, sum.Disable)
	}
	if o.publish {
		return p.publish(ctx, p.publishing, func(one publication) { t.out.printf("%s is published.\n", one) })
	}
	for _, on := range p.parts {
		for _, c := range on.goneApps() {
			t.out.printf("%s %s is disabled in its draft only: customers keep the published version until the draft is published in Xurrent.\n", t.out.style(styleWarn, "Note:"), plain(c.Address))
		}
	}
	return nil
}

// tellWait tells that reading an account takes longer, for an account asks for it.
func tellWait(t *terminal) func(time.Duration) {
	return func(d time.Duration) { t.err.printf("waiting %s: the account asks for it\n", lang.FormatDuration(d)) }
}

// tell prints a line of progress.
func tell(out stream, d doing) {
	took := ""
	if d.took > 0 {
		took = " (" + lang.FormatDuration(d.took.Round(time.Millisecond)) + ")"
	}
	address, words := plain(d.change.Address), deeds[d.change.Action]
	switch {
	case d.wait > 0:
		out.printf("%s: the account is busy; going on in %s\n", address, lang.FormatDuration(d.wait))
	case d.begun:
		out.printf("%s: %s…\n", address, words[0])
	default:
		out.printf("%s: %s%s\n", out.style(styleGood, address), words[1], took)
	}
}

// stoppedAt says how far a plan was carried out, and why no further, with the line of the blueprint that is to blame.
func stoppedAt(t *terminal, err error) error {
	var h *halted
	if !errors.As(err, &h) {
		return err
	}
	out := t.err
	if h.stopped {
		out.printf("\n%s\n", out.style(styleBad, "Stopped."))
	} else {
		out.printf("\n")
		if err := out.diagnostics(h.plan.bp.Files, hcl.Diagnostics{h.diagnostic()}); err != nil {
			return err
		}
	}
	if len(h.done) > 0 {
		out.printf("Done:\n")
		for _, c := range h.done {
			out.printf("  %s %s: %s\n", out.style(styleGood, "✓"), plain(c.Address), deeds[c.Action][1])
		}
	} else {
		out.printf("Nothing was done.\n")
	}
	if left := h.left(); len(left) > 0 {
		out.printf("Not done:\n")
		for _, c := range left {
			mark := ""
			if c == h.failed {
				mark = " (this is what failed)"
			}
			out.printf("  %s %s: to %s%s\n", out.style(styleBad, "✗"), plain(c.Address), c.Action, mark)
		}
	}
	out.printf("Run the command again: it goes on from here.\n")
	return &silentError{exitFailed}
}

// diagnostic is what is wrong, in its place.
func (h *halted) diagnostic() *hcl.Diagnostic {
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Not all changes were made", Detail: plainLines(h.Error())}
	if h.failed != nil {
		d.Summary = fmt.Sprintf("%s could not be %s", plain(h.failed.Address), deeds[h.failed.Action][1])
	}
	if h.at.Filename != "" {
		d.Subject = h.at.Ptr()
	}
	return d
}
