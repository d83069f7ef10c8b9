package runtest

import (
	"context"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/run"
	"currant/steps"
)

// Call is a call of a probe, as the World sees it.
type Call struct {
	Step, Path string
	Attempt    int
	// Nth counts the calls of this path, attempt and cursor, from 1. A call repeated after a crash counts too.
	Nth    int
	Cursor string
	Value  cty.Value // the argument, without marks
	Effect string
	Now    time.Time
}

// Answer is what a call comes to.
type Answer struct {
	// Value is the output's value; NilVal gives back the argument.
	Value cty.Value
	// Err is a *steps.Error, *steps.PutBack or *steps.Park.
	Err error
	// After is how long the call takes.
	After time.Duration
	// Block lets it take until it is cancelled.
	Block bool
	// Events happen to the run when the call begins.
	Events []run.Event
}

// Answers are the script of a World: by step name. A step without one answers with its argument.
type Answers map[string]func(Call) Answer

// World is what is outside a run. It is safe for concurrent use.
type World struct {
	mu      sync.Mutex // guards what follows
	answers Answers
	calls   []Call
	nth     map[string]int
	send    func(run.Event)
}

// NewWorld is a world that answers by a script.
func NewWorld(answers Answers) *World {
	return &World{answers: answers, nth: map[string]int{}, send: func(run.Event) {}}
}

// OnEvent says where the events of answers go: a Harness sets it.
func (w *World) OnEvent(send func(run.Event)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.send = send
}

// Calls are the calls so far, in order.
func (w *World) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Call(nil), w.calls...)
}

// Count is how many calls a step has made.
func (w *World) Count(step string) (n int) {
	for _, c := range w.Calls() {
		if c.Step == step {
			n++
		}
	}
	return n
}

// answer takes a call in and finds its answer.
func (w *World) answer(c *steps.Call, args probeArgs) Answer {
	w.mu.Lock()
	value := args.Value
	if value == cty.NilVal {
		value = cty.NullVal(cty.DynamicPseudoType)
	}
	plain, _ := value.UnmarkDeep()
	key := c.Path + "\x00" + string(rune(c.Attempt)) + "\x00" + string(c.Cursor)
	w.nth[key]++
	call := Call{Step: c.Step, Path: c.Path, Attempt: c.Attempt, Nth: w.nth[key], Cursor: string(c.Cursor), Value: plain, Effect: args.Effect, Now: c.Now}
	w.calls = append(w.calls, call)
	script, send := w.answers[c.Step], w.send
	w.mu.Unlock()
	var a Answer
	if script != nil {
		a = script(call)
	}
	if a.Value == cty.NilVal {
		a.Value = value
	}
	for _, ev := range a.Events {
		send(ev)
	}
	return a
}

// Reply is what a call comes to, for hosts with simulated time.
type Reply struct {
	Value cty.Value
	Page  steps.Page
	Err   error
	// After is how long the call takes; with Block it takes until it is cancelled.
	After time.Duration
	Block bool
}

// Reply answers a call of one of the World's kinds at once, within the step's timeout; false: the kind is none of
// the World's.
func (w *World) Reply(c run.Call, call *steps.Call) (r Reply, ok bool) {
	if c.Node.Kind.Name == "feed" {
		a := w.answer(call, probeArgs{Effect: "read"})
		var args feedArgs
		feedSpec.Decode(c.Args, &args)
		r.After, r.Block = a.After, a.Block
		r.Page, r.Err = fed(call, args, a)
		return r, true
	}
	if c.Node.Kind.Name != "probe" {
		return r, false
	}
	var args probeArgs
	probeSpec.Decode(c.Args, &args)
	if args.Value == cty.NilVal {
		args.Value = steps.Arg(c.Args, "value")
	}
	if c.Connection != cty.NilVal {
		args.Value = steps.Arg(c.Connection, "address")
	}
	a := w.answer(call, args)
	r.After, r.Block = a.After, a.Block
	r.Value, r.Err = probed(a)
	if c.Timeout > 0 && (a.Block || a.After > c.Timeout) {
		r = Reply{Err: steps.Errorf(steps.TimeoutError, "no result within the step's timeout of %s", c.Timeout), After: c.Timeout}
	}
	return r, true
}

// probe executes a probe as a step of a real host.
func (w *World) probe(ctx context.Context, c *steps.Call, args probeArgs) (cty.Value, error) {
	if address, ok := c.Connection.(string); ok {
		args.Value = cty.StringVal(address)
	}
	a := w.answer(c, args)
	if err := a.wait(ctx); err != nil {
		return cty.NilVal, err
	}
	return probed(a)
}

// wait is how long a call to a real host takes.
func (a Answer) wait(ctx context.Context) error {
	var done <-chan time.Time
	if !a.Block {
		timer := time.NewTimer(a.After)
		defer timer.Stop()
		done = timer.C
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return steps.Errorf(steps.CancelledError, "the call was cancelled")
	}
}

func probed(a Answer) (cty.Value, error) {
	if a.Err != nil {
		return cty.NilVal, a.Err
	}
	return cty.ObjectVal(map[string]cty.Value{"value": a.Value}), nil
}
