package testrun

import (
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
)

// Suite is the tests of a blueprint, checked. It does not change.
type Suite struct {
	Blueprint *compile.Blueprint
	// Tests in the order of files and lines.
	Tests []*Test
}

// Test is one `test` block.
type Test struct {
	Name    string
	Range   hcl.Range
	Runbook string

	variables map[string]cty.Value
	now       time.Time // zero: the present
	timeout   time.Duration
	body      *lang.Body
	mocks     []*mock
	expects   []*expect
	asserts   []*assert
	// judged says that an assert looks at how the run ended.
	judged bool
}

// target is a step that a test names.
type target struct{ runbook, step string }

// String is the target as a test of another runbook names it.
func (t target) String() string { return t.runbook + "." + t.step }

// binder checks the tests of a blueprint.
type binder struct {
	bp    *compile.Blueprint
	diags hcl.Diagnostics
	names map[string]hcl.Range // of tests
}

func (b *binder) report(d ...*hcl.Diagnostic) { b.diags = append(b.diags, d...) }

// Bind checks the tests in files against a blueprint, whose variables may be unknown. All problems are reported;
// where they hold an error, the suite is not to be run.
func Bind(bp *compile.Blueprint, files []lang.File) (*Suite, hcl.Diagnostics) {
	b := &binder{bp: bp, names: map[string]hcl.Range{}}
	s := &Suite{Blueprint: bp}
	for _, f := range files {
		parsed, diags := lang.ParseFile(f.Name, f.Bytes)
		b.report(diags...)
		body := parsed.Body.(*hclsyntax.Body)
		lang.InstrumentBody(body)
		start := body.SrcRange
		start.End = start.Start
		bound, diags := fileSpec.Bind(body, start)
		b.report(diags...)
		for _, bl := range bound.Blocks {
			if t := b.test(bl); t != nil {
				s.Tests = append(s.Tests, t)
			}
		}
	}
	return s, b.diags
}

// test checks one test block.
func (b *binder) test(bl *lang.Block) *Test {
	if bl.Label() == "" {
		return nil // reported: it has no label
	}
	t := &Test{Name: bl.Label(), Range: bl.Range, body: bl.Body}
	if prev, dup := b.names[t.Name]; dup {
		b.report(lang.Error(bl.LabelRanges[0], "Duplicate test", "There is a test of this name at %s:%d already. Give this one another name.", prev.Filename, prev.Start.Line))
	} else {
		b.names[t.Name] = bl.Range
	}
	b.head(t, bl.Body)
	rb := b.runbook(t, bl.Body)
	if rb == nil || rb.Trigger == nil {
		return nil
	}
	t.Runbook = rb.Name
	for _, in := range bl.Body.BlocksOf("installation") {
		b.installation(in)
	}
	b.begin(rb, bl.Body)
	for _, m := range bl.Body.BlocksOf("mock") {
		if m := b.mock(rb, m); m != nil {
			t.mocks = append(t.mocks, m)
		}
	}
	for _, e := range bl.Body.BlocksOf("expect") {
		if e := b.expect(rb, e); e != nil {
			t.expects = append(t.expects, e)
		}
	}
	for _, a := range bl.Body.BlocksOf("assert") {
		t.asserts = append(t.asserts, b.assert(rb, a))
	}
	t.judged = slices.ContainsFunc(t.asserts, (*assert).judges)
	return t
}

// head reads what is known before the test runs.
func (b *binder) head(t *Test, body *lang.Body) {
	var args struct {
		now string
	}
	for _, a := range body.Attrs {
		if a.Field.Form == lang.FormRunbook {
			continue
		}
		v, diags := b.static().EvalAttr(a)
		b.report(diags...)
		if diags.HasErrors() || v.IsNull() || !v.IsWhollyKnown() {
			continue
		}
		switch a.Name {
		case "variables":
			t.variables = b.variables(a, v)
		case "now":
			args.now = v.AsString()
			now, err := time.Parse(time.RFC3339, args.now)
			if err != nil {
				b.report(lang.Error(a.Expr.Range(), "Invalid value for \"now\"", "%q is no moment such as \"2026-01-31T12:00:00Z\".", args.now))
			}
			t.now = now
		case "timeout":
			t.timeout, _ = lang.ParseDuration(v.AsString()) // checked by EvalAttr
		}
	}
	if t.timeout == 0 {
		t.timeout = defaultTimeout
	}
}

const defaultTimeout = 30 * time.Second

