package ingress

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/schedule"
)

// Kind declares a kind of trigger.
type Kind struct {
	Name, Doc string
	Examples  []lang.Example
	// Endpoint kinds are reached at /inbound/{blueprint}/{runbook}.
	Endpoint bool
	// Planned kinds are decoded and checked, but this build cannot receive their events yet.
	Planned bool
	// Connection is the type of connection that the kind uses, or "".
	Connection string
	// App kinds are an app provider's: a blueprint with one needs its secrets_changed runbook.
	App bool

	// Check looks at a trigger beyond what types say. Optional.
	Check func(*Check) hcl.Diagnostics
	// Output is the type of `trigger` in the runbook.
	Output func(*Check) cty.Type
	// Accept authenticates a request and makes an event of it: of endpoint kinds. Its error is a *Refusal or
	// a failure of ours.
	Accept func(context.Context, *Trigger, *Request) (Event, error)
	// CustomerSecret looks up, by account and name, what customer_secret() gives in an auth block; known is false
	// where no such secret is kept. Nil where customers have none.
	CustomerSecret func(ctx context.Context, t *Trigger, r *Request, account, name string) (value string, known bool, err error)
	// Methods are the methods that an endpoint answers, from its arguments; nil is POST alone.
	Methods func(args cty.Value) []string
	// Schedule is when the trigger fires by itself: of kinds that do.
	Schedule func(args cty.Value) (schedule.Spec, error)
	// Fire makes the event of an occurrence: of kinds that fire by themselves.
	Fire func(args cty.Value, at time.Time) Event
	// Start makes an event of an input, null for none: of kinds that a person or a `call` step may start. An
	// input that does not fit is a *Refusal with status 422.
	Start func(t *Trigger, input cty.Value, at time.Time) (Event, error)

	spec *lang.Spec
}

// Check is what a kind's Check and Output see of a trigger.
type Check struct {
	Body *lang.Body
	// Args are the evaluated arguments; parts may be unknown.
	Args  cty.Value
	Scope *lang.Scope
	// Unconnected says that the kind uses a connection, and that the trigger neither names one nor has one for
	// want of choice.
	Unconnected bool
}

// Common are the arguments that every trigger accepts.
type Common struct {
	Context     lang.Expr `hcl:"context,optional" doc:"The run's context (job.context), from the trigger's output."`
	DiscardWhen lang.Expr `hcl:"discard_when,optional" doc:"The event is discarded, with 200, if true."`
}

var commonSpec = lang.SpecOf[Common]()

// Define declares a kind from the struct of its arguments.
func Define[A any](k Kind) *Kind {
	k.spec = lang.SpecOf[A]().With(commonSpec)
	return &k
}

// Spec is the kind's arguments, with those that every trigger accepts.
func (k *Kind) Spec() *lang.Spec { return k.spec }

// Trigger is a runbook's trigger, checked and ready to receive. It does not change, and is not copied.
type Trigger struct {
	Blueprint, Runbook string
	Kind               *Kind
	Body               *lang.Body
	// Args are the arguments that could be evaluated when the blueprint was loaded.
	Args cty.Value
	// Output is the type of `trigger`.
	Output cty.Type
	// Scope is the blueprint's names, for the arguments that are evaluated per event.
	Scope   *lang.Scope
	Enabled bool
	// Connection evaluates the arguments of the connection that the trigger belongs to, with their marks; nil
	// where it belongs to none.
	Connection func() (cty.Value, error)
	// Only evaluates the arguments of the blueprint's only connection of a type, with their marks. The error says
	// that there is none, or more than one. Nil where the trigger belongs to no blueprint.
	Only func(connectionType string) (cty.Value, error)
	// Owner is the set in force that the trigger belongs to; Server hands it back through Accept.
	Owner any

	once sync.Once // fills plan
	plan any
}

// Prepare keeps, for as long as the trigger is in force, what make makes of its arguments: it is called once.
func (t *Trigger) Prepare(make func() any) any {
	t.once.Do(func() { t.plan = make() })
	return t.plan
}

// Event is a verified stimulus: what a run starts from.
type Event struct {
	Value cty.Value // `trigger`, of the trigger's output type
	// Delivery names the event within its endpoint; a second one of the name starts nothing, and is answered as
	// the first. "" if unnamed.
	Delivery string
	// Origin is the delivery that this one repeats, or "".
	Origin string
	// Nonce is the id of a signed event (jti), which starts at most one run of the endpoint, whatever Delivery
	// says, until NonceUntil, or ever where that is zero. "" where it has none.
	Nonce      string
	NonceUntil time.Time
	Context    string
	At         time.Time
	// Discard is why no run is to start, or "".
	Discard string
}

// Receipt says what became of an event.
type Receipt struct {
	Run string // its uuid
	// Fresh is false where the event had been accepted before.
	Fresh bool
}

// Registry is the trigger kinds that a build, or a test, knows. It does not change.
type Registry struct{ kinds map[string]*Kind }

// NewRegistry checks the declarations: a name twice, or anything without documentation, is an error.
func NewRegistry(kinds ...*Kind) (*Registry, error) {
	r := &Registry{kinds: map[string]*Kind{}}
	var problems []string
	for _, k := range kinds {
		if r.kinds[k.Name] != nil {
			problems = append(problems, fmt.Sprintf("trigger kind %q is declared twice", k.Name))
		}
		if k.Doc == "" || len(k.Examples) == 0 {
			problems = append(problems, fmt.Sprintf("trigger kind %q needs a doc and an example", k.Name))
		}
		problems = append(problems, lang.Undocumented("trigger kind "+k.Name, k.spec)...)
		r.kinds[k.Name] = k
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("ingress: %s", strings.Join(problems, "; "))
	}
	return r, nil
}

// Kind is the trigger kind of that name, or nil.
func (r *Registry) Kind(name string) *Kind { return r.kinds[name] }

// Names are the names of all trigger kinds, sorted.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.kinds)) }

// Kinds are all trigger kinds by name.
func (r *Registry) Kinds() []*Kind {
	var out []*Kind
	for _, n := range r.Names() {
		out = append(out, r.kinds[n])
	}
	return out
}
