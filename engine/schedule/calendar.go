package schedule

import "time"

// date is a day of the calendar.
type date struct {
	year, month, day int
	yearDay          int // from 1
	weekday          time.Weekday
}

// civil is the date of a day counted from 1970-01-01.
func civil(d int64) date {
	t := time.Unix(d*day, 0).UTC()
	y, m, n := t.Date()
	return date{y, int(m), n, t.YearDay(), t.Weekday()}
}

func (c date) yearLength() int {
	if c.leap() {
		return 366
	}
	return 365
}

func (c date) leap() bool { return c.year%4 == 0 && (c.year%100 != 0 || c.year%400 == 0) }

func (c date) monthLength() int {
	switch time.Month(c.month) {
	case time.February:
		if c.leap() {
			return 29
		}
		return 28
	case time.April, time.June, time.September, time.November:
		return 30
	}
	return 31
}

// period is the year, month, week or day of a rule that a day belongs to.
type period struct {
	index    int64 // 0 is the period of the rule's start
	from, to int64 // days from 1970-01-01, [from, to)
}

func (r *rule) periodOf(d int64) period {
	var index int64
	switch r.freq {
	case yearly:
		index = int64(civil(d).year - r.start.date().Year())
	case monthly:
		s := r.start.date()
		c := civil(d)
		index = int64((c.year-s.Year())*12 + c.month - int(s.Month()))
	case weekly:
		index = floorDiv(d-r.weekOfStart(), 7)
	default:
		index = d - floorDiv(int64(r.start), day)
	}
	p := period{index: index}
	if r.positions != nil {
		p.from, p.to = r.periodStart(index), r.periodStart(index+1)
	}
	return p
}

// periodStart is the first day of a period.
func (r *rule) periodStart(index int64) int64 {
	s := r.start.date()
	switch r.freq {
	case yearly:
		return daysTo(s.Year()+int(index), time.January)
	case monthly:
		return daysTo(s.Year(), s.Month()+time.Month(index))
	case weekly:
		return r.weekOfStart() + 7*index
	}
	return floorDiv(int64(r.start), day) + index
}

// weekOfStart is the first day of the week of the rule's start.
func (r *rule) weekOfStart() int64 {
	d := floorDiv(int64(r.start), day)
	return d - floorMod(int64(civil(d).weekday)-int64(r.weekStart), 7)
}

func daysTo(year int, month time.Month) int64 {
	return floorDiv(time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Unix(), day)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
