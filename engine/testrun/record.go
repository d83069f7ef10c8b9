package testrun

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/run"
	"currant/steps"
)

// calls is what the runs of a test did.
type calls struct {
	byStep  map[target][]*execution // in the order in which they began
	skipped map[target]bool
	open    map[string]*execution // by run and path
	// faults are mistakes of mocks that showed when they answered, and steps that lack one; refused are those.
	faults  hcl.Diagnostics
	refused map[target]bool
}

// execution is one attempt of one step, put-backs and pages included.
type execution struct {
	path   string
	status string // running, ok, failed
	args   cty.Value
	output cty.Value
	err    *steps.Error
}

// trace takes in what a run does.
func (r *runner) trace(t run.Trace) {
	c, at, key := &r.w.calls, target{r.rb.Name, t.Step}, r.id+"\x00"+t.Path
	r.w.reached.trace(r, t)
	switch t.Phase {
	case "skip":
		c.skipped[at] = true
	case "begin":
		delete(c.open, key)
		c.ensure(at, key, t)
	case "call":
		c.ensure(at, key, t)
	case "retry", "fail":
		e := c.ensure(at, key, t)
		e.status, e.err = "failed", t.Err
		delete(c.open, key)
	case "ok":
		e := c.ensure(at, key, t)
		e.status, e.output = "ok", t.Output
		delete(c.open, key)
	}
}

// ensure is the execution of a step that is going on.
func (c *calls) ensure(at target, key string, t run.Trace) *execution {
	e := c.open[key]
	if e == nil {
		e = &execution{path: t.Path, status: "running", args: cty.NilVal, output: cty.NilVal}
		c.open[key] = e
		c.byStep[at] = append(c.byStep[at], e)
	}
	if t.Args != cty.NilVal {
		e.args = steps.Own(t.Args)
	}
	return e
}

// finished is told that a finish step has ended its run.
func (r *runner) finished(path string) {
	if e := r.w.calls.open[r.id+"\x00"+path]; e != nil {
		e.status, e.output = "ok", cty.EmptyObjectVal
	}
}

func newCalls() calls {
	return calls{byStep: map[target][]*execution{}, skipped: map[target]bool{}, open: map[string]*execution{}, refused: map[target]bool{}}
}