// static is the blueprint's scope for checking.
func (b *binder) static() *lang.Scope {
	return b.bp.Scope.WithEval(lang.NewEval(lang.EvalLimits{}), nil).Static(func(root, _ string) string {
		switch root {
		case "run":
			return "\"run\" is known in an assert block only."
		case "call":
			return "\"call\" is known in a mock block only."
		case "step", "state", "trigger", "job", "each", "error":
			return "It is a value of a run. An assert sees what a run came to as run."
		}
		return ""
	})
}

// variables checks the values that a test gives.
func (b *binder) variables(a *lang.Attr, v cty.Value) map[string]cty.Value {
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		b.report(lang.Error(a.Expr.Range(), "Incorrect value type", "\"variables\" is an object of values by name, such as { client_id = \"id\" }."))
		return nil
	}
	var names []string
	for _, known := range b.bp.Variables {
		names = append(names, known.Name)
	}
	out := v.AsValueMap()
	for name, val := range out {
		i := slices.Index(names, name)
		at := placeOf(a.Expr, cty.GetAttrPath(name))
		if i < 0 {
			b.report(lang.Error(at, "Value for undeclared variable", "The blueprint declares no variable %q.%s", name, lang.DidYouMean(name, names)))
			continue
		}
		if _, err := lang.Convert(val, b.bp.Variables[i].Type); err != nil {
			b.report(lang.Error(at, "Invalid value for variable", "The value does not fit the variable %q: %s.", name, strings.TrimSuffix(err.Error(), ".")))
		}
	}
	return out
}

// runbook is the one that a test runs.
func (b *binder) runbook(t *Test, body *lang.Body) *compile.Runbook {
	var names []string
	for _, rb := range b.bp.Runbooks {
		names = append(names, rb.Name)
	}
	a := body.Attr("runbook")
	if a == nil {
		if len(b.bp.Runbooks) == 1 {
			return b.bp.Runbooks[0]
		}
		b.report(lang.Error(t.Range, "Missing argument", "The blueprint has %d runbooks: say with runbook = runbook.NAME which one the test runs.", len(names)))
		return nil
	}
	ref, d := a.Reference()
	if d != nil {
		return nil // reported by Bind of the spec
	}
	rb := b.bp.Runbook(ref.Name)
	if rb == nil {
		hint := lang.DidYouMean(ref.Name, names)
		if hint == "" {
			hint = " " + has(names)
		}
		b.report(lang.Error(a.Expr.Range(), "Unknown runbook", "The blueprint has no runbook %q.%s", ref.Name, hint))
	}
	return rb
}

// step is the step that a block names: of the test's runbook or, as RUNBOOK.STEP, of another one.
func (b *binder) step(rb *compile.Runbook, bl *lang.Block) (target, *compile.Node) {
	label := bl.Label()
	if label == "" {
		return target{}, nil // reported: it has no label
	}
	at := target{rb.Name, label}
	if other, name, ok := strings.Cut(label, "."); ok {
		at = target{other, name}
		if rb = b.bp.Runbook(other); rb == nil {
			var names []string
			for _, known := range b.bp.Runbooks {
				names = append(names, known.Name)
			}
			b.report(lang.Error(bl.LabelRanges[0], "Unknown runbook", "The blueprint has no runbook %q.%s", other, lang.DidYouMean(other, names)))
			return at, nil
		}
	}
	if n := rb.Nodes[at.step]; n != nil {
		return at, n
	}
	hint := lang.DidYouMean(at.step, stepNames(rb))
	if hint == "" {
		hint = " " + has(stepNames(rb))
		for _, other := range b.bp.Runbooks {
			if other != rb && other.Nodes[at.step] != nil {
				hint = " The runbook " + other.Name + " has one: write \"" + other.Name + "." + at.step + "\"."
			}
		}
	}
	b.report(lang.Error(bl.LabelRanges[0], "Unknown step", "The runbook %q has no step %q.%s", rb.Name, at.step, hint))
	return at, nil
}

// stepNames are the names of a runbook's steps, in the order in which they are written.
func stepNames(rb *compile.Runbook) []string {
	nodes := nodesOf(rb.Steps, nil)
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = n.Name
	}
	return out
}

// nodesOf are steps and those inside them, in the order in which they are written.
func nodesOf(nodes, found []*compile.Node) []*compile.Node {
	for _, n := range nodes {
		found = append(found, n)
		for _, b := range n.Blocks {
			found = nodesOf(b.Steps, found)
		}
	}
	return found
}
