package schedule_test

import (
	"slices"
	"testing"
	"time"

	"currant/engine/schedule"
)

// keeper is a caller as Due asks for: it stores the newest occurrence it fired.
type keeper struct {
	s     *schedule.Schedule
	last  time.Time
	fired map[int64]int
}

func (k *keeper) ask(now time.Time) (fire []time.Time, next time.Time) {
	fire, next = k.s.Due(k.last, now)
	for _, t := range fire {
		k.fired[t.Unix()]++
		k.last = t
	}
	return fire, next
}

func TestD9SchedulesSurviveClockJumps(t *testing.T) {
	begin := time.Date(2026, 3, 28, 12, 0, 30, 0, time.UTC)
	kinds := map[string]schedule.Spec{
		"cron":         {Cron: "*/5 * * * *", Timezone: "Europe/Berlin"},
		"cron, hours":  {Cron: "*/5 0-23 * * *", Timezone: "Europe/Berlin"},
		"every":        {Every: 5 * time.Minute, Start: begin.Truncate(time.Minute)},
		"every second": {Every: time.Second},
		"rrule":        {RRule: "FREQ=MINUTELY;INTERVAL=5"},
		"at":           {At: begin.Add(20 * time.Minute)},
	}
	jumps := map[string]time.Duration{
		"none": 0, "-1h": -time.Hour, "+1h": time.Hour, "+10y": 10 * 365 * 24 * time.Hour,
		"leap second": -time.Second, "suspend": 8 * time.Hour, "into DST": 13 * time.Hour, "-30m": -30 * time.Minute,
	}
	for kind, spec := range kinds {
		for jump, by := range jumps {
			for _, policy := range []schedule.CatchUp{schedule.CatchUpNone, schedule.CatchUpOne, schedule.CatchUpAll} {
				t.Run(kind+"/"+jump+"/"+string(policy), func(t *testing.T) {
					spec.CatchUp = policy
					k := &keeper{parse(t, spec), begin, map[int64]int{}}
					now := begin
					tick := func(n int) {
						for range n {
							now = now.Add(20 * time.Second)
							if _, next := k.ask(now); !next.IsZero() && (!next.After(now) || !next.After(k.last)) {
								t.Fatalf("at %v: next is %v, last %v", now, next, k.last)
							}
						}
					}
					tick(90) // half an hour
					high, last := now, k.last
					now = now.Add(by)
					fire, _ := k.ask(now)
					if want := wanted(k.s, policy, last, now); !slices.EqualFunc(fire, want, time.Time.Equal) {
						t.Errorf("after the jump: fired %d, want %d", len(fire), len(want))
					}
					tick(400) // two hours and more: past high again
					for at, n := range k.fired {
						if n != 1 {
							t.Errorf("%v fired %d times", time.Unix(at, 0).UTC(), n)
						}
					}
					// Nothing that came while the clock was right was lost.
					for _, at := range k.s.Missed(begin, high) {
						if k.fired[at.Unix()] != 1 {
							t.Errorf("%v was lost before the jump", at)
						}
					}
					for _, at := range k.s.Missed(maxTime(high, high.Add(by)), now) {
						if k.fired[at.Unix()] != 1 {
							t.Errorf("%v was lost after the jump", at)
						}
					}
				})
			}
		}
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// wanted is what Due should fire, by listing at most the last nine days.
func wanted(s *schedule.Schedule, policy schedule.CatchUp, last, now time.Time) []time.Time {
	from := maxTime(last, now.Add(-9*24*time.Hour))
	var all []time.Time
	for t, ok := s.Next(from); ok && !t.After(now); t, ok = s.Next(t) {
		all = append(all, t)
	}
	if len(all) == 0 {
		all = s.Missed(last, now) // few and long ago
	}
	if policy == schedule.CatchUpAll {
		return all[max(0, len(all)-schedule.MaxMissed):]
	}
	onTime := slices.Clone(all)
	onTime = slices.DeleteFunc(onTime, func(t time.Time) bool { return now.Sub(t) > schedule.Grace })
	if policy == schedule.CatchUpOne && len(onTime) == 0 {
		return all[max(0, len(all)-1):]
	}
	return onTime
}

func TestD9DueAfterAnOutage(t *testing.T) {
	last := at(t, "UTC", "2026-01-01T00:00")
	now := at(t, "UTC", "2026-01-04T12:00")
	for policy, want := range map[schedule.CatchUp][]int{"none": nil, "": nil, "one": {4}, "all": {2, 3, 4}} {
		s := parse(t, schedule.Spec{Cron: "@daily", CatchUp: policy})
		fire, next := s.Due(last, now)
		var days []int
		for _, f := range fire {
			days = append(days, f.Day())
		}
		if !slices.Equal(days, want) {
			t.Errorf("%q: fired %v, want %v", policy, days, want)
		}
		if next.Day() != 5 {
			t.Errorf("%q: next is %v", policy, next)
		}
	}
	s := parse(t, schedule.Spec{Cron: "@daily"})
	midnight := at(t, "UTC", "2026-01-04T00:00")
	for late, want := range map[time.Duration]int{0: 1, time.Second: 1, schedule.Grace: 1, schedule.Grace + time.Second: 0, -time.Second: 0} {
		if fire, _ := s.Due(last, midnight.Add(late)); len(fire) != want {
			t.Errorf("%s late: fired %v, want %d", late, fire, want)
		}
	}
	if fire, next := parse(t, schedule.Spec{At: midnight, CatchUp: "one"}).Due(last, now); len(fire) != 1 || !next.IsZero() {
		t.Errorf("at: fired %v, next %v", fire, next)
	}
}

func TestD9AClockSetRightAgainDoesNotSilenceASchedule(t *testing.T) {
	right := at(t, "UTC", "2026-01-01T00:00")
	k := &keeper{parse(t, schedule.Spec{Cron: "*/5 * * * *", CatchUp: "one"}), right, map[int64]int{}}
	k.ask(right.AddDate(10, 0, 0))
	if k.last.Year() != 2036 {
		t.Fatalf("last is %v", k.last)
	}
	now := right.Add(4 * time.Minute)
	if fire, next := k.ask(now); len(fire) != 0 || !next.Equal(right.Add(5*time.Minute)) {
		t.Errorf("fired %v, next %v", fire, next)
	}
}

func TestD9ManyMissedAreBounded(t *testing.T) {
	s := parse(t, schedule.Spec{Cron: "* * * * *", CatchUp: "all"})
	last := at(t, "UTC", "2016-01-01T00:00")
	now := at(t, "UTC", "2026-01-01T00:00")
	began := time.Now()
	fire, next := s.Due(last, now)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
	if len(fire) != schedule.MaxMissed || !fire[len(fire)-1].Equal(now) || !fire[0].Equal(now.Add(-999*time.Minute)) {
		t.Errorf("fired %d, %v to %v", len(fire), fire[0], fire[len(fire)-1])
	}
	if !next.Equal(now.Add(time.Minute)) {
		t.Errorf("next is %v", next)
	}
	if got := s.Missed(last, now); len(got) != schedule.MaxMissed || !got[0].Equal(last.Add(time.Minute)) {
		t.Errorf("Missed begins at %v", got[0])
	}
}

func BenchmarkNextCron(b *testing.B) {
	s := parse(b, schedule.Spec{Cron: "30 2 * * MON-FRI", Timezone: "Europe/Berlin"})
	now := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		s.Next(now)
	}
}

func BenchmarkNextRule(b *testing.B) {
	s := parse(b, schedule.Spec{RRule: "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17", Timezone: "Europe/Berlin"})
	now := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		s.Next(now)
	}
}
