package steps

import (
	"context"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// Effect is what one execution of a step may leave behind outside, and so what may be done with a step that
// was in flight when the runner died (LANGUAGE section 3, `interrupted`).
type Effect int

const (
	// Pure steps touch nothing outside the run; they are computed in place.
	Pure Effect = iota
	// Read steps change nothing outside; they are repeated.
	Read
	// Idempotent steps change something, and doing it twice is the same as once; they are repeated.
	Idempotent
	// Checked steps change something and can find out whether they have: they are repeated with Call.Doubt
	// set, and look first.
	Checked
	// Write steps change something; whether an interrupted one did is not known, so a person decides.
	Write
)

// Example is a piece of a blueprint for the reference.
type Example = lang.Example

// Kind declares a kind of step.
type Kind struct {
	Name     string // the first label of a step block
	Doc      string // the first sentence is the summary
	Effect   Effect
	Examples []Example
	// Connection is the type of connection that the kind uses, or "".
	Connection string
	// ConnectionOptional says that the kind can do without its connection.
	ConnectionOptional bool

	// SetsState says that the kind sets the run's state, which steps that run at once may not.
	SetsState bool

	// WithoutConnection says of a step that names no connection that it is to have none. Optional.
	WithoutConnection func(*Check) bool
	// EffectOf refines Effect by a step's evaluated arguments. Optional.
	EffectOf func(args cty.Value) Effect
	// Check looks at a step beyond what types say; its arguments may be unknown. Optional.
	Check func(*Check) hcl.Diagnostics
	// Output is the type of the step's output where the declaration of its result does not fix it.
	Output func(*Check) cty.Type
	// Unknown is the output before the step has run: an unknown of its type, sensitive in the parts that will be,
	// where the declaration of its result does not tell. Optional.
	Unknown func(*Check) cty.Value
	// Item is what an iteration of a Pager's block has as its value: an unknown of its type. Optional.
	Item func(c *Check, block string) cty.Value

	// One of these, set by the constructor, is the kind's shape.
	Do     func(context.Context, *Call) (cty.Value, error)
	Choose func(cty.Value) (Choice, error)
	Fork   *Fork
	Loop   *Loop
	Repeat *Repeat
	Try    *Try
	Pager  *Pager

	spec *lang.Spec
	out  *lang.Spec
}

// Check is what a kind's Check and Output see of a step.
type Check struct {
	Body *lang.Body
	// Args are the evaluated arguments; parts may be unknown.
	Args  cty.Value
	Scope *lang.Scope
	// Collected is the type of the `collect` expression of the step's each block, or cty.NilType.
	Collected cty.Type
	// States are the types of the runbook's declared states.
	States map[string]cty.Type
	// Runbook tells a runbook's input and outputs, for calls; nil where it is not known yet.
	Runbook func(name string) (RunbookType, bool)
	// ConnectionNamed says that the step names its connection.
	ConnectionNamed bool
	// Connection are the evaluated arguments of the step's connection; parts may be unknown. NilVal without one.
	Connection cty.Value
	// Stored says that the step was checked before, and a run is going that began with it: only the blueprint
	// itself is judged, not what is known today of the connection.
	Stored bool
	// Memo is the kind's own, from one question about the step to the next.
	Memo any
}

// RunbookType is what a call of a runbook takes and gives.
type RunbookType struct {
	Input   cty.Type
	Outputs cty.Type
	Trigger string
}

// Choice is which block of a step runs: the nth of a block type, and the step's output. A step whose own
// body holds the steps names Block "". No block: Block is "none".
type Choice struct {
	Block  string
	Index  int
	Output cty.Value
}

// NoBlock is the Choice.Block of a step that runs none of its blocks.
const NoBlock = "none"

// Fork runs all blocks of a type at once.
type Fork struct{ Block string }

// Loop runs its block once per item.
type Loop struct {
	Block string
	Items func(args cty.Value) (Items, error)
	// Done is the step's output.
	Done func(args cty.Value, r LoopResult) cty.Value
}

// Items are the things that a loop runs over, by index.
type Items struct {
	Len int
	// At is the i-th item and its key (null but for maps).
	At func(i int) (value, key cty.Value)
}

// LoopResult is what became of a loop.
type LoopResult struct {
	Count     int
	Collected cty.Value // a tuple, or cty.NilVal without `collect`
}

// Repeat runs its block while a condition holds (While, asked before) or until one does (Until, asked after).
type Repeat struct {
	Block        string
	While, Until string // names of the lazy fields
	Max          string // name of the number's field
}

// Pager gets its items page by page, by one call outside each, and runs a block once per item or once per
// page, if the step has one. The pages that are being worked on are journaled with the place after them, so
// that a crash neither loses nor repeats an item; the next one is fetched meanwhile.
type Pager struct {
	// Each is the block that runs once per item, EachPage that which runs once per page; a step has one of
	// them at most.
	Each, EachPage string
	// Fetch gets the page after Call.Cursor; nil is before the first. It may answer PutBack and Park.
	Fetch func(context.Context, *Call) (Page, error)
	// Limit is how many items a step without a block gathers at most; LimitHelp says what to do about more.
	Limit     int
	LimitHelp string
	// Done is the step's output.
	Done func(args cty.Value, r PagesResult) cty.Value
}

// Page is some of a Pager's items.
type Page struct {
	Items []cty.Value
	// Next is the cursor for the page after it; nil where it is the last.
	Next []byte
	// Summary is what Done needs to know of the last page.
	Summary cty.Value
}

// PagesResult is what became of a Pager's items.
type PagesResult struct {
	// Count is the number of items, whatever was done with them.
	Count int
	// Items are all of them, of a step without a block.
	Items []cty.Value
	// Collected is a tuple, or cty.NilVal without `collect`.
	Collected cty.Value
	// Summary is the last page's.
	Summary cty.Value
}

// Try guards a block.
type Try struct{ Do, Catch, Finally string }

// Spec is the kind's arguments, with those that every step accepts.
func (k *Kind) Spec() *lang.Spec { return k.spec }

// Result is the fields of the kind's output, or nil where it has none or it depends on the step.
func (k *Kind) Result() *lang.Spec { return k.out }

// OutputType is the type of a step's output.
func (k *Kind) OutputType(c *Check) cty.Type {
	switch {
	case k.Output != nil:
		return k.Output(c)
	case k.out != nil:
		return k.out.ObjectType()
	}
	return cty.EmptyObject
}

// Common are the arguments that every step accepts (LANGUAGE section 3).
type Common struct {
	Description string        `hcl:"description,optional,literal" doc:"Text for people."`
	When        lang.Expr     `hcl:"when,optional" doc:"The step is skipped if false."`
	Timeout     time.Duration `hcl:"timeout,optional" min:"1ms" doc:"Limit of one attempt, such as \"30s\"."`
	Interrupted string        `hcl:"interrupted,optional,static" default:"auto" enum:"auto|repeat|hold|fail" doc:"What becomes of the step if the runner dies while it is in flight."`
	Retry       *Retry        `hcl:"retry,block" doc:"Repeats the step when it fails."`
}

// Retry is the block of that name, of a step or of a try.
type Retry struct {
	Attempts int           `hcl:"attempts,optional" default:"3" min:"1" max:"1000" doc:"Attempts in all."`
	Delay    time.Duration `hcl:"delay,optional" default:"10s" doc:"Time before the second attempt."`
	Backoff  float64       `hcl:"backoff,optional" default:"2" doc:"Factor by which the delay grows."`
	MaxDelay time.Duration `hcl:"max_delay,optional" default:"5m" doc:"The longest delay."`
	On       []string      `hcl:"on,optional" enum:"input|auth|graphql|mutation|http|network|timeout|not_found|decode|fail|interrupted|cancelled|internal" doc:"Error kinds that are retried; by default network, timeout, and http with status 408, 425 or 5xx."`
}

// connectionField is the argument of kinds that use a connection.
type connectionField struct {
	Connection lang.Ref `hcl:"connection,optional,connection" doc:"Which connection; may be left out when the blueprint has exactly one of the right type."`
}

var (
	commonSpec     = lang.SpecOf[Common]()
	connectionSpec = lang.SpecOf[connectionField]()
	// RetrySpec decodes a retry block.
	RetrySpec = lang.SpecOf[Retry]()
	// CommonSpec decodes what every step accepts.
	CommonSpec = commonSpec
)

// IsCommon says whether every step accepts an argument of that name.
func IsCommon(name string) bool {
	return commonSpec.Field(name) != nil || commonSpec.Block(name) != nil || name == "connection"
}

// Own are a step's arguments without those that every step accepts.
func Own(args cty.Value) cty.Value {
	if args.IsMarked() || !args.Type().IsObjectType() {
		return args
	}
	attrs := args.AsValueMap()
	for name := range attrs {
		if IsCommon(name) {
			delete(attrs, name)
		}
	}
	return cty.ObjectVal(attrs)
}

func (k Kind) declare(args, out *lang.Spec) *Kind {
	k.spec = args.With(commonSpec)
	if k.Connection != "" {
		k.spec = k.spec.With(connectionSpec)
	}
	k.out = out
	return &k
}

func resultSpec[R any]() *lang.Spec {
	var zero R
	if _, ok := any(zero).(cty.Value); ok {
		return nil
	}
	return lang.SpecOf[R]()
}
