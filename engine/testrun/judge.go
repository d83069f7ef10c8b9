package testrun

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// judge runs the test's runbook and compares what it did with what is expected.
func (w *world) judge(ctx context.Context) hcl.Diagnostics {
	t := w.test
	rb := w.blueprint.Runbook(t.Runbook)
	ev, err := w.event(ctx, rb)
	var mistakes hcl.Diagnostics
	if errors.As(err, &mistakes) {
		return mistakes
	}
	var o *outcome
	switch {
	case err != nil:
		o = refused(err)
	case ev.Discard != "":
		o = &outcome{status: "discarded", discarded: ev.Discard, outputs: cty.EmptyObjectVal}
	default:
		first, err := w.start(rb, ev, "")
		if err == nil {
			err = w.run(ctx)
		}
		if err != nil {
			return hcl.Diagnostics{w.broken(ctx, err)}
		}
		o = outcomeOf(first)
	}
	if len(w.calls.faults) > 0 {
		return w.calls.faults // what follows from them is of no interest
	}
	var diags hcl.Diagnostics
	for _, e := range t.expects {
		diags = append(diags, e.check(w)...)
	}
	value := w.value(rb, o)
	for _, a := range t.asserts {
		diags = append(diags, a.check(w, value)...)
	}
	if o.status != "finished" && (!t.judged || len(diags) > 0) {
		diags = append(hcl.Diagnostics{o.unfinished(t)}, diags...)
	}
	return diags
}

// broken is the failure of a test whose run could not go on.
func (w *world) broken(ctx context.Context, err error) *hcl.Diagnostic {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return lang.Error(w.test.Range, "Test took too long", "The test did not end within its timeout of %s. Waits take no time in a test: a step works for so long, or steps go round in a circle.%s", w.test.timeout, w.going())
	}
	return lang.Error(w.test.Range, "Run cannot go on", "%s", sentence(err.Error()))
}

// going names the steps that had begun and not ended.
func (w *world) going() string {
	for _, r := range w.runs {
		for key, e := range w.calls.open {
			if e.status == "running" && len(key) > len(r.id) && key[:len(r.id)] == r.id {
				return fmt.Sprintf(" The step at %s was going on.", e.path)
			}
		}
	}
	return ""
}

// unfinished says how a run ended that did not finish.
func (o *outcome) unfinished(t *Test) *hcl.Diagnostic {
	judge := ""
	if !t.judged {
		judge = " Where that is meant, say so: assert { condition = run.status == \"" + o.status + "\" }."
	}
	switch {
	case o.discarded != "":
		return lang.Error(t.Range, "No run began", "The event was discarded: %s%s", sentence(o.discarded), judge)
	case o.err == nil:
		return lang.Error(t.Range, "Run did not finish", "The run %s.%s", became(o.status), judge)
	}
	where := ""
	if o.err.Step != "" {
		where = fmt.Sprintf(" at the step %q", o.err.Step)
	}
	if o.err.File != "" {
		where += fmt.Sprintf(" (%s:%d)", o.err.File, o.err.Line)
	}
	return lang.Error(t.Range, "Run did not finish", "The run %s%s, with an error of kind %q:\n\n  %s\n\n%s", became(o.status), where, o.err.Kind, o.err.Message, trimmed(judge))
}

// became is a run's status as the end of a sentence.
func became(status string) string {
	switch status {
	case "failed":
		return "has failed"
	case "cancelled":
		return "was cancelled"
	case "held":
		return "is held: whether a step did its work is not known"
	}
	return "waits for what never comes"
}

func trimmed(s string) string {
	if s == "" {
		return ""
	}
	return s[1:]
}
