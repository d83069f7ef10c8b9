package schedule

import (
	"math/bits"
	"slices"
	"time"
)

type frequency int

const (
	yearly frequency = iota
	monthly
	weekly
	daily
	hourly
	minutely
	secondly
)

// nthDay is MO (n is 0), 2MO or -1MO.
type nthDay struct {
	n  int
	on time.Weekday
}

// rule is an RFC 5545 recurrence rule on a clock that never changes. Sets of
// small numbers are bit sets; zero or nil means that the rule does not say.
type rule struct {
	freq      frequency
	interval  int
	count     int
	until     *wall // inclusive
	start     wall
	weekStart time.Weekday

	seconds, minutes, hours, months uint64
	days                            []nthDay
	monthDays, yearDays, weeks      []int
	positions                       []int
	perDay                          int // times in a day, of a rule that is daily or coarser
}

const (
	// ruleYears is how far ahead a rule is searched.
	ruleYears = 400
	// ruleSteps bounds one search in any case.
	ruleSteps = 5_000_000
)

const all60 = 1<<60 - 1

// complete fills in from the start what the rule does not say, as RFC 5545 asks.
func (r *rule) complete(seen map[string]string) {
	t := r.start.date()
	if r.days == nil && r.monthDays == nil && r.yearDays == nil && r.weeks == nil {
		switch r.freq {
		case yearly:
			if r.months == 0 {
				r.months = 1 << t.Month()
			}
			r.monthDays = []int{t.Day()}
		case monthly:
			r.monthDays = []int{t.Day()}
		case weekly:
			r.days = []nthDay{{0, t.Weekday()}}
		}
	}
	// A finer rule passes through all values of a coarser unit.
	fill := func(set *uint64, from frequency, value int) {
		if *set == 0 && r.freq < from {
			*set = 1 << value
		} else if *set == 0 {
			*set = all60
		}
	}
	fill(&r.hours, hourly, t.Hour())
	fill(&r.minutes, minutely, t.Minute())
	fill(&r.seconds, secondly, t.Second())
	r.hours &= 1<<24 - 1
	r.perDay = bits.OnesCount64(r.hours) * bits.OnesCount64(r.minutes) * bits.OnesCount64(r.seconds)
}

// limitByCount turns COUNT into UNTIL, so that next need not count. A COUNT that
// reaches further than ruleYears ends there.
func (r *rule) limitByCount() {
	w := r.start - 1
	for range r.count {
		next, ok := r.next(w)
		if !ok || next-r.start > ruleYears*366*day {
			break
		}
		w = next
	}
	r.until = &w
}

// next looks at one day after the other. Days outside the rule's periods are
// skipped a period at a time, times within a day by arithmetic.
func (r *rule) next(after wall) (wall, bool) {
	after = max(after, r.start-1)
	w := after + 1
	d := floorDiv(int64(w), day)
	last := d + ruleYears*366
	if r.until != nil {
		if w > *r.until {
			return 0, false
		}
		last = min(last, floorDiv(int64(*r.until), day))
	}
	for steps := ruleSteps; d <= last && steps > 0; steps-- {
		p := r.periodOf(d)
		if skip := p.index % int64(r.interval); r.freq <= daily && skip != 0 {
			d = r.periodStart(p.index - skip + int64(r.interval))
			continue
		}
		var found wall
		var ok bool
		if r.positions != nil {
			found, ok = r.positionInPeriod(p, max(w, wall(d*day)), &steps)
			d = p.to
		} else {
			found, ok = r.inDay(d, max(int64(w)-d*day, 0), &steps)
			d++
		}
		if ok {
			return found, r.until == nil || found <= *r.until
		}
	}
	return 0, false
}

func (r *rule) inDay(d, from int64, steps *int) (wall, bool) {
	if !r.matches(civil(d)) {
		return 0, false
	}
	t, ok := int64(0), false
	if r.freq > daily {
		t, ok = r.stepInDay(d, from, steps)
	} else {
		t, ok = r.timeInDay(from)
	}
	return wall(d*day + t), ok
}

// timeInDay is the first time of day, in seconds, at or after from.
func (r *rule) timeInDay(from int64) (int64, bool) {
	for t := from; t < day; {
		h, m, s := t/hour, t%hour/minute, t%minute
		switch {
		case r.hours>>h&1 == 0:
			t = (h + 1) * hour
		case r.minutes>>m&1 == 0:
			t = h*hour + (m+1)*minute
		case r.seconds>>s&1 == 0:
			t++
		default:
			return t, true
		}
	}
	return 0, false
}

