package testrun

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/engine/outbound"
	"currant/steps"
	"currant/steps/standard"
)

// options are those of the binary, but for what is deployed; nobody can be called.
func options(t testing.TB, more ...*steps.Kind) compile.Options {
	t.Helper()
	deps := standard.Deps{Outbound: outbound.Policy{Refuse: func(host string) error { return errors.New(host + ": " + OutOfReach) }}}
	kinds, err := steps.NewRegistry(append(standard.Kinds(deps), more...), standard.Connections(deps))
	if err != nil {
		t.Fatal(err)
	}
	triggers, err := ingress.NewRegistry(standard.Triggers(deps)...)
	if err != nil {
		t.Fatal(err)
	}
	return compile.Options{Steps: kinds, Triggers: triggers}
}

// fixture is a blueprint with tests.
type fixture struct {
	t       testing.TB
	source  *lang.Source
	suite   *Suite
	options compile.Options
	jumps   atomic.Int64 // of simulated time, in all tests
}

// read reads a blueprint and its tests, which must be free of mistakes.
func read(t testing.TB, blueprint, tests string, more ...*steps.Kind) *fixture {
	t.Helper()
	f, diags := bind(t, blueprint, tests, more...)
	if diags.HasErrors() {
		t.Fatal(shown(f, diags))
	}
	return f
}

func bind(t testing.TB, blueprint, tests string, more ...*steps.Kind) (*fixture, hcl.Diagnostics) {
	t.Helper()
	f := &fixture{t: t, options: options(t, more...)}
	var diags hcl.Diagnostics
	f.source, diags = lang.FromFiles(t.TempDir(), map[string][]byte{"main.hcl": []byte(blueprint), "main.test.hcl": []byte(tests)})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	checking := f.options
	checking.Values.Partial = true
	bp, diags := compile.Compile(f.source, checking)
	if diags.HasErrors() {
		t.Fatal(shown(f, diags))
	}
	f.suite, diags = Bind(bp, f.source.Tests)
	return f, diags
}

// shown are diagnostics as people read them.
func shown(f *fixture, diags hcl.Diagnostics) string {
	var text strings.Builder
	if err := lang.Render(&text, f.source.Bytes(), diags, lang.RenderOptions{}); err != nil {
		f.t.Fatal(err)
	}
	return text.String()
}

func (f *fixture) setup(context.Context, time.Time) (*Surroundings, error) {
	return &Surroundings{Compile: f.options, Advance: func(d time.Duration) { f.jumps.Add(int64(d)) }}, nil
}

// run runs all tests and gives what has failed, by test.
func (f *fixture) run() (failures map[string]string, c *Coverage) {
	f.t.Helper()
	results, c, err := f.suite.Run(f.t.Context(), Options{Source: f.source, Setup: f.setup})
	if err != nil {
		f.t.Fatal(err)
	}
	failures = map[string]string{}
	for _, r := range results {
		if !r.Passed() {
			failures[r.Test.Name] = shown(f, r.Failures)
		}
	}
	return failures, c
}

// passes runs all tests, which must pass.
func (f *fixture) passes() *Coverage {
	f.t.Helper()
	failures, c := f.run()
	for name, why := range failures {
		f.t.Errorf("test %q:\n%s", name, why)
	}
	return c
}

// fails runs all tests, of which each must fail; because are words that its failures hold.
func (f *fixture) fails(because map[string][]string) {
	f.t.Helper()
	failures, _ := f.run()
	for name, words := range because {
		for _, w := range words {
			if !strings.Contains(failures[name], w) {
				f.t.Errorf("test %q does not say %q:\n%s", name, w, failures[name])
			}
		}
	}
	for name := range failures {
		if because[name] == nil {
			f.t.Errorf("test %q:\n%s", name, failures[name])
		}
	}
}
