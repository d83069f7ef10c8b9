package run

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/steps"
)

// slice is how many steps Advance executes before it lets the driver journal and look for events, so that
// a long loop of pure steps can be cancelled and loses little in a crash.
const slice = 500

// Paths of records that are no steps.
const (
	statePrefix = "="
	cancelPath  = "!cancel"
	argsSuffix  = ".args" // of a step: its arguments, where evaluating them again could give others
)

// Machine is one run in memory. One goroutine uses it.
type Machine struct {
	Trace func(Trace) // optional
	// Halt lets Advance begin nothing more: what has come back is journaled, and the run is to be dropped.
	Halt bool

	rb      *compile.Runbook
	info    Info
	now     time.Time
	order   int // of the step that was begun last
	trigger cty.Value
	states  map[string]cty.Value
	root    *frame
	ready   []*frame               // frames that can proceed, in order
	flight  map[string]*activation // outside calls that have not come back
	waiting map[string]*activation
	held    map[string]*activation
	timed   map[string]*activation // steps with a timeout of their own
	ended   map[string]bool        // runs that ended while a call was in flight that may come to wait for them
	stop    error                  // why the whole run is being stopped
	end     *Result
	// restored goes on, at the first Advance, with what was under way when the records were written.
	restored func()

	out     *outbox
	calls   []Call
	cancels []string
}

// frame is a sequence of steps being run.
type frame struct {
	nodes  []*compile.Node
	block  *compile.Block // nil for the runbook's own sequence
	path   string         // prefix of the steps' paths
	pc     int
	cur    *activation // the step at pc, once begun
	owner  *activation // the step that the block belongs to, or nil
	index  int
	scope  *scope
	binds  map[string]cty.Value
	stop   error // why the frame is being stopped; nil while it goes on
	shield bool  // a finally: nothing stops it
	queued bool
	stored bool // it has records in the journal
}

// scope holds the outputs of the steps of one iteration, blocks included.
type scope struct {
	parent *scope
	outs   map[string]cty.Value
}

// activation is a step in progress.
type activation struct {
	node     *compile.Node
	frame    *frame
	path     string
	rec      *Record
	args     cty.Value
	kept     bool // args have a record of their own
	kids     []*frame
	stop     error // why the children are being stopped
	deadline time.Time
	loop     *loop
	told     []string // prefixes of kept values that were changed while its call is in flight
}

// New is a machine at the beginning of a run.
func New(rb *compile.Runbook, info Info, trigger cty.Value) *Machine {
	m := &Machine{rb: rb, info: info, trigger: trigger, states: map[string]cty.Value{}, out: newOutbox(),
		flight: map[string]*activation{}, waiting: map[string]*activation{}, held: map[string]*activation{}, timed: map[string]*activation{}}
	for _, s := range rb.States {
		m.states[s.Name] = s.Default
	}
	m.root = &frame{nodes: rb.Steps, scope: &scope{outs: map[string]cty.Value{}}}
	m.enqueue(m.root)
	return m
}

// Advance does everything that can be done at a moment, or a slice of it; more says that there is more.
func (m *Machine) Advance(now time.Time) (more bool) {
	m.now = now
	if m.Halt {
		return false
	}
	if m.restored != nil {
		settle := m.restored
		m.restored = nil
		settle()
	}
	m.wake()
	for n := 0; len(m.ready) > 0 && m.end == nil; n++ {
		if n >= slice {
			return true
		}
		f := m.ready[0]
		m.ready = m.ready[1:]
		f.queued = false
		m.step(f)
	}
	return false
}

// End is the run's result once it has one.
func (m *Machine) End() *Result { return m.end }

// enqueue lets a frame proceed at the next chance.
func (m *Machine) enqueue(f *frame) {
	if !f.queued {
		f.queued = true
		m.ready = append(m.ready, f)
	}
}

// step lets a frame do its next thing.
func (m *Machine) step(f *frame) {
	switch {
	case f.cur != nil:
		return
	case f.stop != nil:
		m.frameEnded(f, f.stop)
	case f.pc >= len(f.nodes):
		m.frameEnded(f, nil)
	default:
		m.begin(f, f.nodes[f.pc])
	}
}

