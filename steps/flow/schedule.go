package flow

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/schedule"
	"currant/steps"
)

// ScheduleCreate keeps a schedule that starts runs of a runbook.
var ScheduleCreate = steps.Action(steps.Kind{
	Name:   "schedule_create",
	Effect: steps.Idempotent, // by its reference
	Doc:    "Keeps a schedule that starts a runbook: by a cron line, an interval, a recurrence rule (RFC 5545), or once. References are unique in a blueprint: to change a schedule, use `schedule_update`.",
	Examples: []steps.Example{{
		Title: "Remind on working days",
		HCL: `step "schedule_create" "remind" {
  reference = "remind-7001"
  runbook   = runbook.remind
  cron      = "0 9 * * 1-5"
  timezone  = "Europe/Amsterdam"
  input     = { request_id = 7001 }
}`,
	}},
	Check: func(c *steps.Check) hcl.Diagnostics {
		return append(steps.ExactlyOne(c.Body, "cron", "every", "rrule", "at"), checkSchedule(c)...)
	},
}, func(ctx context.Context, c *steps.Call, a createArgs) (scheduleResult, error) {
	return keep(c, a.Reference, a.timing, a.Input, func(s steps.Schedule) (time.Time, error) { return c.Schedules.Create(ctx, s) })
})

// ScheduleUpdate changes a schedule.
var ScheduleUpdate = steps.Action(steps.Kind{
	Name:   "schedule_update",
	Effect: steps.Idempotent,
	Doc:    "Changes a schedule that a run has made: when it fires, and its runbook and input where they are written.",
	Examples: []steps.Example{{
		Title: "From now on every other day",
		HCL: `step "schedule_update" "remind" {
  reference = "remind-7001"
  runbook   = runbook.remind
  every     = "2d"
}`,
	}},
	Check: func(c *steps.Check) hcl.Diagnostics {
		return append(steps.ExactlyOne(c.Body, "cron", "every", "rrule", "at"), checkSchedule(c)...)
	},
}, func(ctx context.Context, c *steps.Call, a updateArgs) (scheduleResult, error) {
	return keep(c, a.Reference, a.timing, a.Input, func(s steps.Schedule) (time.Time, error) { return c.Schedules.Update(ctx, s) })
})

// ScheduleDelete forgets a schedule.
var ScheduleDelete = steps.Action(steps.Kind{
	Name:   "schedule_delete",
	Effect: steps.Idempotent,
	Doc:    "Forgets a schedule that a run has made.",
	Examples: []steps.Example{{
		Title: "No more reminders",
		HCL:   `step "schedule_delete" "remind" { reference = "remind-7001" }`,
	}},
}, func(ctx context.Context, c *steps.Call, a deleteArgs) (scheduleResult, error) {
	if c.Schedules == nil {
		return scheduleResult{}, steps.Errorf(steps.InternalError, "schedules cannot be kept here")
	}
	return scheduleResult{Reference: a.Reference}, c.Schedules.Delete(ctx, a.Reference)
})

type createArgs struct {
	Reference string   `hcl:"reference" doc:"The schedule's name, unique in the blueprint."`
	Runbook   lang.Ref `hcl:"runbook,runbook" doc:"The runbook that it starts, as runbook.NAME."`
	timing
	Input cty.Value `hcl:"input,optional" doc:"What the runbook's trigger takes as input."`
}

type updateArgs struct {
	Reference string   `hcl:"reference" doc:"The schedule's name."`
	Runbook   lang.Ref `hcl:"runbook,optional,runbook" doc:"The runbook that it starts, as runbook.NAME; the same as before where it is not written."`
	timing
	Input cty.Value `hcl:"input,optional" doc:"What the runbook's trigger takes as input; the same as before where it is not written."`
}

type deleteArgs struct {
	Reference string `hcl:"reference" doc:"The schedule's name."`
}

