package testrun

import (
	"context"
	"encoding/base64"
	"regexp"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/hashicorp/hcl/v2"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/engine/run"
	"currant/engine/vault"
)

// Surroundings are what the steps of one test reach.
type Surroundings struct {
	// Compile is what the test's blueprint is compiled with: its kinds reach what belongs to the test alone.
	Compile compile.Options
	// Advance is told when simulated time jumps. Optional.
	Advance func(time.Duration)
	// Install lets a customer have an app installed; what its account sends is kept. Optional.
	Install func(ctx context.Context, bp *compile.Blueprint, kept lang.Kept, in Installation) error
	// Close ends what was started for the test. Optional.
	Close func() error
}

// Options say how tests are run.
type Options struct {
	// Source is the blueprint's text, which is compiled for each test.
	Source *lang.Source
	// Setup makes a test's surroundings; now is when its run begins.
	Setup func(ctx context.Context, now time.Time) (*Surroundings, error)
	// Run picks tests by their names; nil runs all.
	Run *regexp.Regexp
	// Done is told each result, in the order of the tests. Optional.
	Done func(*Result)
}

// Result is what came of one test.
type Result struct {
	Test     *Test
	Duration time.Duration // in real time
	// Failures are why the test has failed; none of one that has passed.
	Failures hcl.Diagnostics

	reached *reached
}

// Passed says whether the test has passed.
func (r *Result) Passed() bool { return len(r.Failures) == 0 }

// Run runs the tests and returns their results, and what they came to of the blueprint. The error is that ctx has
// ended, or that tests cannot be run at all.
func (s *Suite) Run(ctx context.Context, o Options) ([]*Result, *Coverage, error) {
	sealer, err := newSealer(ctx)
	if err != nil {
		return nil, nil, err
	}
	var tests []*Test
	for _, t := range s.Tests {
		if o.Run == nil || o.Run.MatchString(t.Name) {
			tests = append(tests, t)
		}
	}
	waiting := make([]chan *Result, len(tests))
	for i := range waiting {
		waiting[i] = make(chan *Result, 1)
	}
	go func() {
		slots := make(chan struct{}, runtime.GOMAXPROCS(0))
		for i, t := range tests {
			slots <- struct{}{}
			go func() {
				defer func() { <-slots }()
				waiting[i] <- s.one(ctx, t, o, sealer)
			}()
		}
	}()
	results, all := make([]*Result, 0, len(tests)), newReached()
	for _, c := range waiting {
		r := <-c
		if ctx.Err() != nil {
			return results, nil, context.Cause(ctx)
		}
		results = append(results, r)
		all.add(r.reached)
		if o.Done != nil {
			o.Done(r)
		}
	}
	return results, coverage(s.Blueprint, all), nil
}

// newSealer seals sensitive values of records, as a runner's does, with a key that nobody keeps.
func newSealer(ctx context.Context) (run.Sealer, error) {
	at, err := vault.ParsePlace("base64key://"+base64.StdEncoding.EncodeToString(vault.Random(32)), "", nil)
	if err != nil {
		return nil, err
	}
	_, v, _, err := vault.NewKeyring(ctx, at, "")
	return v, err
}

// patience is how long a test that was told to end may take to.
const patience = 3 * time.Second

// one runs a test. A step that does not end when it is told to is left behind.
func (s *Suite) one(ctx context.Context, t *Test, o Options, sealer run.Sealer) *Result {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	over := make(chan *Result, 1)
	go func() { over <- s.execute(ctx, t, o, sealer) }()
	var r *Result
	select {
	case r = <-over:
	case <-ctx.Done():
		select {
		case r = <-over:
		case <-time.After(patience):
			r = &Result{Test: t, reached: newReached()}
			r.fail(t.Range, "Test does not end", "The test did not end within its timeout of %s, and a step in it cannot be stopped.", t.timeout)
		}
	}
	r.Duration = time.Since(begun)
	return r
}

func (r *Result) fail(at hcl.Range, summary, format string, args ...any) {
	r.Failures = append(r.Failures, lang.Error(at, summary, format, args...))
}

// execute runs a test in surroundings of its own.
func (s *Suite) execute(ctx context.Context, t *Test, o Options, sealer run.Sealer) (r *Result) {
	r = &Result{Test: t, reached: newReached()}
	defer func() {
		if p := recover(); p != nil {
			r.fail(t.Range, "Test failed inside Currant", "%v. Please report it as a bug, with the test.\n\n %s", p, debug.Stack())
		}
	}()
	now := t.now
	if now.IsZero() {
		now = time.Now().UTC().Truncate(time.Second)
	}
	around, err := o.Setup(ctx, now)
	if err != nil {
		r.fail(t.Range, "Test cannot begin", "%s", sentence(err.Error()))
		return r
	}
	if around.Close != nil {
		defer func() {
			if err := around.Close(); err != nil {
				r.fail(t.Range, "Test cannot end", "%s", sentence(err.Error()))
			}
		}()
	}
	options := around.Compile
	options.Values.Pinned, options.Values.Secrets, options.Values.Partial = t.variables, t.variables, false
	bp, diags := compile.Compile(o.Source, options)
	if diags.HasErrors() {
		r.Failures = append(r.Failures, errorsOf(diags)...)
		return r
	}
	w := newWorld(t, bp, sealer, now)
	w.advance, w.reached = around.Advance, r.reached
	defer w.opened.Close()
	if r.Failures = w.install(ctx, around.Install); len(r.Failures) == 0 {
		r.Failures = w.judge(ctx)
	}
	return r
}

func errorsOf(diags hcl.Diagnostics) (out hcl.Diagnostics) {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			out = append(out, d)
		}
	}
	return out
}