// frameEnded tells a frame's owner that it is over; without an owner that is the run.
func (m *Machine) frameEnded(f *frame, err error) {
	if f.owner == nil {
		m.runEnded(err)
		return
	}
	m.childEnded(f.owner, f, err)
}

// completed records a step's output and lets its sequence go on.
func (m *Machine) completed(a *activation, out cty.Value) {
	m.drop(a)
	a.rec.Status, a.rec.Ended, a.rec.Err, a.rec.Reason, a.rec.Cursor, a.rec.Await = OK, m.now, nil, "", nil, ""
	a.rec.Wake, a.rec.Since, a.rec.Got = time.Time{}, time.Time{}, time.Time{}
	if typed, err := lang.Convert(out, a.node.Output); err == nil {
		out = typed
	}
	a.rec.Output = out
	m.out.put(a.frame, a.path, a.rec)
	if a.kept {
		m.out.delete(a.frame, a.path+argsSuffix)
	}
	m.trace(a, Trace{Phase: "ok", Args: a.args, Output: out})
	m.passed(a.frame, a.node.Name, out)
}

// passed makes a step's output visible and moves the program counter.
func (m *Machine) passed(f *frame, name string, out cty.Value) {
	f.scope.outs[name] = out
	f.cur = nil
	f.pc++
	m.enqueue(f)
}

// failed is the end of an attempt: the step's retry block has a say first, then whoever guards the sequence.
func (m *Machine) failed(a *activation, err error) {
	m.drop(a)
	if e, ok := err.(*steps.Error); ok && a.frame.stop == nil && m.retry(a, e) {
		return
	}
	m.giveUp(a, err)
}

// giveUp ends a step with an error, or with a signal that ends more than the step.
func (m *Machine) giveUp(a *activation, err error) {
	if a.frame.stop != nil {
		// Stopped from outside: what stopped it is recorded there, and this step stays as it is.
		a.frame.cur = nil
		m.frameEnded(a.frame, a.frame.stop)
		return
	}
	a.rec.Ended = m.now
	a.rec.Wake, a.rec.Reason = time.Time{}, ""
	switch e := err.(type) {
	case *steps.Error:
		if e.Step == "" {
			e = m.placed(a, e)
			err = e
		}
		a.rec.Status, a.rec.Err = Failed, e
		m.trace(a, Trace{Phase: "fail", Args: a.args, Err: e})
	case *steps.Finish:
		a.rec.Status, a.rec.Finish = Finished, e.Message
	}
	m.out.put(a.frame, a.path, a.rec)
	a.frame.cur = nil
	m.frameEnded(a.frame, err)
}

// placed is an error that says where it happened.
func (m *Machine) placed(a *activation, e *steps.Error) *steps.Error {
	c := *e
	c.Step = a.node.Name
	if c.File == "" {
		c.File, c.Line = a.node.Range.Filename, a.node.Range.Start.Line
	}
	return &c
}

// retry puts a failed step back for another attempt if its retry block has one left for the error. A Pager's
// attempts are those of one page: what came before it stays.
func (m *Machine) retry(a *activation, err *steps.Error) bool {
	if a.node.Retry == nil || a.node.Kind.Try != nil {
		return false
	}
	r, ok := m.retryPolicy(a)
	if !ok || a.rec.Attempt >= r.Attempts || !err.Retryable(r.On) {
		return false
	}
	if a.node.Kind.Pager == nil {
		m.beginAnew(a)
	}
	a.rec.Err = m.placed(a, err)
	m.pause(a, delay(r, a.rec.Attempt), "retry after "+string(err.Kind)+" error")
	a.rec.Attempt++
	m.trace(a, Trace{Phase: "retry", Err: a.rec.Err, Until: a.rec.Wake})
	return true
}

