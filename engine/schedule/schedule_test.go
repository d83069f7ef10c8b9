package schedule_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"currant/engine/schedule"
)

func parse(t testing.TB, s schedule.Spec) *schedule.Schedule {
	t.Helper()
	got, err := schedule.Parse(s)
	if err != nil {
		t.Fatalf("Parse(%+v): %v", s, err)
	}
	return got
}

// at reads 2026-03-29T01:30, in zone, or RFC 3339.
func at(t testing.TB, zone, text string) time.Time {
	t.Helper()
	if got, err := time.Parse(time.RFC3339, text); err == nil {
		return got
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	got, err := time.ParseInLocation("2006-01-02T15:04", text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

const shown = "2006-01-02T15:04Z07:00"

// list is the first n occurrences after a moment, as text.
func list(s *schedule.Schedule, after time.Time, n int) []string {
	var out []string
	for range n {
		next, ok := s.Next(after)
		if !ok {
			return append(out, "never")
		}
		out = append(out, next.Format(shown))
		after = next
	}
	return out
}

func TestNextOverClockChanges(t *testing.T) {
	tests := []struct {
		name, zone, cron, rrule, after string
		want                           string
	}{
		{"spring, time in the gap", "Europe/Berlin", "30 2 * * *", "", "2026-03-28T12:00",
			"2026-03-29T03:00+02:00 2026-03-30T02:30+02:00"},
		{"spring, several times in the gap fire once", "Europe/Berlin", "*/10 2 * * *", "", "2026-03-29T01:00",
			"2026-03-29T03:00+02:00 2026-03-30T02:00+02:00"},
		{"spring, gap and the time after it fire once", "Europe/Berlin", "0 2,3 * * *", "", "2026-03-29T01:00",
			"2026-03-29T03:00+02:00 2026-03-30T02:00+02:00"},
		{"spring, every hour passes", "Europe/Berlin", "30 * * * *", "", "2026-03-29T00:45",
			"2026-03-29T01:30+01:00 2026-03-29T03:30+02:00"},
		{"autumn, named hour fires the first time", "Europe/Berlin", "30 2 * * *", "", "2026-10-24T12:00",
			"2026-10-25T02:30+02:00 2026-10-26T02:30+01:00"},
		{"autumn, asked between the two", "Europe/Berlin", "30 2 * * *", "", "2026-10-25T02:10:00+01:00",
			"2026-10-26T02:30+01:00"},
		{"autumn, asked within the second", "Europe/Berlin", "*/15 2,3 * * *", "", "2026-10-25T02:40:00+02:00",
			"2026-10-25T02:45+02:00 2026-10-25T03:00+01:00"},
		{"autumn, every hour passes twice", "Europe/Berlin", "*/30 * * * *", "", "2026-10-25T01:50",
			"2026-10-25T02:00+02:00 2026-10-25T02:30+02:00 2026-10-25T02:00+01:00 2026-10-25T02:30+01:00 2026-10-25T03:00+01:00"},
		{"New York spring", "America/New_York", "0 2 * * SUN", "", "2026-03-07T12:00",
			"2026-03-08T03:00-04:00 2026-03-15T02:00-04:00"},
		{"New York autumn", "America/New_York", "0 1 * * *", "", "2026-10-31T12:00",
			"2026-11-01T01:00-04:00 2026-11-02T01:00-05:00"},
		{"no midnight in Havana", "America/Havana", "0 0 * * *", "", "2026-03-07T12:00",
			"2026-03-08T01:00-04:00 2026-03-09T00:00-04:00"},
		{"no midnight in Sao Paulo", "America/Sao_Paulo", "@daily", "", "2018-11-03T12:00",
			"2018-11-04T01:00-02:00 2018-11-05T00:00-02:00"},
		{"half an hour, spring, Lord Howe", "Australia/Lord_Howe", "15 2 * * *", "", "2026-10-03T12:00",
			"2026-10-04T02:30+11:00 2026-10-05T02:15+11:00"},
		{"half an hour, autumn, Lord Howe", "Australia/Lord_Howe", "45 1 * * *", "", "2026-04-04T12:00",
			"2026-04-05T01:45+11:00 2026-04-06T01:45+10:30"},
		{"a whole day left out, Samoa", "Pacific/Apia", "0 9 * * *", "", "2011-12-29T12:00",
			"2011-12-31T00:00+14:00 2011-12-31T09:00+14:00"},
		{"negative daylight time, Dublin", "Europe/Dublin", "30 1 * * *", "", "2026-03-28T12:00",
			"2026-03-29T02:00+01:00 2026-03-30T01:30+01:00"},
		{"odd offset without changes, Kathmandu", "Asia/Kathmandu", "0 0 1 * *", "", "2026-01-15T00:00",
			"2026-02-01T00:00+05:45"},
		{"the end of a leap year after the zone files end", "Europe/Berlin", "0 12 31 * *", "", "2040-12-30T12:00",
			"2040-12-31T12:00+01:00 2041-01-31T12:00+01:00"},
		{"the same, every hour", "America/New_York", "0 * 31 12 *", "", "2040-12-31T22:30",
			"2040-12-31T23:00-05:00 2041-12-31T00:00-05:00"},
		{"rule in the gap", "Europe/Berlin", "", "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "2026-03-28T12:00",
			"2026-03-29T03:00+02:00 2026-03-30T02:30+02:00"},
		{"rule twice", "Europe/Berlin", "", "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "2026-10-24T12:00",
			"2026-10-25T02:30+02:00 2026-10-26T02:30+01:00"},
		{"rule keeps its hour over the year", "Europe/Amsterdam", "", "FREQ=MONTHLY;BYDAY=1MO;BYHOUR=9", "2026-02-10T00:00",
			"2026-03-02T09:00+01:00 2026-04-06T09:00+02:00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := parse(t, schedule.Spec{Cron: test.cron, RRule: test.rrule, Timezone: test.zone})
			want := strings.Fields(test.want)
			got := list(s, at(t, test.zone, test.after), len(want))
			if !slices.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func TestNextCron(t *testing.T) {
	tests := []struct{ cron, after, want string }{
		{"0 0 13 * 5", "2026-01-01T00:00", "2026-01-02 2026-01-09 2026-01-13 2026-01-16"},
		{"0 0 */2 * 1", "2026-01-01T00:00", "2026-01-05 2026-01-19 2026-02-09"}, // both: crontab(5)
		{"0 0 L * *", "2026-01-01T00:00", "2026-01-31 2026-02-28"},
		{"0 0 L-2 * *", "2026-01-01T00:00", "2026-01-29 2026-02-26"},
		{"0 0 LW * *", "2026-01-01T00:00", "2026-01-30 2026-02-27"},
		{"0 0 15W * *", "2026-01-01T00:00", "2026-01-15 2026-02-16"},
		{"0 0 * * 5#2", "2026-01-01T00:00", "2026-01-09 2026-02-13"},
		{"0 0 * * fri#L", "2026-01-01T00:00", "2026-01-30 2026-02-27"},
		{"0 0 * * 5L", "2026-01-01T00:00", "2026-01-30 2026-02-27"},
		{"0 0 * * 7", "2026-01-01T00:00", "2026-01-04 2026-01-11"},
		{"0 0 ? * FRI-MON", "2026-01-01T00:00", "2026-01-02 2026-01-03 2026-01-04 2026-01-05 2026-01-09"},
		{"0 0 1 nov-feb *", "2026-01-01T00:00", "2026-02-01 2026-11-01 2026-12-01 2027-01-01"},
		{"0 0 29 2 *", "2097-01-01T00:00", "2104-02-29"},
		{"@monthly", "2026-01-31T00:00", "2026-02-01"},
		{"@Yearly", "2026-01-31T00:00", "2027-01-01"},
		{" 0\t0  1 1 * ", "2026-01-31T00:00", "2027-01-01"},
	}
	for _, test := range tests {
		s := parse(t, schedule.Spec{Cron: test.cron})
		want := strings.Fields(test.want)
		got := list(s, at(t, "UTC", test.after), len(want))
		for i := range got {
			got[i] = strings.TrimSuffix(got[i], "T00:00Z")
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", test.cron, got, want)
		}
	}
}

func TestNextEveryAndAt(t *testing.T) {
	start := at(t, "UTC", "2026-01-01T00:05")
	every := parse(t, schedule.Spec{Every: time.Hour, Start: start, Timezone: "Europe/Berlin"})
	got := list(every, start.Add(-time.Second), 3)
	want := []string{"2026-01-01T01:05+01:00", "2026-01-01T02:05+01:00", "2026-01-01T03:05+01:00"}
	if !slices.Equal(got, want) {
		t.Errorf("every: got %v, want %v", got, want)
	}
	// Real time goes on over a change of clock.
	before := at(t, "", "2026-03-29T00:30:00Z")
	if got := list(every, before, 2); !slices.Equal(got, []string{"2026-03-29T03:05+02:00", "2026-03-29T04:05+02:00"}) {
		t.Errorf("every in spring: got %v", got)
	}
	// Without a start a restart does not move it.
	free := parse(t, schedule.Spec{Every: 15 * time.Minute})
	if got := list(free, start, 1); got[0] != "2026-01-01T00:15Z" {
		t.Errorf("every without start: got %v", got)
	}
	once := parse(t, schedule.Spec{At: start.Add(time.Millisecond)})
	if got := list(once, start, 2); !slices.Equal(got, []string{"2026-01-01T00:05Z", "never"}) {
		t.Errorf("at: got %v", got)
	}
	if next, _ := once.Next(start); next.Before(start.Add(time.Millisecond)) {
		t.Errorf("at fires early: %v", next)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct {
		spec schedule.Spec
		want string
	}{
		{schedule.Spec{}, "schedule: it does not say when; write one of cron, every, rrule or at"},
		{schedule.Spec{Cron: "@daily", Every: time.Hour}, "schedule: cron and every are set; keep one of them"},
		{schedule.Spec{Cron: "0 25 * * *"}, "cron: field 2 (hour): 25 is not in 0-23"},
		{schedule.Spec{Cron: "0 -1 * * *"}, `cron: field 2 (hour): "" is not a number (0-23)`},
		{schedule.Spec{Cron: "0 0 * FOO *"}, `cron: field 4 (month): "FOO" is neither a number (1-12) nor a name (JAN, FEB, MAR…)`},
		{schedule.Spec{Cron: "0 0 0 * *"}, "cron: field 3 (day of month): 0 is not in 1-31"},
		{schedule.Spec{Cron: "*/0 * * * *"}, `cron: field 1 (minute): the step in "*/0" is not a number from 1`},
		{schedule.Spec{Cron: "*/90 * * * *"}, `cron: field 1 (minute): the step in "*/90" is too large: * has 60 values, so it would only ever be 0`},
		{schedule.Spec{Cron: "1,,2 * * * *"}, `cron: field 1 (minute): "1,,2" has an empty item; write values with single commas`},
		{schedule.Spec{Cron: "0 0 * * 5#6"}, `cron: field 5 (day of week): "5#6": after # comes 1 to 5, or L for the last of the month`},
		{schedule.Spec{Cron: "? * * * *"}, "cron: field 1 (minute): ? may stand only for a day; write *"},
		{schedule.Spec{Cron: "0 0 * * * *"}, `cron: "0 0 * * * *" has 6 fields; there are 5 (minute hour day-of-month month day-of-week) and none for seconds: leave it out, or use every`},
		{schedule.Spec{Cron: "0 0 * *"}, `cron: "0 0 * *" has 4 fields; write 5 (minute hour day-of-month month day-of-week) or a name such as @daily`},
		{schedule.Spec{Cron: "@dialy"}, `cron: "@dialy" is not known; did you mean "@daily"? It may be @hourly, @daily, @weekly, @monthly or @yearly`},
		{schedule.Spec{Cron: "@every 5m"}, `cron: "@every 5m" is not cron; write every = "…" instead of cron`},
		{schedule.Spec{Cron: "TZ=Europe/Berlin 0 0 * * *"}, `cron: "TZ=Europe/Berlin 0 0 * * *" names a zone; write it as timezone = "…"`},
		{schedule.Spec{Cron: "0 0 30 2 *"}, `cron: "0 0 30 2 *" never fires: no such day comes in 50 years`},
		{schedule.Spec{Cron: strings.Repeat("1,", 600)}, "cron: the line is 1200 bytes long; at most 512 are read"},
		{schedule.Spec{Cron: "@daily", Timezone: "Berlin"}, `timezone: "Berlin" is not an IANA time zone; did you mean "Europe/Berlin"?`},
		{schedule.Spec{Cron: "@daily", Timezone: "america/new york"}, `timezone: "america/new york" is not an IANA time zone; did you mean "America/New_York"?`},
		{schedule.Spec{Cron: "@daily", Timezone: "UTC+2"}, `timezone: "UTC+2" is not an IANA time zone; write a name such as "Europe/Amsterdam" or "UTC"`},
		{schedule.Spec{Cron: "@daily", Timezone: "Local"}, `timezone: "Local" depends on the machine; write an IANA name such as "Europe/Amsterdam"`},
		{schedule.Spec{Cron: "@daily", Timezone: "../etc/passwd"}, `timezone: "../etc/passwd" is not an IANA time zone; write a name such as "Europe/Amsterdam" or "UTC"`},
		{schedule.Spec{Cron: "@daily", CatchUp: "last"}, `catch_up: "last" is not known; write "none", "one" or "all"`},
		{schedule.Spec{Every: time.Millisecond}, "every: 1ms is too short; the shortest interval is 1s"},
		{schedule.Spec{Every: -time.Hour}, "every: -1h0m0s is too short; the shortest interval is 1s"},
		{schedule.Spec{Every: 2300 * time.Millisecond}, "every: 2.3s is not a whole number of seconds; write 2s"},
		{schedule.Spec{RRule: "BYHOUR=1"}, "rrule: FREQ is missing; a rule begins like FREQ=DAILY"},
		{schedule.Spec{RRule: "FREQ=DAILY;BYHUOR=1"}, "rrule: BYHUOR is not known; did you mean BYHOUR?"},
		{schedule.Spec{RRule: "FREQ=DAILY;BYEASTER=0"}, "rrule: BYEASTER is not a part of a rule in RFC 5545"},
		{schedule.Spec{RRule: "FREQ=DAILY;BYHOUR=24"}, `rrule: BYHOUR: "24" is not a number from 0 to 23`},
		{schedule.Spec{RRule: "FREQ=DAILY;COUNT=3"}, "rrule: COUNT needs a first day to count from; put a DTSTART line before the rule, or say UNTIL"},
		{schedule.Spec{RRule: "FREQ=DAILY;COUNT=1000000000"}, `rrule: COUNT: "1000000000" is not a number from 1 to 10000; for more, say UNTIL`},
		{schedule.Spec{RRule: "FREQ=DAILY;FREQ=DAILY"}, "rrule: FREQ stands twice"},
		{schedule.Spec{RRule: "FREQ=MONTHLY;BYDAY=53MO"}, "rrule: BYDAY: a month has at most five of a day"},
		{schedule.Spec{RRule: "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"}, `rrule: "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30" never fires`},
		{schedule.Spec{RRule: "FREQ=HOURLY;INTERVAL=24;BYHOUR=5"}, `rrule: "FREQ=HOURLY;INTERVAL=24;BYHOUR=5" never fires`},
		{schedule.Spec{RRule: "FREQ=SECONDLY;INTERVAL=2;BYSECOND=1"}, `rrule: "FREQ=SECONDLY;INTERVAL=2;BYSECOND=1" never fires`},
		{schedule.Spec{RRule: "FREQ=DAILY;BYHOUR=" + strings.Repeat("1,", 50_000) + "1"}, "rrule: the rule is 100019 bytes long; at most 4096 are read"},
		{schedule.Spec{RRule: "DTSTART;TZID=Europe/Berlin:20260101T090000\nRRULE:FREQ=DAILY", Timezone: "UTC"}, "rrule: DTSTART says Europe/Berlin but timezone says UTC; keep one"},
		{schedule.Spec{RRule: "FREQ=DAILY\nEXDATE:20260101"}, "rrule: there are 2 lines; write one rule, optionally after a DTSTART line (RDATE, EXDATE and EXRULE are not read)"},
	}
	for _, test := range tests {
		began := time.Now()
		_, err := schedule.Parse(test.spec)
		var field *schedule.SpecError
		if !errors.As(err, &field) || err.Error() != test.want {
			t.Errorf("%+v:\n got %v\nwant %s", test.spec, err, test.want)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%+v took %s", test.spec, took)
		} else if took > 50*time.Millisecond {
			t.Logf("%+v took %s", test.spec, took)
		}
	}
}
