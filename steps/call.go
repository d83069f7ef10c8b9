package steps

import (
	"context"
	"log/slog"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// Call is one attempt of one step: everything that a kind may touch.
type Call struct {
	Run, Runbook, Blueprint string
	// Step is the step's name; Path tells it from others of the name in other iterations.
	Step, Path string
	Attempt    int
	// Key is the same for every attempt of this step in this run: an idempotency key to send along.
	Key string
	// Args are the evaluated arguments.
	Args cty.Value
	// Body is the step as it is written, for what is no value: type constraints.
	Body *lang.Body
	// Trigger is the output of the run's trigger. NilVal for pure kinds.
	Trigger cty.Value
	// Secrets are texts that were marked sensitive in the arguments or the connection. They may go on the
	// wire, and never into a message.
	Secrets []string
	// Connection is what the connection's type opened, or nil.
	Connection any
	// Cursor is what the Park before this one left, or nil.
	Cursor []byte
	// Doubt says that an earlier attempt may have had its effect: it failed, or the runner died meanwhile.
	Doubt bool
	// Begun is when the step's first attempt began.
	Begun time.Time
	// Now is the present, as the host tells it.
	Now time.Time
	Log *slog.Logger
	// Dir is the blueprint's directory, for file paths.
	Dir string
	// Runs starts and watches other runs. Nil for pure kinds.
	Runs Runs
	// Schedules keeps schedules. Nil for pure kinds.
	Schedules Schedules
	// Kept is what outlives runs. Nil for pure kinds.
	Kept lang.Kept

	// States are the values that a pure step has set, by name.
	States map[string]cty.Value
	// Lines are what a pure step has logged.
	Lines []Line
}

// Line is one line of a run's log.
type Line struct {
	Level, Message string
	Data           cty.Value // or NilVal
}

// Runs is what a kind may do with other runs.
type Runs interface {
	// Start stores a run of a runbook of the same blueprint version; the same key starts it once.
	Start(ctx context.Context, s StartRun) (id string, err error)
	// Result is how a run stands; ended is false while it is going.
	Result(ctx context.Context, id string) (r RunResult, ended bool, err error)
}

// HasData says whether the line carries data.
func (l Line) HasData() bool { return l.Data != cty.NilVal }

// StartRun asks for a run.
type StartRun struct {
	Runbook, Key string
	Input        cty.Value
	// Parent is the run and the path of the step that waits for it, or "" where none does.
	Parent, ParentPath string
}

// RunResult is how a run ended.
type RunResult struct {
	ID      string
	Status  string
	Outputs cty.Value
	Err     *Error
}

// Schedules is what a kind may do with the schedules that runs make.
type Schedules interface {
	Create(ctx context.Context, s Schedule) (next time.Time, err error)
	Update(ctx context.Context, s Schedule) (next time.Time, err error)
	Delete(ctx context.Context, reference string) error
}

// Schedule is a schedule that a run makes: exactly one of Cron, Every, RRule and At is set.
type Schedule struct {
	Reference, Runbook string
	Cron, RRule        string
	Every              time.Duration
	At                 time.Time
	Timezone           string
	Input              cty.Value
}
