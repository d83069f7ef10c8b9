package lang

import (
	"fmt"
	"reflect"
	"runtime"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Limits of one evaluation (promise H2). They are limits of values too: no value that is larger leaves
// an expression or a function.
const (
	MaxValueBytes    = 10 << 20 // of a whole value: its texts and keys, and a few bytes for each element
	MaxValueElements = 100_000  // of any one list, set, map, object or tuple in it
	MaxEvalSteps     = 10_000_000
	MaxEvalTime      = 5 * time.Second

	// maxNumberBits is the largest binary exponent of a number, about 1e400: the text of a number takes
	// as long as its exponent is large, minutes for 1e600000000.
	maxNumberBits = 1330
)

// EvalLimits may be made smaller than the defaults, in tests mostly.
type EvalLimits struct {
	Steps int           // turns of `for`, calls, operators, templates
	Time  time.Duration // wall time since NewEval
}

// Eval is the state of one evaluation, of one or several expressions that belong together (the arguments
// of a step): its budget, and what timestamp() and uuid() answer from. It belongs to one goroutine.
//
//  1. NewEval, then set the exported fields.
//  2. Install it into the EvalContext, or into an ancestor of it.
//  3. Evaluate with Value.
type Eval struct {
	// Now is the moment that timestamp() answers with. A false, or no Now, is a static check: the answer
	// is an unknown text.
	Now func() (time.Time, bool)
	// Seed is what uuid() is derived from, besides the call's place: run, step and iteration.
	Seed string
	// Forbid, if not empty, is the reason why timestamp() and uuid() are errors here.
	Forbid string
	// Random answers random_secret(): bytes that are secret, and the same for the same purpose. Nil where a
	// secret cannot be made.
	Random func(purpose string, n int) ([]byte, error)
	// CustomerSecret answers customer_secret(); known is false where no such secret is kept. Nil where customers
	// have none.
	CustomerSecret func(account, name string) (value string, known bool, err error)
	// UsedTime is set when timestamp() was answered, so that the caller can keep the moment.
	UsedTime bool

	limits    EvalLimits
	start     time.Time
	steps     int
	frames    []loopFrame
	partBytes int            // texts that went into the template being rendered
	calls     map[string]int // of uuid() and random_secret(), by place
	templates int            // templates that are being rendered inside each other
	exhausted *hcl.Diagnostic
}

// loopFrame is what a `for` or a splat has gathered so far.
type loopFrame struct{ bytes, elements int }

// NewEval starts the clock of an evaluation. Limits that are zero are the defaults.
func NewEval(limits EvalLimits) *Eval {
	if limits.Steps == 0 {
		limits.Steps = MaxEvalSteps
	}
	if limits.Time == 0 {
		limits.Time = MaxEvalTime
	}
	return &Eval{limits: limits, start: time.Now()}
}

// evalKey cannot be written as a name in a blueprint.
const evalKey = "\x00eval"

var evalType = cty.Capsule("evaluation", reflect.TypeFor[Eval]())

// Install makes e the evaluation of ctx and its children.
func (e *Eval) Install(ctx *hcl.EvalContext) {
	if ctx.Variables == nil {
		ctx.Variables = map[string]cty.Value{}
	}
	ctx.Variables[evalKey] = cty.CapsuleVal(evalType, e)
}

// evalOf finds the evaluation that ctx belongs to, or nil.
func evalOf(ctx *hcl.EvalContext) *Eval {
	for ; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[evalKey]; ok && v.Type().Equals(evalType) {
			return v.EncapsulatedValue().(*Eval)
		}
	}
	return nil
}

