package runtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/run"
)

// Loss is what a crash does to what was committed and not yet durable.
type Loss int

// What a crash may lose. What is lost is always the newest.
const (
	LoseNothing Loss = iota
	LoseSome
	LoseAll
)

// Crash is the host's death before or after its nth operation (Commit, Call, Next), counted from 1 over
// the run's whole life.
type Crash struct {
	Op    int
	After bool
	Lose  Loss
}

// Epoch is when simulated runs begin.
var Epoch = time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)

// downtime is how long a crashed host is away.
const downtime = time.Millisecond

// Sim is a host in memory, and the process around it that restores the run when the host has died or parked.
// One goroutine uses it.
type Sim struct {
	World *World
	// Stay keeps a waiting run in memory.
	Stay bool
	// Crashes to come, by Op.
	Crashes []Crash
	// Order picks which of n calls that have come back is told first; nil takes the oldest.
	Order func(n int) int
	// Trace is told what the machine does.
	Trace func(run.Trace)
	// Commits are the changes committed, as text.
	Commits []string
	// Marks are how many operations there had been after each commit.
	Marks []int
	// Violations are broken rules, such as a step executed again after its end was durable.
	Violations []string

	rb       *compile.Runbook
	info     run.Info
	disk     *disk
	trigger  []byte
	now      time.Time
	ops      int
	inbox    []run.Event
	told     []run.Event // cancellations so far: whoever cancels asks again after a crash
	childAt  map[string]time.Time
	children []child
	state    run.State // as last committed
	lives    int
}

// NewSim is a run of a runbook at its beginning.
func NewSim(w *World, rb *compile.Runbook, input cty.Value) (*Sim, error) {
	codec := &run.Codec{Sealer: xor{}, Run: "run-1"}
	s := &Sim{World: w, rb: rb, disk: newDisk(codec), now: Epoch, childAt: map[string]time.Time{},
		info: run.Info{ID: "run-1", Blueprint: "scenario", Runbook: rb.Name, Context: "wdc", Attempt: 1, StartedAt: Epoch, Deadline: Epoch.Add(rb.Timeout)}}
	if input == cty.NilVal {
		input = cty.NullVal(cty.DynamicPseudoType)
	}
	var err error
	s.trigger, err = codec.Write("trigger", cty.ObjectVal(map[string]cty.Value{"input": input}))
	w.OnEvent(s.Send)
	return s, err
}

// Send lets something happen to the run.
func (s *Sim) Send(ev run.Event) { s.inbox = append(s.inbox, ev) }

// Ops is how many operations there were.
func (s *Sim) Ops() int { return s.ops }

// Lines are the lines of the run's log.
func (s *Sim) Lines() []string { return s.disk.view().lines }

// Stored is what is stored of the run, for searching.
func (s *Sim) Stored() map[string][]byte { return s.disk.view().recs }

var errDied = errors.New("runtest: the host died")

// maxLives bounds how often a run is restored.
const maxLives = 10_000

// Run lets the run go on, through crashes and waits, until it ends or only an event can help it.
func (s *Sim) Run() (Outcome, error) {
	for {
		if s.lives++; s.lives > maxLives {
			return Outcome{}, errors.New("runtest: the run does not end")
		}
		if o, over, err := s.Life(); over || err != nil {
			return o, err
		}
	}
}

// Life is one life of the host's process: until it dies, or parks the run; over says that the run has ended
// or that only an event can help it.
func (s *Sim) Life() (o Outcome, over bool, err error) {
	if end := s.disk.view().end; end != nil {
		return *end, true, nil
	}
	m, err := s.machine()
	if err != nil {
		return o, false, err
	}
	m.Trace = s.Trace
	h := &host{Sim: s}
	_, err = run.Drive(h, m)
	switch {
	case err == nil:
	case errors.Is(err, errDied):
		s.disk.crash(h.crash.Lose)
		s.now = s.now.Add(downtime)
		s.inbox = append(s.told, s.inbox...)
		s.told = nil
	case errors.Is(err, run.ErrParked):
		if s.state == run.StateHeld || !s.pass(h.until) {
			return Outcome{Status: string(s.state)}, true, nil
		}
	default:
		return o, false, err
	}
	return o, false, nil
}

// pass lets time pass for a parked run; false where nothing will happen.
func (s *Sim) pass(until time.Time) bool {
	id, at := s.nextChild()
	switch {
	case id != "" && (until.IsZero() || !at.After(until)):
		s.childEnds(id)
	case until.IsZero():
		return false
	default:
		s.forward(until)
	}
	return true
}

// forward moves the clock. By then what was committed is durable.
func (s *Sim) forward(t time.Time) {
	if t.After(s.now) {
		s.now = t
		s.disk.sync(len(s.disk.pending))
	}
}

// machine begins the run, or restores it.
func (s *Sim) machine() (*run.Machine, error) {
	trigger, err := s.disk.codec.Read("trigger", s.trigger)
	if err != nil {
		return nil, err
	}
	recs, err := s.disk.records()
	if err != nil {
		return nil, err
	}
	if len(recs) == 0 {
		return run.New(s.rb, s.info, trigger), nil
	}
	return run.Restore(s.rb, s.info, trigger, recs), nil
}

// Reopen lets an ended run go on from the step that failed.
func (s *Sim) Reopen() error {
	recs, err := s.disk.records()
	if err != nil {
		return err
	}
	run.Rewind(s.rb, recs)
	s.disk.sync(len(s.disk.pending))
	s.disk.image.recs, s.disk.image.end = map[string][]byte{}, nil
	for path, rec := range recs {
		if s.disk.image.recs[path], err = s.disk.codec.Encode(path, rec); err != nil {
			return err
		}
	}
	s.disk.latest = s.disk.image.clone()
	s.now = s.now.Add(time.Hour)
	s.info.Deadline = s.now.Add(s.rb.Timeout)
	return nil
}

func (s *Sim) violate(format string, args ...any) {
	s.Violations = append(s.Violations, fmt.Sprintf(format, args...))
}

// Now is the simulated present.
func (s *Sim) Now() time.Time { return s.now }

// Held are the paths of the steps that wait for a person.
func (s *Sim) Held() (paths []string) {
	v := s.disk.view()
	for _, path := range slices.Sorted(maps.Keys(v.recs)) {
		if rec := s.disk.stored(path, false); rec != nil && rec.Status == run.Held {
			paths = append(paths, path)
		}
	}
	return paths
}

// Fresh is another run of the same runbook, from its beginning, in another world with the same script. The
// runbook's probes are answered by the Sim, so that it need not be compiled again.
func (s *Sim) Fresh() (*Sim, error) {
	f, err := NewSim(NewWorld(s.World.answers), s.rb, cty.NilVal)
	if err == nil {
		f.trigger = s.trigger
	}
	return f, err
}

// State is the run's state as it was last committed.
func (s *Sim) State() run.State { return s.state }
