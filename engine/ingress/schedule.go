package ingress

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/schedule"
)

// Schedule fires by itself, at the times of a cron line, an interval or a recurrence rule.
var Schedule = Define[scheduleArgs](Kind{
	Name: "schedule",
	Doc: "Starts a run at the times of a schedule, in a stated time zone (UTC where none is). Exactly one of " +
		"`cron`, `every` and `rrule` is written. `catch_up` says what becomes of times that passed while the runner was down.",
	Examples: []lang.Example{{
		Title: "Weekdays at seven, in Amsterdam",
		HCL: `trigger "schedule" {
  cron     = "0 7 * * MON-FRI"
  timezone = "Europe/Amsterdam"
}`,
	}, {
		Title: "Every ten minutes; of those that were missed, one",
		HCL: `trigger "schedule" {
  every        = "10m"
  catch_up     = "one"
  request_body = { reason = "sweep" }
}`,
	}, {
		Title: "The last Friday of each month",
		HCL: `trigger "schedule" {
  rrule = "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=16;BYMINUTE=0;BYSECOND=0"
}`,
	}},
	Output: func(c *Check) cty.Type {
		body := cty.DynamicPseudoType
		if c.Args.Type().HasAttribute("request_body") {
			body = c.Args.GetAttr("request_body").Type()
		}
		return cty.Object(map[string]cty.Type{"body": body, "triggered_at": cty.String})
	},
	Check:    checkSchedule,
	Schedule: scheduleOf,
	Fire:     fire,
	Start: func(t *Trigger, input cty.Value, at time.Time) (Event, error) {
		ev := fire(t.Args, at)
		ev.Delivery = "" // only an occurrence happens once
		if input != cty.NilVal && !input.IsNull() {
			ev.Value = occurrence(input, at)
		}
		return ev, nil
	},
})

type scheduleArgs struct {
	Cron        string        `hcl:"cron,optional,static" doc:"Five fields (minute, hour, day of month, month, day of week), or @hourly, @daily, @weekly, @monthly, @yearly."`
	Every       time.Duration `hcl:"every,optional,static" doc:"The time between two runs, such as \"10m\"."`
	RRule       string        `hcl:"rrule,optional,static" doc:"A recurrence rule of RFC 5545, such as \"FREQ=WEEKLY;BYDAY=MO\"."`
	Timezone    string        `hcl:"timezone,optional,static" doc:"An IANA time zone, such as \"Europe/Amsterdam\". Default: UTC."`
	CatchUp     string        `hcl:"catch_up,static" enum:"none|one|all" default:"none" doc:"What becomes of times that were missed: \"none\" is run, the latest \"one\", or \"all\"."`
	RequestBody cty.Value     `hcl:"request_body,optional,static" doc:"The run's \"trigger.body\"."`
}

var scheduleSpec = lang.SpecOf[scheduleArgs]()

var timeArguments = []string{"cron", "every", "rrule"}

func scheduleOf(args cty.Value) (schedule.Spec, error) {
	var a scheduleArgs
	scheduleSpec.Decode(args, &a)
	spec := schedule.Spec{Cron: a.Cron, Every: a.Every, RRule: a.RRule, Timezone: a.Timezone, CatchUp: schedule.CatchUp(a.CatchUp)}
	_, err := schedule.Parse(spec)
	return spec, err
}

func checkSchedule(c *Check) (diags hcl.Diagnostics) {
	var first *lang.Attr
	for _, n := range timeArguments {
		a := c.Body.Attr(n)
		switch {
		case a == nil:
		case first != nil:
			diags = append(diags, lang.Error(a.Range, "Too many arguments",
				"A schedule has one of \"cron\", \"every\" and \"rrule\"; %q is written already. Keep one of them.", first.Name))
		default:
			first = a
		}
	}
	if first == nil {
		return append(diags, lang.Error(c.Body.Range, "Missing argument",
			"A schedule needs one of \"cron\", \"every\" and \"rrule\"."))
	}
	for _, n := range append([]string{"timezone", "catch_up"}, timeArguments...) {
		if v := argument(c.Args, n); v == cty.NilVal || !v.IsWhollyKnown() {
			return diags
		}
	}
	if diags.HasErrors() {
		return diags
	}
	_, err := scheduleOf(c.Args)
	if err == nil {
		return diags
	}
	at, problem := first.Expr.Range(), err.Error()
	var se *schedule.SpecError
	if errors.As(err, &se) {
		if se.Field == "catch_up" {
			return diags // said already: it is an enumeration
		}
		if a := c.Body.Attr(se.Field); a != nil {
			at = a.Expr.Range()
		}
		problem = se.Problem
		if se.Field == "" {
			problem = fmt.Sprintf("%q is null or empty; it says when the runbook runs", first.Name)
		}
	}
	return append(diags, lang.Error(at, "Invalid schedule", "%s.", problem))
}

// argument is an evaluated argument without its marks, or cty.NilVal.
func argument(args cty.Value, name string) cty.Value {
	if args == cty.NilVal || !args.Type().IsObjectType() || !args.Type().HasAttribute(name) {
		return cty.NilVal
	}
	v, _ := args.GetAttr(name).UnmarkDeep()
	return v
}

// fire is the event of an occurrence. Its delivery is the occurrence's time, so that one seen twice, after a
// crash or a clock set back, is one run.
func fire(args cty.Value, at time.Time) Event {
	body := cty.NullVal(cty.DynamicPseudoType)
	if args != cty.NilVal && args.Type().IsObjectType() && args.Type().HasAttribute("request_body") {
		body = args.GetAttr("request_body")
	}
	return Event{Value: occurrence(body, at), Delivery: at.UTC().Format(time.RFC3339), At: at}
}

func occurrence(body cty.Value, at time.Time) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"body": body, "triggered_at": cty.StringVal(at.Format(time.RFC3339))})
}