// timing is the arguments that say when a schedule fires.
type timing struct {
	Cron     string        `hcl:"cron,optional" doc:"Five fields: minute, hour, day of month, month, day of week."`
	Every    time.Duration `hcl:"every,optional" doc:"An interval of whole seconds, such as \"10m\"."`
	RRule    string        `hcl:"rrule,optional" doc:"A recurrence rule of RFC 5545."`
	At       string        `hcl:"at,optional" doc:"One moment (RFC 3339)."`
	Timezone string        `hcl:"timezone,optional" doc:"The time zone of cron and rrule, such as \"Europe/Amsterdam\"; UTC by default."`
}

type scheduleResult struct {
	Reference string     `hcl:"reference" doc:"The schedule's name."`
	NextAt    *time.Time `hcl:"next_at" doc:"When it fires next (RFC 3339); null when it does not."`
}

// keep hands a schedule over. Update leaves alone what Runbook and Input do not say ("" and NilVal).
func keep(c *steps.Call, reference string, w timing, input cty.Value, do func(steps.Schedule) (time.Time, error)) (scheduleResult, error) {
	if c.Schedules == nil {
		return scheduleResult{}, steps.Errorf(steps.InternalError, "schedules cannot be kept here")
	}
	s := steps.Schedule{Reference: reference, Cron: w.Cron, RRule: w.RRule, Every: w.Every, Timezone: w.Timezone, Input: input}
	s.Runbook, _ = text(steps.Arg(c.Args, "runbook"))
	if input != cty.NilVal && input.IsNull() {
		s.Input = cty.NilVal
	}
	if w.At != "" {
		at, err := time.Parse(time.RFC3339, w.At)
		if err != nil {
			return scheduleResult{}, steps.Errorf(steps.InputError, "at: %s is no RFC 3339 time such as 2030-01-31T12:00:00Z", shown(steps.Arg(c.Args, "at")))
		}
		s.At = at
	}
	if _, err := schedule.Parse(schedule.Spec{Cron: s.Cron, RRule: s.RRule, Every: s.Every, At: s.At, Timezone: s.Timezone}); err != nil {
		return scheduleResult{}, steps.Errorf(steps.InputError, "%s", problem(err, c.Args))
	}
	next, err := do(s)
	if err != nil {
		return scheduleResult{}, err
	}
	out := scheduleResult{Reference: reference}
	if !next.IsZero() {
		out.NextAt = &next
	}
	return out, nil
}

// checkSchedule reports a schedule that does not parse, where what it says is known.
func checkSchedule(c *steps.Check) hcl.Diagnostics {
	diags := append(checkTime(c, "at"), checkInput(c)...)
	var s schedule.Spec
	given := 0
	for name, set := range map[string]func(string) bool{
		"cron":     func(v string) bool { s.Cron = v; return v != "" },
		"rrule":    func(v string) bool { s.RRule = v; return v != "" },
		"every":    func(v string) (ok bool) { d, err := lang.ParseDuration(v); s.Every = d; return err == nil },
		"at":       func(v string) (ok bool) { t, err := time.Parse(time.RFC3339, v); s.At = t; return err == nil },
		"timezone": func(v string) bool { s.Timezone = v; return true },
	} {
		a := steps.Arg(c.Args, name)
		v, ok := steps.Known(c.Args, name)
		switch {
		case ok && v.Type() == cty.String && set(v.AsString()):
			if name != "timezone" {
				given++
			}
		case c.Body.Attr(name) != nil && (a == cty.NilVal || !ok):
			return diags // not known yet
		}
	}
	if given != 1 {
		return diags
	}
	if _, err := schedule.Parse(s); err != nil {
		at := c.Body.Range
		var bad *schedule.SpecError
		summary := "Invalid schedule"
		if errors.As(err, &bad) && bad.Field != "" {
			at = steps.At(c.Body, bad.Field)
			summary = "Invalid value for \"" + bad.Field + "\""
		}
		diags = append(diags, lang.Error(at, summary, "%s.", problem(err, c.Args)))
	}
	return diags
}

// problem is what is wrong with a schedule, without the text of a field that is sensitive.
func problem(err error, args cty.Value) string {
	var bad *schedule.SpecError
	if errors.As(err, &bad) && bad.Field != "" {
		if v := steps.Arg(args, bad.Field); v != cty.NilVal && lang.IsSensitive(v) {
			return bad.Field + ": the sensitive value does not fit"
		}
	}
	return err.Error()
}
