package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/journal"
	"currant/engine/run"
	"currant/engine/schedule"
	"currant/steps"
)

// A schedule is a row: declared ones have the reference "runbook/NAME" and follow the blueprint in force,
// those that steps make have the reference that the step gave, behind "step/".
const (
	declaredPrefix = "runbook/"
	dynamicPrefix  = "step/"
)

// declareSchedules makes the rows of a blueprint's schedule triggers, and drops those of triggers that are
// gone. An unchanged one keeps its place in time.
func (e *Engine) declareSchedules(ctx context.Context, bp *compile.Blueprint) error {
	rows, err := e.store.Schedules(ctx)
	if err != nil {
		return err
	}
	known := map[string]journal.Schedule{}
	for _, row := range rows {
		if row.Blueprint == bp.Name && !row.Dynamic {
			known[row.Reference] = row
		}
	}
	changed := false
	for _, rb := range bp.Runbooks {
		if rb.Trigger.Kind.Schedule == nil || !rb.Enabled {
			continue
		}
		ref := declaredPrefix + rb.Name
		row, same, err := declare(rb, known[ref])
		if err != nil {
			return fmt.Errorf("schedule of %s/%s: %w", bp.Name, rb.Name, err)
		}
		delete(known, ref)
		changed = true // also an unchanged row: nobody has looked at it while its blueprint was not in force
		if same {
			continue
		}
		if err := e.store.PutSchedule(ctx, row); err != nil {
			return err
		}
	}
	for ref := range known {
		changed = true
		if err := e.store.DeleteSchedule(ctx, bp.Name, ref); err != nil && !errors.Is(err, journal.ErrNotFound) {
			return err
		}
	}
	if changed {
		e.reschedule()
	}
	return nil
}

// declare is the row of a schedule trigger; same says that the store has it already.
func declare(rb *compile.Runbook, known journal.Schedule) (journal.Schedule, bool, error) {
	spec, err := rb.Trigger.Kind.Schedule(rb.Trigger.Args)
	if err != nil {
		return known, false, err
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return known, false, err
	}
	if string(known.Spec) == string(text) && !known.NextAt.IsZero() {
		return known, true, nil
	}
	s, err := schedule.Parse(spec)
	if err != nil {
		return known, false, err
	}
	now := timeNow()
	next, _ := s.Next(now)
	return journal.Schedule{Blueprint: rb.Blueprint.Name, Reference: declaredPrefix + rb.Name, Runbook: rb.Name, Spec: text,
		NextAt: next, LastAt: now}, false, nil
}

// reschedule tells fireSchedules that rows have changed.
func (e *Engine) reschedule() {
	select {
	case e.scheduled <- struct{}{}:
	default:
	}
}

// fireSchedules starts the runs of schedules when their time has come, until ctx ends.
func (e *Engine) fireSchedules(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.scheduled:
		case <-timer.C:
		}
		next, err := e.fireDue(ctx)
		if err != nil && ctx.Err() == nil {
			e.log.Error("schedules could not be fired; it is tried again", "error", err)
			next = time.Now().Add(5 * time.Second)
		}
		sleep := longestSleep
		if !next.IsZero() {
			sleep = max(min(time.Until(next), longestSleep), 0)
		}
		timer.Reset(sleep)
	}
}

// fireDue fires what is due and tells when the next is.
func (e *Engine) fireDue(ctx context.Context) (next time.Time, err error) {
	rows, err := e.store.Schedules(ctx)
	if err != nil {
		return next, err
	}
	now := timeNow()
	for _, row := range rows {
		if row.NextAt.IsZero() {
			continue
		}
		if !row.NextAt.After(now) {
			if row, err = e.fire(ctx, row, now); err != nil {
				return next, err
			}
		}
		if !row.NextAt.IsZero() && (next.IsZero() || row.NextAt.Before(next)) {
			next = row.NextAt
		}
	}
	return next, nil
}

// fire stores the due occurrences' runs and the schedule's next moment in one commit.
func (e *Engine) fire(ctx context.Context, row journal.Schedule, now time.Time) (journal.Schedule, error) {
	bp := (*e.sets.inForce.Load())[row.Blueprint]
	if bp == nil || bp.Runbook(row.Runbook) == nil {
		return journal.Schedule{}, nil // its blueprint is not served here now; catch_up decides when it is
	}
	rb := bp.Runbook(row.Runbook)
	var spec schedule.Spec
	if err := json.Unmarshal(row.Spec, &spec); err != nil {
		return row, fmt.Errorf("schedule %s/%s: %w", row.Blueprint, row.Reference, err)
	}
	s, err := schedule.Parse(spec)
	if err != nil {
		return row, fmt.Errorf("schedule %s/%s: %w", row.Blueprint, row.Reference, err)
	}
	due, next := s.Due(row.LastAt, now)
	if spec.CatchUp != schedule.CatchUpAll && len(due) > 1 {
		due = due[len(due)-1:] // of a short period, not each one that a pause of the runner has missed
	}
	var stored []journal.Run
	values := map[string]cty.Value{}
	for _, at := range due {
		start, discarded, err := e.occurrence(rb, row, at)
		if err != nil {
			return row, err
		}
		if discarded {
			continue
		}
		r, err := e.newRun(rb, start)
		if err != nil {
			return row, err
		}
		stored = append(stored, r)
		values[r.ID] = start.Value
	}
	row.LastAt, row.NextAt = now, next
	fresh, err := e.store.Fire(ctx, row, stored)
	if err != nil {
		return row, err
	}
	for i := range fresh {
		if v, ok := values[fresh[i].ID]; ok {
			e.admit(&fresh[i], rb, v)
		}
	}
	return row, nil
}

