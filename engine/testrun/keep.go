package testrun

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/schedule"
	"currant/steps"
)

// kept is what outlives runs, in memory (lang.Kept).
type kept struct {
	changed func(key string) // told of what was changed
	mu      sync.Mutex       // guards values
	values  map[string][]byte
}

func newKept(changed func(string)) *kept {
	return &kept{changed: changed, values: map[string][]byte{}}
}

// Get is part of lang.Kept.
func (k *kept) Get(_ context.Context, key string) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.values[key]), nil
}

// Update is part of lang.Kept. Calls of a test come one after the other: nobody else changes the key meanwhile.
func (k *kept) Update(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	old, err := k.Get(ctx, key)
	if err != nil {
		return err
	}
	value, err := change(old)
	if err != nil {
		return err
	}
	k.mu.Lock()
	if value == nil {
		delete(k.values, key)
	} else {
		k.values[key] = slices.Clone(value)
	}
	k.mu.Unlock()
	k.changed(key)
	return nil
}

// Keys is part of lang.Kept.
func (k *kept) Keys(_ context.Context, prefix string) (keys []string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for key := range k.values {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// schedules are those that steps make (steps.Schedules). They are kept and do not fire: a schedule that never
// ends would let no test end.
type schedules struct {
	w     *world
	specs map[string]keptSchedule
}

type keptSchedule struct {
	runbook string
	spec    schedule.Spec
	input   cty.Value
}

// Create is part of steps.Schedules.
func (s *schedules) Create(_ context.Context, sc steps.Schedule) (time.Time, error) {
	row := keptSchedule{sc.Runbook, specOf(sc), sc.Input}
	if old, ok := s.specs[sc.Reference]; ok && (old.runbook != row.runbook || old.spec != row.spec) {
		return time.Time{}, steps.Errorf(steps.InputError, "there is a schedule with the reference %q already; use schedule_update", sc.Reference)
	}
	return s.put(sc.Reference, row)
}

// Update is part of steps.Schedules.
func (s *schedules) Update(_ context.Context, sc steps.Schedule) (time.Time, error) {
	old, ok := s.specs[sc.Reference]
	if !ok {
		return time.Time{}, steps.Errorf(steps.NotFoundError, "there is no schedule with the reference %q", sc.Reference)
	}
	row := keptSchedule{sc.Runbook, specOf(sc), sc.Input}
	if row.runbook == "" {
		row.runbook = old.runbook
	}
	if row.input == cty.NilVal {
		row.input = old.input
	}
	return s.put(sc.Reference, row)
}

// Delete is part of steps.Schedules.
func (s *schedules) Delete(_ context.Context, reference string) error {
	delete(s.specs, reference)
	return nil
}

func (s *schedules) put(reference string, row keptSchedule) (time.Time, error) {
	parsed, err := schedule.Parse(row.spec)
	if err != nil {
		return time.Time{}, steps.Errorf(steps.InputError, "schedule %q: %s", reference, err)
	}
	s.specs[reference] = row
	next, _ := parsed.Next(s.w.now)
	return next, nil
}

func specOf(sc steps.Schedule) schedule.Spec {
	return schedule.Spec{Cron: sc.Cron, RRule: sc.RRule, Every: sc.Every, At: sc.At, Timezone: sc.Timezone, CatchUp: schedule.CatchUpOne}
}