// beginAnew forgets what an attempt has done.
func (m *Machine) beginAnew(a *activation) {
	m.out.delete(a.frame, a.path+".*")
	for _, b := range a.node.Blocks {
		m.forget(a.frame.scope, b)
	}
	a.rec.Phase, a.rec.Count, a.rec.Ahead, a.rec.Cursor, a.rec.Await = "", 0, nil, nil, ""
	a.args, a.kept, a.loop, a.stop, a.rec.Output = cty.NilVal, false, nil, nil, cty.NilVal
}

func (m *Machine) retryPolicy(a *activation) (steps.Retry, bool) {
	var r steps.Retry
	v, diags := a.node.Retry.Eval(m.scopeOf(a.frame, a.node.Needs, a.path, a.rec.Begun))
	if diags.HasErrors() {
		return r, false
	}
	steps.RetrySpec.Decode(v, &r)
	return r, true
}

// delay is the time before the attempt after the nth.
func delay(r steps.Retry, n int) time.Duration {
	d := float64(r.Delay)
	for range min(n-1, 100) {
		d *= r.Backoff
		if d >= float64(r.MaxDelay) {
			return r.MaxDelay
		}
	}
	return min(time.Duration(d), r.MaxDelay)
}

// pause lets a step wait for a time.
func (m *Machine) pause(a *activation, d time.Duration, reason string) {
	m.park(a, m.now.Add(d), reason)
}

func (m *Machine) park(a *activation, until time.Time, reason string) {
	a.rec.Status, a.rec.Wake, a.rec.Reason = Waiting, until, reason
	m.waiting[a.path] = a
	m.out.put(a.frame, a.path, a.rec)
}

// wake lets steps go on whose time has come.
func (m *Machine) wake() {
	m.expire()
	for _, path := range sorted(m.waiting) {
		if a := m.waiting[path]; a != nil && !a.rec.Wake.IsZero() && !m.now.Before(a.rec.Wake) {
			m.resume(a)
		}
	}
}

// expire stops what has taken too long: the run, or steps.
func (m *Machine) expire() {
	if !m.info.Deadline.IsZero() && m.stop == nil && !m.now.Before(m.info.Deadline) {
		m.stopRun(&steps.Error{Kind: steps.TimeoutError, Final: true,
			Message: "the run took longer than its timeout of " + lang.FormatDuration(m.rb.Timeout)})
	}
	for _, path := range sorted(m.timed) {
		if a := m.timed[path]; a != nil && !m.now.Before(a.deadline) {
			m.stepTimeout(a)
		}
	}
}

// WakeAt is the next moment at which time alone lets the run go on; zero if none does.
func (m *Machine) WakeAt() time.Time {
	var at time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	for _, a := range m.waiting {
		sooner(a.rec.Wake)
	}
	for _, a := range m.timed {
		sooner(a.deadline)
	}
	if m.stop == nil {
		sooner(m.info.Deadline)
	}
	return at
}

// Awaits says whether a step waits for another run.
func (m *Machine) Awaits() bool {
	for _, a := range m.waiting {
		if a.rec.Await != "" {
			return true
		}
	}
	return false
}

// resume lets a waiting step go on.
func (m *Machine) resume(a *activation) {
	delete(m.waiting, a.path)
	a.rec.Wake, a.rec.Reason, a.rec.Kept = time.Time{}, "", ""
	a.rec.Status = Running
	if a.rec.Err != nil { // the pause before another attempt
		a.rec.Err = nil
		a.rec.Since = m.now
	}
	m.execute(a)
}

// drop takes a step off every list.
func (m *Machine) drop(a *activation) {
	delete(m.waiting, a.path)
	delete(m.flight, a.path)
	delete(m.timed, a.path)
	delete(m.held, a.path)
}

// trace fills in what is the same for all traces of a step. Callers whose Trace costs something to make
// ask for m.Trace first.
func (m *Machine) trace(a *activation, t Trace) {
	if m.Trace == nil {
		return
	}
	t.Path, t.Step, t.Kind, t.Attempt, t.At = a.path, a.node.Name, a.node.Kind.Name, a.rec.Attempt, m.now
	m.Trace(t)
}
