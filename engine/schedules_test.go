package engine_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/journal"
)

// away moves a schedule's clock back: as if the runner had been away since then.
func (w *world) away(since time.Duration) {
	w.t.Helper()
	rows, err := w.e.Store().Schedules(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, row := range rows {
		row.LastAt = time.Now().Add(-since)
		row.NextAt = row.LastAt.Add(time.Second)
		if err := w.e.Store().PutSchedule(w.t.Context(), row); err != nil {
			w.t.Fatal(err)
		}
	}
}

// After an absence of three and a half hours of an hourly schedule, catch_up says how many occurrences are
// made up for; none of them fires twice, also across another restart (promise D9).
func TestScheduleCatchesUp(t *testing.T) {
	for _, c := range []struct {
		catchUp string
		runs    int
	}{{"none", 0}, {"one", 1}, {"all", 3}} {
		t.Run(c.catchUp, func(t *testing.T) {
			w := newWorld(t)
			w.open()
			w.load(`runbook "hourly" {
  trigger "schedule" {
    every        = "1h"
    catch_up     = "` + c.catchUp + `"
    request_body = { what = "tick" }
  }
  step "probe" "p" { value = "${trigger.body.what} ${trigger.triggered_at}" }
}`)
			w.away(3*time.Hour + 30*time.Minute)
			w.run()
			fired := func() bool {
				rows, err := w.e.Store().Schedules(t.Context())
				return err == nil && len(rows) == 1 && rows[0].NextAt.After(time.Now())
			}
			until(t, "the schedule is set to its next moment", fired)
			until(t, "all runs end", func() bool { return w.pending() == 0 })
			w.restart()
			until(t, "the schedule is set to its next moment", fired)
			until(t, "all runs end", func() bool { return w.pending() == 0 })
			// How many hours have begun since is 3 or, where the moments are those of the clock, 4.
			runs := w.list(journal.Filter{Runbook: "hourly"})
			if n := len(runs); n != c.runs && !(c.catchUp == "all" && n == 4) {
				t.Errorf("%d runs", n)
			}
			for _, r := range runs {
				if r.Status != journal.Finished {
					t.Errorf("run %s: %s", r.Status, r.Summary)
				}
			}
		})
	}
}

// A schedule whose blueprint does not change keeps its place in time; one that is gone fires no more.
func TestScheduleFollowsTheBlueprint(t *testing.T) {
	w := newWorld(t)
	w.open()
	text := `runbook "often" {
  trigger "schedule" { every = "1s" }
  step "probe" "p" {}
}
runbook "other" {
  trigger "manual" {}
  step "probe" "o" {}
}`
	w.load(text)
	w.run()
	until(t, "it fires", func() bool { return w.count("p") >= 1 })
	w.load(text[strings.Index(text, `runbook "other"`):])
	rows, err := w.e.Store().Schedules(t.Context())
	if err != nil || len(rows) != 0 {
		t.Errorf("rows %v, error %v", rows, err)
	}
}

func TestSchedulesThatRunsMake(t *testing.T) {
	w := began(t)
	w.load(`
runbook "make" {
  trigger "manual" {
    input_schema = object({ ref = string, after = string })
  }
  step "schedule_create" "s" {
    reference = trigger.input.ref
    runbook   = runbook.reminder
    at        = timeadd(timestamp(), trigger.input.after)
    input     = { who = trigger.input.ref }
  }
  output "next" { value = step.s.next_at }
}
runbook "postpone" {
  trigger "manual" {
    input_schema = object({ ref = string, after = string })
  }
  step "schedule_update" "s" {
    reference = trigger.input.ref
    at        = timeadd(timestamp(), trigger.input.after)
  }
}
runbook "forget" {
  trigger "manual" {
    input_schema = object({ ref = string })
  }
  step "schedule_delete" "s" { reference = trigger.input.ref }
}
runbook "reminder" {
  trigger "manual" {
    input_schema = object({ who = string })
  }
  step "probe" "p" { value = trigger.input.who }
  output "who" { value = step.p.value }
}
`)
	var next struct{ Next time.Time }
	v := w.ends(w.start("make", object("ref", "ann", "after", "1s")), "finished")
	if err := json.Unmarshal(v.Outputs, &next); err != nil || next.Next.IsZero() {
		t.Errorf("outputs %s: %v", v.Outputs, err)
	}
	w.ends(w.start("make", object("ref", "bo", "after", "1s")), "finished")
	w.ends(w.start("forget", object("ref", "bo")), "finished")
	w.ends(w.start("forget", object("ref", "bo")), "finished")
	w.ends(w.start("make", object("ref", "cy", "after", "1h")), "finished")
	w.ends(w.start("postpone", object("ref", "cy", "after", "1s")), "finished")
	if v := w.ends(w.start("postpone", object("ref", "nobody", "after", "1s")), "failed"); v.Error.Kind != "not_found" {
		t.Errorf("error %+v", v.Error)
	}
	w.restart()
	until(t, "two reminders", func() bool {
		return len(w.list(journal.Filter{Runbook: "reminder", Status: journal.Finished})) == 2
	})
	w.restart()
	until(t, "all is calm", func() bool { return w.pending() == 0 })
	var who []string
	for _, r := range w.list(journal.Filter{Runbook: "reminder"}) {
		who = append(who, string(w.view(r.ID).Outputs))
	}
	if got := strings.Join(who, " "); len(who) != 2 || !strings.Contains(got, `"ann"`) || !strings.Contains(got, `"cy"`) {
		t.Errorf("reminders of %s", got)
	}
	if n := w.count("p"); n != 2 {
		t.Errorf("%d executions", n)
	}
}

var _ = cty.NilVal