// Value evaluates e within the budget of the Eval that is installed in ctx, or a default one. It is how
// every expression of a blueprint is to be evaluated: it never panics, and its value is never larger than
// the limits. An evaluation over its budget gives exactly one diagnostic, also where a try() inside the
// expression has swallowed it.
func Value(e hcl.Expression, ctx *hcl.EvalContext) (v cty.Value, diags hcl.Diagnostics) {
	eval := evalOf(ctx)
	if eval == nil {
		eval = NewEval(EvalLimits{})
		ctx = ctx.NewChild()
		eval.Install(ctx)
	}
	defer func() {
		if r := recover(); r != nil {
			v, diags = cty.DynamicVal, append(diags, faultDiagnostic(e, r))
		}
		if eval.exhausted != nil {
			v, diags = cty.DynamicVal, hcl.Diagnostics{eval.exhausted}
		}
	}()
	if d := eval.spend(1, e.Range()); d != nil {
		return cty.DynamicVal, d
	}
	v, diags = e.Value(ctx)
	if over := measure(v).over(); over != "" {
		eval.exhaust(e.Range(), over)
	}
	return v, diags
}

// faultDiagnostic is for a panic below us. The panic's own words may hold a value and are not shown, save
// those of the Go runtime.
func faultDiagnostic(e hcl.Expression, r any) *hcl.Diagnostic {
	what := ""
	if err, ok := r.(runtime.Error); ok {
		what = " (" + err.Error() + ")"
	}
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  "Expression could not be evaluated",
		Detail:   fmt.Sprintf("Evaluating this expression failed inside Currant%s. Write it differently, and report the expression as a bug.", what),
		Subject:  e.Range().Ptr(),
	}
}

// spend counts n steps and looks at the clock. It returns an error for the node to return if the budget
// is used up; once it is, nothing evaluates any more.
func (e *Eval) spend(n int, at hcl.Range) hcl.Diagnostics {
	if e.exhausted != nil {
		return hcl.Diagnostics{e.exhausted}
	}
	before := e.steps
	e.steps += n
	switch {
	case e.steps > e.limits.Steps:
		e.exhaust(at, fmt.Sprintf("more than %d steps", e.limits.Steps))
	case before>>5 != e.steps>>5 && time.Since(e.start) > e.limits.Time:
		e.exhaust(at, fmt.Sprintf("more than %s", e.limits.Time))
	default:
		return nil
	}
	return hcl.Diagnostics{e.exhausted}
}

// late looks at the clock now, after something that may have taken long.
func (e *Eval) late(at hcl.Range) hcl.Diagnostics {
	if e.exhausted == nil && time.Since(e.start) > e.limits.Time {
		e.exhaust(at, fmt.Sprintf("more than %s", e.limits.Time))
	}
	return e.failed()
}

func (e *Eval) failed() hcl.Diagnostics {
	if e.exhausted == nil {
		return nil
	}
	return hcl.Diagnostics{e.exhausted}
}

// exhaust ends the evaluation. The first reason stays.
func (e *Eval) exhaust(at hcl.Range, limit string) hcl.Diagnostics {
	if e.exhausted == nil {
		e.exhausted = &hcl.Diagnostic{
			Severity: hcl.DiagError,
			Summary:  "Evaluation takes too much",
			Detail: fmt.Sprintf("Evaluation takes too much: %s. Work on fewer or smaller values, for example with `each`, `batch` or `max_results`.",
				limit),
			Subject: at.Ptr(),
		}
	}
	return e.failed()
}

// gather adds one result to the innermost `for` or splat.
func (e *Eval) gather(v cty.Value, element bool, at hcl.Range) hcl.Diagnostics {
	if len(e.frames) == 0 {
		return nil
	}
	f := &e.frames[len(e.frames)-1]
	s := measure(v)
	f.bytes += s.bytes
	if element {
		f.elements++
	}
	switch {
	case s.over() != "":
		return e.exhaust(at, s.over())
	case f.bytes > MaxValueBytes:
		return e.exhaust(at, tooManyBytes)
	case f.elements > MaxValueElements:
		return e.exhaust(at, tooManyElements)
	}
	return nil
}
