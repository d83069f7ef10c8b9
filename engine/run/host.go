package run

import (
	"errors"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/steps"
)

// Info is what is constant about a run.
type Info struct {
	ID, Blueprint, Runbook, Context string
	Attempt                         int
	StartedAt                       time.Time
	// Deadline is when the run fails with kind timeout; zero is never.
	Deadline time.Time
	// Random answers random_secret(); nil where none can be made (lang.Eval).
	Random func(purpose string, n int) ([]byte, error)
}

// Host is all that the interpreter asks of its surroundings. One goroutine uses it, for one run.
type Host interface {
	// Now is the present. It need not be monotonic.
	Now() time.Time
	// Commit journals a batch. With Barrier set, it is durable when Commit returns; else it becomes so in
	// the order of the calls. An error ends the drive: nothing more may be done for the run here.
	Commit(Batch) error
	// Call begins an outside call. Its outcome comes from Next.
	Call(Call)
	// Cancel asks the call at a path to stop. Its outcome still comes.
	Cancel(path string)
	// Next is the next event. With block it waits for one, or for the moment until (zero: none), or says
	// ErrParked: the run only waits, and is to be dropped until then. Without block it is at once nil when
	// there is none.
	Next(until time.Time, block bool) (Event, error)
}

// ErrParked is Next's answer when the host would rather have the run's memory back.
var ErrParked = errors.New("run: parked")

// Call is one outside call: one attempt of one step.
type Call struct {
	Path string
	Node *compile.Node
	Args cty.Value
	// Trigger is the output of the run's trigger.
	Trigger cty.Value
	Attempt int
	Begun   time.Time
	Cursor  []byte
	// Doubt says that an earlier attempt may have had its effect.
	Doubt bool
	// Timeout of the attempt; zero is the kind's own.
	Timeout time.Duration
	// Connection are the evaluated arguments of a run-local connection, or NilVal.
	Connection cty.Value
}

// Event is something that happened to a run.
type Event interface{ event() }

// Outcome is what a call came to: a value or, of a Pager, a page. Err may be one of the answers of package
// steps: PutBack, Park.
type Outcome struct {
	Path  string
	Value cty.Value
	Page  steps.Page
	Err   error
}

// RunEnded says that another run ended, for steps that wait for it.
type RunEnded struct{ ID string }

// KeptChanged says that kept values were changed whose keys begin with Prefix, for steps that wait for them.
type KeptChanged struct{ Prefix string }

// Cancelled asks the run to end.
type Cancelled struct{ Reason string }

// Decision is a person's answer for a held step: repeat, skip or fail.
type Decision struct{ Do string }

func (Outcome) event()     {}
func (RunEnded) event()    {}
func (KeptChanged) event() {}
func (Cancelled) event()   {}
func (Decision) event()    {}

// Batch is what a run journals at once.
type Batch struct {
	// Put replaces records by path.
	Put []Entry
	// Delete removes a path, or with a trailing '*' all paths that begin so. It comes before Put.
	Delete []string
	Lines  []Line
	// Barrier asks for durability before Commit returns.
	Barrier bool
	// State is the run's state after the batch.
	State State
	// WakeAt is when the run goes on by itself, for StateWaiting; zero where only an event wakes it.
	WakeAt time.Time
	// End is set by the last batch.
	End *Result
}

// Empty says that a batch has nothing to journal.
func (b *Batch) Empty() bool {
	return len(b.Put) == 0 && len(b.Delete) == 0 && len(b.Lines) == 0 && b.End == nil
}

// Entry is a record and its path.
type Entry struct {
	Path   string
	Record *Record
}

// Line is a line of the run's log.
type Line struct {
	At time.Time
	steps.Line
	Step string
}

// State is how a run stands between batches.
type State string

// The states of a run.
const (
	StateRunning State = "running"
	StateWaiting State = "waiting"
	StateHeld    State = "held"
)

// Result is how a run ended.
type Result struct {
	Status  string // finished, failed, cancelled
	Outputs cty.Value
	Err     *steps.Error
	Message string // of a finish step
	At      time.Time
}

// Trace is told what the machine does, for people who watch. It must return quickly.
type Trace struct {
	Path, Step, Kind string
	Phase            string // begin, call, wait, retry, ok, skip, fail, held, turn
	Attempt          int
	At               time.Time
	Until            time.Time // wait, retry
	Output           cty.Value // ok
	Args             cty.Value // call; ok and fail, of a step whose arguments were evaluated and are still there
	Err              *steps.Error
	Reason           string
}
