package schedule_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/teambition/rrule-go"
	"pgregory.net/rapid"

	"currant/engine/schedule"
)

func TestNextRule(t *testing.T) {
	tests := []struct{ rule, after, want string }{
		{"FREQ=DAILY", "2026-01-01T00:00", "2026-01-02T00:00Z"},
		{"rrule:freq=weekly;byday=mo,we;byhour=9;byminute=30;", "2026-01-01T00:00", "2026-01-05T09:30Z 2026-01-07T09:30Z"},
		{"FREQ=MONTHLY;BYMONTHDAY=-1;BYHOUR=18", "2026-01-01T00:00", "2026-01-31T18:00Z 2026-02-28T18:00Z"},
		{"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2026-01-01T00:00", "2026-01-30T00:00Z 2026-02-27T00:00Z"},
		{"FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "2026-01-01T00:00", "2027-01-04T00:00Z 2028-01-03T00:00Z 2029-01-01T00:00Z 2029-12-31T00:00Z"},
		{"FREQ=HOURLY;INTERVAL=5", "1970-01-01T00:00", "1970-01-01T05:00Z 1970-01-01T10:00Z"},
		{"FREQ=DAILY;UNTIL=20260102", "2026-01-01T00:00", "2026-01-02T00:00Z never"},
		{"FREQ=DAILY;BYHOUR=9;UNTIL=20260102T085959Z", "2026-01-01T00:00", "2026-01-01T09:00Z never"},
		{"DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY;COUNT=3", "2026-01-02T09:00", "2026-01-03T09:00Z never"},
		{"DTSTART;TZID=Europe/Berlin:20260101T090000\r\nRRULE:FREQ=DAILY;COUNT=1", "2025-01-02T09:00", "2026-01-01T09:00+01:00 never"},
		{"DTSTART:20240229\nFREQ=YEARLY", "2026-01-02T09:00", "2028-02-29T00:00Z 2032-02-29T00:00Z"},
	}
	for _, test := range tests {
		want := strings.Fields(test.want)
		if got := list(parse(t, schedule.Spec{RRule: test.rule}), at(t, "UTC", test.after), len(want)); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", test.rule, got, want)
		}
	}
}

// drawRule makes rules on which RFC 5545 and the oracle are both clear. (The
// oracle counts BYSETPOS from the start within the first week, we in whole weeks.)
func drawRule(t *rapid.T) string {
	freq := rapid.SampledFrom([]string{"YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"}).Draw(t, "freq")
	parts := []string{"FREQ=" + freq}
	list := func(name string, low, high int, fromEnd bool) {
		numbers := rapid.SliceOfNDistinct(rapid.IntRange(low, high), 1, 3, rapid.ID).Draw(t, name)
		var text []string
		for _, n := range numbers {
			if fromEnd && rapid.Bool().Draw(t, "negative") {
				n = -n
			}
			text = append(text, fmt.Sprint(n))
		}
		parts = append(parts, name+"="+strings.Join(text, ","))
	}
	maybe := func(name string) bool { return rapid.IntRange(0, 3).Draw(t, "with "+name) == 0 }
	coarse := freq == "YEARLY" || freq == "MONTHLY"
	parts = append(parts, fmt.Sprintf("INTERVAL=%d", rapid.IntRange(1, 4).Draw(t, "interval")))
	if maybe("WKST") {
		parts = append(parts, "WKST="+rapid.SampledFrom([]string{"MO", "SU", "WE"}).Draw(t, "wkst"))
	}
	by := false
	if maybe("BYMONTH") {
		list("BYMONTH", 1, 12, false)
		by = true
	}
	if freq != "WEEKLY" && maybe("BYMONTHDAY") {
		list("BYMONTHDAY", 1, 31, true)
		by = true
	}
	if freq == "YEARLY" && maybe("BYYEARDAY") {
		list("BYYEARDAY", 1, 366, true)
		by = true
	}
	if maybe("BYDAY") {
		days := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"MO", "TU", "WE", "TH", "FR", "SA", "SU"}), 1, 3, rapid.ID).Draw(t, "days")
		if coarse && rapid.Bool().Draw(t, "nth") {
			for i := range days {
				days[i] = fmt.Sprintf("%d%s", rapid.SampledFrom([]int{1, 2, 4, 5, -1, -2}).Draw(t, "n"), days[i])
			}
		}
		parts = append(parts, "BYDAY="+strings.Join(days, ","))
		by = true
	}
	for _, name := range []string{"BYHOUR", "BYMINUTE", "BYSECOND"} {
		if maybe(name) {
			list(name, 0, map[string]int{"BYHOUR": 23}[name]+59*min(1, len(name)-6), false)
		}
	}
	if by && (coarse || freq == "DAILY") && maybe("BYSETPOS") {
		list("BYSETPOS", 1, 4, true)
	}
	return strings.Join(parts, ";")
}

