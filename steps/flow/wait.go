package flow

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// Wait parks the run, so that a pause costs nothing and survives a restart.
var Wait = steps.Action(steps.Kind{
	Name: "wait",
	Doc:  "Pauses the run for a duration, or until a moment, and never for less. The pause holds nothing and survives a restart.",
	Examples: []steps.Example{{
		Title: "Give the approver an hour",
		HCL:   `step "wait" "grace" { duration = "1h" }`,
	}, {
		Title: "Until a moment",
		HCL:   `step "wait" "monday" { until = timeadd(timestamp(), "72h") }`,
	}},
	Check: checkWait,
}, wait)

type waitArgs struct {
	Duration *time.Duration `hcl:"duration" doc:"How long, such as \"90s\" or \"1h\". Or write until."`
	Until    cty.Value      `hcl:"until,optional" type:"string" doc:"The moment (RFC 3339); one that is past is no pause. Or write duration."`
}

type waitResult struct {
	StartedAt     string  `hcl:"started_at" doc:"When the pause began (RFC 3339)."`
	CompletedAt   string  `hcl:"completed_at" doc:"When the run went on (RFC 3339)."`
	RequestedWait float64 `hcl:"requested_wait" doc:"The pause that was asked for, in seconds."`
	ActualWait    float64 `hcl:"actual_wait" doc:"The pause that it became, in seconds."`
}

// waiting is the cursor of a parked wait.
type waiting struct {
	Started time.Time `json:"started_at"`
	Until   time.Time `json:"until"`
}

func wait(_ context.Context, c *steps.Call, a waitArgs) (waitResult, error) {
	w := waiting{Started: c.Now}
	if c.Cursor == nil {
		until, err := a.moment(c.Now)
		if err != nil {
			return waitResult{}, err
		}
		w.Until = until
	} else if err := json.Unmarshal(c.Cursor, &w); err != nil {
		return waitResult{}, steps.Errorf(steps.InternalError, "the stored pause cannot be read: %s", err)
	}
	// The journal keeps moments to the millisecond, and a clock may be set back: waking early is no end.
	if w.Until.After(c.Now) {
		cursor, err := json.Marshal(w)
		if err != nil {
			return waitResult{}, steps.Errorf(steps.InputError, "until: %s", err)
		}
		return waitResult{}, &steps.Park{Until: w.Until, Cursor: cursor, Reason: "waits until " + w.Until.UTC().Format(time.RFC3339)}
	}
	return waitResult{
		StartedAt:     stamp(w.Started),
		CompletedAt:   stamp(c.Now),
		RequestedWait: max(0, w.Until.Sub(w.Started).Seconds()),
		ActualWait:    max(0, c.Now.Sub(w.Started).Seconds()),
	}, nil
}

// moment is when the pause ends.
func (a waitArgs) moment(now time.Time) (time.Time, error) {
	if a.Duration != nil {
		return now.Add(max(0, *a.Duration)), nil
	}
	until, ok := text(a.Until)
	if !ok {
		return time.Time{}, steps.Errorf(steps.InputError, "duration and until are both null; one of them is needed")
	}
	t, err := time.Parse(time.RFC3339, until)
	if err != nil {
		return time.Time{}, steps.Errorf(steps.InputError, "until: %s is no RFC 3339 time such as 2030-01-31T12:00:00Z", shown(a.Until))
	}
	return t, nil
}

func checkWait(c *steps.Check) hcl.Diagnostics {
	return append(steps.ExactlyOne(c.Body, "duration", "until"), checkTime(c, "until")...)
}

// checkTime reports an argument whose text is known and no RFC 3339 time.
func checkTime(c *steps.Check, name string) hcl.Diagnostics {
	v, ok := steps.Known(c.Args, name)
	if !ok || v.Type() != cty.String {
		return nil
	}
	if _, err := time.Parse(time.RFC3339, v.AsString()); err == nil {
		return nil
	}
	return hcl.Diagnostics{lang.Error(steps.At(c.Body, name), "Invalid value for \""+name+"\"",
		"%s is no RFC 3339 time such as \"2030-01-31T12:00:00Z\".", shown(steps.Arg(c.Args, name)))}
}

// stamp is a moment as results write it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999Z07:00") }
