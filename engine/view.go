package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"currant/engine/journal"
	"currant/engine/run"
	"currant/steps"
)

// Head is what lists show of a run. Its JSON is documented and stable.
type Head struct {
	JobUUID    string    `json:"job_uuid"`
	Status     string    `json:"status"`
	Blueprint  string    `json:"blueprint"`
	Runbook    string    `json:"runbook"`
	Context    string    `json:"context,omitempty"`
	Attempt    int       `json:"attempt"`
	AcceptedAt time.Time `json:"accepted_at"`
	StartedAt  time.Time `json:"started_at,omitzero"`
	EndedAt    time.Time `json:"ended_at,omitzero"`
	WakeAt     time.Time `json:"wake_at,omitzero"`
	Version    string    `json:"version"`
	Parent     string    `json:"parent,omitempty"`
	Origin     string    `json:"origin,omitempty"`
	Summary    string    `json:"summary,omitempty"`
}

// View is one run whole, secrets masked. Its JSON is documented and stable.
type View struct {
	Head
	Message string          `json:"message,omitempty"`
	Outputs json.RawMessage `json:"outputs"`
	Error   *ViewError      `json:"error"`
	Steps   []ViewStep      `json:"steps"`
	Logs    []ViewLine      `json:"logs"`
}

// ViewError is why a run failed.
type ViewError struct {
	Message string `json:"message"`
	Kind    string `json:"kind"`
	Step    string `json:"step"`   // the step that failed, or "": an output, or the run as a whole
	Status  *int   `json:"status"` // HTTP status, or null
	File    string `json:"file"`
	Line    int    `json:"line"`
}

// ViewStep is one step, or one step of one iteration that is still known.
type ViewStep struct {
	Path      string          `json:"path"`
	Name      string          `json:"name"`
	Kind      string          `json:"kind,omitempty"`
	Status    string          `json:"status"`
	Attempt   int             `json:"attempt,omitempty"`
	StartedAt time.Time       `json:"started_at,omitzero"`
	EndedAt   time.Time       `json:"ended_at,omitzero"`
	WakeAt    time.Time       `json:"wake_at,omitzero"`
	Waiting   string          `json:"waiting,omitempty"`
	Count     int             `json:"count,omitempty"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
	Output    json.RawMessage `json:"output,omitempty"`
	Error     *ViewError      `json:"error,omitempty"`
}

// ViewLine is one line of a run's log.
type ViewLine struct {
	Seq     int64           `json:"seq"`
	At      time.Time       `json:"at"`
	Level   string          `json:"level"`
	Step    string          `json:"step,omitempty"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// Reading is what views need of a store: the engine's own, or a reader beside a running one.
type Reading interface {
	Run(ctx context.Context, id string) (journal.Run, error)
	Records(ctx context.Context, id string) ([]journal.Record, error)
	History(ctx context.Context, id string) ([]byte, error)
	Logs(ctx context.Context, id string, afterSeq int64) ([]journal.LogLine, error)
}

// View reads one run, by id or by the beginning of one.
func (e *Engine) View(ctx context.Context, id string) (View, error) {
	return ReadView(ctx, e.store, id)
}

// ReadView reads one run from a store. It needs no key: what is sealed is shown masked.
func ReadView(ctx context.Context, s Reading, id string) (View, error) {
	r, err := s.Run(ctx, id)
	if err != nil {
		return View{}, err
	}
	v := View{Head: HeadOf(r), Outputs: json.RawMessage("{}"), Steps: []ViewStep{}, Logs: []ViewLine{}}
	if len(r.Outcome) > 0 {
		var o outcome
		if err := json.Unmarshal(r.Outcome, &o); err != nil {
			return v, err
		}
		v.Error, v.Message = viewError(o.Err), o.Message
		if shown := run.Shown(o.Outputs); shown != nil {
			v.Outputs = shown
		}
	}
	if v.Steps, err = readSteps(ctx, s, r); err != nil {
		return v, err
	}
	lines, err := s.Logs(ctx, r.ID, 0)
	if err != nil {
		return v, err
	}
	for _, l := range lines {
		v.Logs = append(v.Logs, ViewLine{Seq: l.Seq, At: l.At, Level: l.Level, Step: l.Step, Message: l.Message, Data: l.Data})
	}
	return v, nil
}

// HeadOf is what lists show of a stored run.
func HeadOf(r journal.Run) Head {
	return Head{JobUUID: r.ID, Status: string(r.Status), Blueprint: r.Blueprint, Runbook: r.Runbook, Context: r.Context, Attempt: r.Attempt,
		AcceptedAt: r.AcceptedAt, StartedAt: r.StartedAt, EndedAt: r.EndedAt, WakeAt: r.WakeAt, Version: r.Version, Parent: r.Parent,
		Origin: r.Origin, Summary: r.Summary}
}

func viewError(e *steps.Error) *ViewError {
	if e == nil {
		return nil
	}
	v := &ViewError{Message: e.Message, Kind: string(e.Kind), Step: e.Step, File: e.File, Line: e.Line}
	if e.Status != 0 {
		v.Status = &e.Status
	}
	return v
}

func readSteps(ctx context.Context, s Reading, r journal.Run) ([]ViewStep, error) {
	raw := map[string]json.RawMessage{}
	if r.Status.Ended() {
		text, err := s.History(ctx, r.ID)
		if err != nil && !errors.Is(err, journal.ErrNotFound) {
			return nil, err
		}
		if len(text) > 0 {
			if err := json.Unmarshal(text, &raw); err != nil {
				return nil, err
			}
		}
	} else {
		records, err := s.Records(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		for _, rec := range records {
			raw[rec.Path] = rec.Data
		}
	}
	out := []ViewStep{}
	order := map[string]int{}
	for path, data := range raw {
		rec, err := run.Peek(path, data)
		if err != nil {
			return nil, err
		}
		if rec.Status == run.Value {
			continue
		}
		order[path] = rec.Order
		out = append(out, viewStep(path, rec, r.Status.Ended()))
	}
	slices.SortFunc(out, func(a, b ViewStep) int {
		return cmp.Or(cmp.Compare(order[a.Path], order[b.Path]), strings.Compare(a.Path, b.Path))
	})
	return out, nil
}

var stepStatus = map[run.Status]string{run.Running: "running", run.Waiting: "waiting", run.Held: "held", run.OK: "ok",
	run.Skipped: "skipped", run.Failed: "failed", run.Finished: "ok"}

func viewStep(path string, rec *run.Record, ended bool) ViewStep {
	name := path[strings.LastIndexByte(path, '/')+1:]
	v := ViewStep{Path: path, Name: name, Kind: rec.Kind, Status: stepStatus[rec.Status], Attempt: rec.Attempt, StartedAt: rec.Begun, EndedAt: rec.Ended,
		WakeAt: rec.Wake, Waiting: rec.Reason, Count: rec.Count, Arguments: rec.ShownArgs(), Output: rec.ShownOutput(), Error: viewError(rec.Err)}
	if ended && (rec.Status == run.Running || rec.Status == run.Waiting || rec.Status == run.Held) {
		v.Status, v.WakeAt, v.Waiting = "stopped", time.Time{}, ""
	}
	return v
}