// occurrence is the run of one moment of a schedule, or says that the trigger discards it.
func (e *Engine) occurrence(rb *compile.Runbook, row journal.Schedule, at time.Time) (s Start, discarded bool, err error) {
	s = Start{At: at, Delivery: "schedule:" + row.Reference + ":" + at.UTC().Format(time.RFC3339)}
	if !row.Dynamic {
		ev, err := rb.Trigger.Judge(rb.Trigger.Kind.Fire(rb.Trigger.Args, at))
		s.Value, s.Context = ev.Value, ev.Context
		return s, ev.Discard != "", err
	}
	codec := &run.Codec{Sealer: e.vault, Run: row.Blueprint + "/" + row.Reference}
	input, err := codec.Read("input", row.Input)
	if err != nil {
		return s, false, err
	}
	s.Value, err = Called(rb, input)
	return s, false, err
}

// schedules lets a step keep schedules (steps.Schedules).
type schedules struct {
	e         *Engine
	blueprint string
}

// Create is part of steps.Schedules. References are unique in a blueprint.
func (s *schedules) Create(ctx context.Context, sc steps.Schedule) (time.Time, error) {
	old, err := s.find(ctx, sc.Reference)
	if err != nil {
		return time.Time{}, err
	}
	row, err := s.row(sc)
	if err != nil {
		return time.Time{}, err
	}
	if old != nil && (string(old.Spec) != string(row.Spec) || old.Runbook != row.Runbook) {
		return time.Time{}, steps.Errorf(steps.InputError, "there is a schedule with the reference %q already; use schedule_update", sc.Reference)
	}
	return s.put(ctx, row)
}

// Update is part of steps.Schedules.
func (s *schedules) Update(ctx context.Context, sc steps.Schedule) (time.Time, error) {
	old, err := s.find(ctx, sc.Reference)
	if err != nil {
		return time.Time{}, err
	}
	if old == nil {
		return time.Time{}, steps.Errorf(steps.NotFoundError, "there is no schedule with the reference %q", sc.Reference)
	}
	row, err := s.row(sc)
	if err != nil {
		return time.Time{}, err
	}
	if sc.Runbook == "" {
		row.Runbook = old.Runbook
	}
	if sc.Input == cty.NilVal {
		row.Input = old.Input
	}
	return s.put(ctx, row)
}

// Delete is part of steps.Schedules. Deleting what is not there is no error.
func (s *schedules) Delete(ctx context.Context, reference string) error {
	err := s.e.store.DeleteSchedule(ctx, s.blueprint, dynamicPrefix+reference)
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return err
	}
	s.e.reschedule()
	return nil
}

func (s *schedules) find(ctx context.Context, reference string) (*journal.Schedule, error) {
	rows, err := s.e.store.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		if rows[i].Blueprint == s.blueprint && rows[i].Reference == dynamicPrefix+reference {
			return &rows[i], nil
		}
	}
	return nil, nil
}

func (s *schedules) row(sc steps.Schedule) (journal.Schedule, error) {
	spec := schedule.Spec{Cron: sc.Cron, RRule: sc.RRule, Every: sc.Every, At: sc.At, Timezone: sc.Timezone, CatchUp: schedule.CatchUpOne}
	parsed, err := schedule.Parse(spec)
	if err != nil {
		return journal.Schedule{}, steps.Errorf(steps.InputError, "schedule %q: %s", sc.Reference, err)
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return journal.Schedule{}, err
	}
	now := timeNow()
	next, _ := parsed.Next(now)
	row := journal.Schedule{Blueprint: s.blueprint, Reference: dynamicPrefix + sc.Reference, Runbook: sc.Runbook, Spec: text, NextAt: next, LastAt: now, Dynamic: true}
	input := sc.Input
	if input == cty.NilVal {
		input = cty.NullVal(cty.DynamicPseudoType)
	}
	codec := &run.Codec{Sealer: s.e.vault, Run: row.Blueprint + "/" + row.Reference}
	row.Input, err = codec.Write("input", input)
	return row, err
}

func (s *schedules) put(ctx context.Context, row journal.Schedule) (time.Time, error) {
	if err := s.e.store.PutSchedule(ctx, row); err != nil {
		return time.Time{}, err
	}
	s.e.reschedule()
	return row.NextAt, nil
}
