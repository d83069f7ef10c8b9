package main

import (
	"fmt"
	"time"

	"currant/engine/testrun"
)

// testView shows the results of tests as they come.
type testView struct {
	t     *terminal
	o     *testOptions
	files map[string][]byte
	err   error // of the output
}

// result shows one result: of a test that has failed, why.
func (v *testView) result(r *testrun.Result) {
	out := v.t.out
	if v.o.json {
		out = v.t.err
		if r.Passed() {
			return
		}
	}
	mark := out.style(styleGood, "✓")
	if !r.Passed() {
		mark = out.style(styleBad, "✗")
	}
	out.printf("%s %s %s\n", mark, plain(r.Test.Name), out.style(styleDim, "("+shortTime(r.Duration)+")"))
	if r.Passed() {
		return
	}
	out.printf("\n")
	if err := out.diagnostics(v.files, r.Failures); err != nil && v.err == nil {
		v.err = err
	}
}

// end shows what came of all.
func (v *testView) end(r *testrun.Report) error {
	if v.err != nil {
		return v.err
	}
	if v.o.json {
		return v.t.out.json(r)
	}
	out := v.t.out
	if r.Summary.Total == 0 {
		out.printf("There are no tests. A file such as main.test.hcl holds them: test \"NAME\" { runbook = runbook.NAME … }.\n")
	} else {
		took := shortTime(time.Duration(r.Summary.DurationMS * float64(time.Millisecond)))
		text := out.style(styleGood, fmt.Sprintf("%s passed", count(r.Summary.Passed, "test")))
		if r.Summary.Failed > 0 {
			text = out.style(styleBad, fmt.Sprintf("%s failed", count(r.Summary.Failed, "test"))) + fmt.Sprintf(", %d passed", r.Summary.Passed)
		}
		out.printf("\n%s in %s.\n", text, took)
	}
	if r.Coverage != nil {
		v.coverage(r.Coverage)
	}
	return nil
}

// coverage lists what no test came to. What stands in a place that is listed is not.
func (v *testView) coverage(c *testrun.Coverage) {
	out := v.t.out
	out.printf("Coverage: %.1f%% (%d of %d steps and branches)\n", c.Percent, c.Covered, c.Total)
	for _, m := range c.Missed {
		if m.Within {
			continue
		}
		what := fmt.Sprintf("step %q never ran", m.Step)
		if m.Branch != "" {
			what = fmt.Sprintf("step %q never came to its branch: %s", m.Step, m.Branch)
		}
		out.printf("  %s:%d: runbook %q: %s\n", m.File, m.Line, m.Runbook, what)
	}
}

// shortTime is a duration as a person wants to read it.
func shortTime(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "<1 ms"
	case d < 10*time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
