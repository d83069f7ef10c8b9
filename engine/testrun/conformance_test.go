package testrun

import (
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/engine/run"
	"currant/engine/run/runtest"
	"currant/steps"
)

// TestConformance runs the interpreter's scenarios on the host of tests: a run means the same there as on the engine.
func TestConformance(t *testing.T) {
	for _, sc := range runtest.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			outside := runtest.NewWorld(sc.Answers)
			rb := runtest.Compile(t, outside, sc.HCL, sc.More)
			sealer, err := newSealer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(&Test{Name: sc.Name}, rb.Blueprint, sealer, runtest.Epoch)
			w.call = func(h *host, c run.Call) answer {
				call := &steps.Call{Run: h.id, Runbook: h.info.Runbook, Blueprint: h.info.Blueprint, Step: c.Node.Name, Path: c.Path,
					Attempt: c.Attempt, Args: c.Args, Cursor: c.Cursor, Begun: c.Begun, Now: h.w.now}
				r, ok := outside.Reply(c, call)
				if !ok {
					return h.answer(c)
				}
				if r.Block { // until it is cancelled, or the run's time is over
					r.After = 100 * 365 * 24 * time.Hour
				}
				return answer{outcome: run.Outcome{Path: c.Path, Value: r.Value, Page: r.Page, Err: r.Err}, delay: r.After}
			}
			first, err := w.start(rb, ingress.Event{Context: "wdc", Value: cty.ObjectVal(map[string]cty.Value{"input": sc.Value(t)})}, "")
			if err != nil {
				t.Fatal(err)
			}
			outside.OnEvent(func(ev run.Event) { first.inbox = append(first.inbox, ev) })
			if err := w.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			got := runtest.Outcome{Status: string(first.state)}
			if first.end != nil {
				got = runtest.OutcomeOf(first.end)
			}
			sc.Check(t, got)
			if calls := runtest.Counts(outside); calls != sc.Calls {
				t.Errorf("calls: got %q, want %q", calls, sc.Calls)
			}
			var lines []string
			for _, l := range first.lines {
				text := l.Level + " " + l.Step + ": " + l.Message
				if l.HasData() {
					data, err := lang.ToJSON(l.Data)
					if err != nil {
						t.Fatal(err)
					}
					text += " " + string(data)
				}
				lines = append(lines, text)
			}
			if sc.Lines != nil && strings.Join(lines, "\n") != strings.Join(sc.Lines, "\n") {
				t.Errorf("lines: got %q, want %q", lines, sc.Lines)
			}
			if took := w.now.Sub(runtest.Epoch); took < sc.Took || sc.AtMost > 0 && took > sc.AtMost+time.Second {
				t.Errorf("it took %s of simulated time, want %s to %s", took, sc.Took, sc.AtMost)
			}
		})
	}
}