func TestRuleEqualsRRuleGo(t *testing.T) {
	compared := 0
	rapid.Check(t, func(t *rapid.T) {
		text := drawRule(t)
		start := time.Unix(rapid.Int64Range(0, 3_000_000_000).Draw(t, "start"), 0).UTC()
		s, err := schedule.Parse(schedule.Spec{RRule: text, Start: start})
		if err != nil {
			// rrule-go may never return on a rule that never fires.
			if strings.Contains(err.Error(), "never fires") {
				t.Skip(text)
			}
			t.Fatalf("%s: %v", text, err)
		}
		after := start.Add(-time.Second)
		var got []time.Time
		for range 8 {
			next, ok := s.Next(after)
			if !ok || next.Year() > start.Year()+30 {
				break
			}
			got, after = append(got, next), next
		}
		option, err := rrule.StrToROption(text)
		if err != nil {
			t.Fatal(err)
		}
		option.Dtstart = start
		option.Count = len(got)
		if len(got) == 0 {
			return
		}
		oracle, err := rrule.NewRRule(*option)
		if err != nil {
			t.Fatal(err)
		}
		if want := oracle.All(); !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("%s from %v:\n got %v\nwant %v", text, start, got, want)
		}
		compared++
	})
	if compared == 0 {
		t.Error("nothing was compared")
	}
}

var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu"}

func TestNextIncreasesAndMissedIsNext(t *testing.T) {
	crons := []string{"* * * * *", "*/7 * * * *", "30 2 * * *", "*/20 1-3 * * SUN", "0 0 L * *", "15 0,12 1,15 * 1", "0 0 * * 5#1"}
	rapid.Check(t, func(t *rapid.T) {
		spec := schedule.Spec{Timezone: rapid.SampledFrom(zones).Draw(t, "zone")}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			spec.Cron = rapid.SampledFrom(crons).Draw(t, "cron")
		case 1:
			spec.RRule = drawRule(t)
		default:
			spec.Every = time.Duration(rapid.IntRange(1, 100_000).Draw(t, "every")) * time.Second
		}
		s, err := schedule.Parse(spec)
		if err != nil {
			t.Skip(err.Error())
		}
		from := time.Unix(rapid.Int64Range(1_000_000_000, 2_000_000_000).Draw(t, "from"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		var listed []time.Time
		before := from
		for range 40 {
			next, ok := s.Next(before)
			if !ok {
				break
			}
			if !next.After(before) {
				t.Fatalf("%+v: after %v comes %v", spec, before, next)
			}
			if mid, ok := s.Next(next.Add(-time.Second)); !ok || !mid.Equal(next) {
				t.Fatalf("%+v: a second before %v comes %v", spec, next, mid)
			}
			listed, before = append(listed, next), next
		}
		if missed := s.Missed(from, before); !slices.EqualFunc(missed, listed, time.Time.Equal) {
			t.Fatalf("%+v: Missed gives %v, Next gives %v", spec, missed, listed)
		}
		if len(listed) > 0 {
			spec.CatchUp = schedule.CatchUpOne
			one, _ := schedule.Parse(spec)
			if fire, _ := one.Due(from, before); len(fire) == 0 || !fire[len(fire)-1].Equal(before) {
				t.Fatalf("%+v: the latest up to %v is %v", spec, before, fire)
			}
		}
	})
}

// bounded uses a schedule and fails when that takes long.
func bounded(t *testing.T, spec schedule.Spec) {
	began := time.Now()
	s, err := schedule.Parse(spec)
	if err == nil {
		now := time.Unix(1_800_000_000, 0)
		for range 3 {
			next, ok := s.Next(now)
			if ok && !next.After(now) {
				t.Errorf("%+v: after %v comes %v", spec, now, next)
			}
			now = next
		}
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("%+v took %s", spec, took)
	}
}

func FuzzCron(f *testing.F) {
	for _, s := range []string{"* * * * *", "@daily", "0 0 L-3,15W * *", "*/5 22-2 * JAN-MAR FRI#L", "0 0 30 2 *", "? ? ? ? ?", "0 0 29 2 1#5"} {
		f.Add(s, "Europe/Berlin")
	}
	f.Fuzz(func(t *testing.T, line, zone string) { bounded(t, schedule.Spec{Cron: line, Timezone: zone}) })
}

func FuzzRRule(f *testing.F) {
	for _, s := range []string{"FREQ=DAILY", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYSETPOS=-1;BYDAY=MO,TU;COUNT=10000",
		"FREQ=SECONDLY;INTERVAL=86399;BYHOUR=5;BYMINUTE=0;BYSECOND=0", "FREQ=YEARLY;BYWEEKNO=53,-53;BYDAY=SU;WKST=WE", "DTSTART:20260101\nFREQ=MONTHLY;BYDAY=-5MO",
		"FREQ=YEARLY;INTERVAL=1000000000", "FREQ=YEARLY;BYDAY=53MO;BYYEARDAY=-366", "FREQ=MINUTELY;INTERVAL=7;BYSECOND=59;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;COUNT=10000"} {
		f.Add(s, int64(1_767_000_000))
		f.Add(s, int64(0))
	}
	f.Fuzz(func(t *testing.T, rule string, start int64) {
		bounded(t, schedule.Spec{RRule: rule, Timezone: "Europe/Berlin", Start: time.Unix(start%maxStart, 0)})
	})
}

const maxStart = 253_402_300_799 // the end of year 9999