// stepInDay is timeInDay for a rule that steps by hours, minutes or seconds
// from its start: only each interval-th unit counts.
func (r *rule) stepInDay(d, from int64, steps *int) (int64, bool) {
	unit := int64(1)
	switch r.freq {
	case hourly:
		unit = hour
	case minutely:
		unit = minute
	}
	// The unit of the start counts whole: BYSECOND may come before its second.
	base := floorDiv(int64(r.start), unit) * unit
	step := unit * int64(r.interval)
	for t := from; t < day && *steps > 0; *steps-- {
		// Go to the unit that counts, or to the next one that does.
		at := d*day + t
		if into := floorMod(at-base, step); into >= unit {
			t += step - into
			continue
		}
		h, m, s := t/hour, t%hour/minute, t%minute
		switch {
		case r.hours>>h&1 == 0:
			t = (h + 1) * hour
		case r.minutes>>m&1 == 0:
			t = h*hour + (m+1)*minute
		case r.seconds>>s&1 == 0:
			t++
		default:
			return t, true
		}
	}
	return 0, false
}

// positionInPeriod is for a rule with BYSETPOS: of all the times in the period,
// in order, only those at the positions count; this is the first at or after w.
func (r *rule) positionInPeriod(p period, w wall, steps *int) (wall, bool) {
	var listed []int64
	for d := p.from; d < p.to; d++ {
		*steps--
		if r.matches(civil(d)) {
			listed = append(listed, d)
		}
	}
	var best wall
	found := false
	total := len(listed) * r.perDay
	for _, n := range r.positions {
		at := n - 1
		if n < 0 {
			at = total + n
		}
		if at < 0 || at >= total {
			continue
		}
		t := wall(listed[at/r.perDay]*day + r.nthTime(at%r.perDay))
		if t >= w && (!found || t < best) {
			best, found = t, true
		}
	}
	return best, found
}

// nthTime is the time of day with n times before it.
func (r *rule) nthTime(n int) int64 {
	minutes, seconds := bits.OnesCount64(r.minutes), bits.OnesCount64(r.seconds)
	h := nthBit(r.hours, n/(minutes*seconds))
	m := nthBit(r.minutes, n/seconds%minutes)
	s := nthBit(r.seconds, n%seconds)
	return int64(h)*hour + int64(m)*minute + int64(s)
}

func nthBit(set uint64, n int) int {
	for ; n > 0; n-- {
		set &= set - 1
	}
	return bits.TrailingZeros64(set)
}

// matches says whether the BY… parts that speak of days allow the day.
func (r *rule) matches(c date) bool {
	return (r.months == 0 || r.months>>c.month&1 == 1) &&
		(r.monthDays == nil || listed(r.monthDays, c.day, c.monthLength())) &&
		(r.yearDays == nil || listed(r.yearDays, c.yearDay, c.yearLength())) &&
		(r.weeks == nil || r.weekListed(c)) &&
		(r.days == nil || r.dayListed(c))
}

func (r *rule) dayListed(c date) bool {
	at, length := c.day, c.monthLength()
	if r.freq == yearly && r.months == 0 {
		at, length = c.yearDay, c.yearLength()
	}
	return slices.ContainsFunc(r.days, func(d nthDay) bool {
		return d.on == c.weekday &&
			(d.n == 0 || d.n > 0 && (at-1)/7+1 == d.n || d.n < 0 && (length-at)/7+1 == -d.n)
	})
}

// weekListed numbers weeks as ISO 8601 does, but from the rule's first weekday:
// week 1 is the first with at least four days in the year. Like the interval,
// the numbers belong to the calendar year of the day, so that the last days of
// December may be in week 1 and the first of January in week 52 or 53.
func (r *rule) weekListed(c date) bool {
	n, weeks := r.weekNumber(c), r.weeksIn(c.year)
	switch {
	case n < 1: // still in the last week of the year before
		return slices.Contains(r.weeks, r.weeksIn(c.year-1)) || slices.Contains(r.weeks, -1)
	case n > weeks: // already in the first week of the year after
		return slices.Contains(r.weeks, 1) || slices.Contains(r.weeks, -r.weeksIn(c.year+1))
	}
	return listed(r.weeks, n, weeks)
}

func (r *rule) weekNumber(c date) int {
	// How far into a week the year begins.
	into := int(floorMod(int64(c.weekday)-int64(c.yearDay-1)-int64(r.weekStart), 7))
	n := (c.yearDay - 1 + into) / 7
	if into <= 3 { // at least four days of that week are in the year
		n++
	}
	return n
}

// weeksIn is 52 or 53: 28 December is always in the last week.
func (r *rule) weeksIn(year int) int {
	return r.weekNumber(civil(daysTo(year, time.December) + 27))
}

// listed says whether at, of 1 to length, is in a list that may count from the end.
func listed(list []int, at, length int) bool {
	return slices.Contains(list, at) || slices.Contains(list, at-length-1)
}
