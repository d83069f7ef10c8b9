package schedule

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxRule  = 4096   // bytes of text read
	maxCount = 10_000 // highest COUNT: each occurrence is stepped over when the rule is read
)

var frequencies = map[string]frequency{
	"YEARLY": yearly, "MONTHLY": monthly, "WEEKLY": weekly, "DAILY": daily,
	"HOURLY": hourly, "MINUTELY": minutely, "SECONDLY": secondly,
}

// weekdays are in RFC 5545's letters, in the order of time.Weekday.
var weekdays = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// ruleParts are the parts of a rule that are read.
var ruleParts = map[string]bool{
	"FREQ": true, "INTERVAL": true, "COUNT": true, "UNTIL": true, "WKST": true, "BYSECOND": true, "BYMINUTE": true, "BYHOUR": true,
	"BYDAY": true, "BYMONTHDAY": true, "BYYEARDAY": true, "BYWEEKNO": true, "BYMONTH": true, "BYSETPOS": true,
}

// parseRule reads a rule, its DTSTART line if there is one, and the zone that
// line may state.
func parseRule(text string, loc *time.Location, zoned bool, start time.Time) (*rule, *time.Location, error) {
	if len(text) > maxRule {
		return nil, nil, wrong("rrule", "the rule is %d bytes long; at most %d are read", len(text), maxRule)
	}
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), "\n")
	r := &rule{interval: 1, weekStart: time.Monday}
	anchored := !start.IsZero()
	const dtstart = "DTSTART"
	if len(lines) == 2 && len(lines[0]) > len(dtstart) && strings.EqualFold(lines[0][:len(dtstart)], dtstart) {
		w, in, err := parseDTStart(lines[0][len(dtstart):], loc, zoned)
		if err != nil {
			return nil, nil, err
		}
		r.start, loc, anchored = w, in, true
		lines = lines[1:]
	} else if anchored {
		r.start = wallAt(start.Unix(), loc)
	}
	if len(lines) != 1 {
		return nil, nil, wrong("rrule", "there are %d lines; write one rule, optionally after a DTSTART line (RDATE, EXDATE and EXRULE are not read)", len(lines))
	}
	body := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(lines[0])), "RRULE:")
	seen := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimSuffix(body, ";"), ";") {
		key, value, ok := strings.Cut(part, "=")
		switch {
		case !ok || value == "":
			return nil, nil, wrong("rrule", "%q is not NAME=VALUE", clip(part))
		case !ruleParts[key]:
			if near := nearest(key, ruleParts); near != "" {
				return nil, nil, wrong("rrule", "%s is not known; did you mean %s?", clip(key), near)
			}
			return nil, nil, wrong("rrule", "%s is not a part of a rule in RFC 5545", clip(key))
		case seen[key] != "":
			return nil, nil, wrong("rrule", "%s stands twice", key)
		}
		seen[key] = value
		if err := r.set(key, value, loc); err != nil {
			return nil, nil, err
		}
	}
	if err := r.check(seen, anchored); err != nil {
		return nil, nil, err
	}
	r.complete(seen)
	if r.count > 0 {
		r.limitByCount()
	}
	if _, ok := r.next(r.start - 1); !ok {
		return nil, nil, wrong("rrule", "%q never fires", clip(body))
	}
	return r, loc, nil
}

// parseDTStart reads what comes after DTSTART: ":…", ":…Z" or ";TZID=Zone:…".
func parseDTStart(rest string, loc *time.Location, zoned bool) (wall, *time.Location, error) {
	if params, value, ok := strings.Cut(rest, ":"); ok {
		rest = value
		for param := range strings.SplitSeq(strings.TrimPrefix(params, ";"), ";") {
			key, name, _ := strings.Cut(param, "=")
			switch strings.ToUpper(key) {
			case "", "VALUE":
			case "TZID":
				in, err := zone(name)
				if err != nil || name == "" {
					return 0, nil, wrong("rrule", "DTSTART: %q is not an IANA time zone", clip(name))
				}
				if zoned && in.String() != loc.String() {
					return 0, nil, wrong("rrule", "DTSTART says %s but timezone says %s; keep one", in, loc)
				}
				loc = in
			default:
				return 0, nil, wrong("rrule", "DTSTART: %q is not read; write DTSTART;TZID=Europe/Berlin:20260131T093000", clip(param))
			}
		}
	}
	w, err := parseStamp("DTSTART", strings.ToUpper(strings.TrimSpace(rest)), loc)
	return w, loc, err
}

// parseStamp reads 20260131, 20260131T093000 and 20260131T083000Z as a reading of the clock in loc.
func parseStamp(part, text string, loc *time.Location) (wall, error) {
	for _, layout := range []string{"20060102T150405", "20060102"} {
		if t, err := time.Parse(layout, text); err == nil {
			return wall(t.Unix()), nil
		}
	}
	if t, err := time.Parse("20060102T150405Z", text); err == nil {
		return wallAt(t.Unix(), loc), nil
	}
	return 0, wrong("rrule", "%s: %q is not a time; write 20260131T093000, or 20260131T083000Z for UTC", part, clip(text))
}

func (r *rule) set(key, value string, loc *time.Location) (err error) {
	switch key {
	case "FREQ":
		f, ok := frequencies[value]
		if !ok {
			return wrong("rrule", "FREQ: %q is not one of YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY", clip(value))
		}
		r.freq = f
	case "INTERVAL":
		r.interval, err = number(key, value, 1, 1_000_000_000)
	case "COUNT":
		if r.count, err = number(key, value, 1, maxCount); err != nil {
			err = wrong("rrule", "COUNT: %q is not a number from 1 to %d; for more, say UNTIL", clip(value), maxCount)
		}
	case "UNTIL":
		var w wall
		if w, err = parseStamp(key, value, loc); len(value) == len("20060102") {
			w += day - 1 // a date includes its whole day
		}
		r.until = &w
	case "WKST":
		at := slices.Index(weekdays, value)
		if at < 0 {
			return wrong("rrule", "WKST: %q is not one of %s", clip(value), strings.Join(weekdays, ", "))
		}
		r.weekStart = time.Weekday(at)
	case "BYSECOND":
		r.seconds, err = bitSet(key, value, 59)
	case "BYMINUTE":
		r.minutes, err = bitSet(key, value, 59)
	case "BYHOUR":
		r.hours, err = bitSet(key, value, 23)
	case "BYMONTH":
		if r.months, err = bitSet(key, value, 12); err == nil && r.months&1 != 0 {
			err = wrong("rrule", "BYMONTH: 0 is not in 1-12")
		}
	case "BYDAY":
		r.days, err = parseDays(value)
	case "BYMONTHDAY":
		r.monthDays, err = numbers(key, value, 31)
	case "BYYEARDAY":
		r.yearDays, err = numbers(key, value, 366)
	case "BYWEEKNO":
		r.weeks, err = numbers(key, value, 53)
	case "BYSETPOS":
		r.positions, err = numbers(key, value, 366)
	}
	return err
}

func number(key, text string, low, high int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return 0, wrong("rrule", "%s: %q is not a number from %d to %d", key, clip(text), low, high)
	}
	return n, nil
}

// bitSet reads a list of numbers from 0 as a set.
func bitSet(key, text string, high int) (set uint64, err error) {
	for item := range strings.SplitSeq(text, ",") {
		n, err := number(key, item, 0, high)
		if err != nil {
			return 0, err
		}
		set |= 1 << n
	}
	return set, nil
}

// numbers reads a list of numbers that may count from the end (-1), never 0.
func numbers(key, text string, high int) ([]int, error) {
	var out []int
	for item := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(item)
		if err != nil || n == 0 || n < -high || n > high {
			return nil, wrong("rrule", "%s: %q is not a number from 1 to %d or -%d to -1", key, clip(item), high, high)
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out, nil
}

func parseDays(text string) ([]nthDay, error) {
	var out []nthDay
	for item := range strings.SplitSeq(text, ",") {
		cut := max(len(item)-2, 0)
		at := slices.Index(weekdays, item[cut:])
		n := 0
		var err error
		if at >= 0 && cut > 0 {
			n, err = strconv.Atoi(item[:cut])
			if n == 0 || n < -53 || n > 53 {
				at = -1
			}
		}
		if at < 0 || err != nil {
			return nil, wrong("rrule", "BYDAY: %q is not a day such as MO, 2TU or -1FR", clip(item))
		}
		if d := (nthDay{n, time.Weekday(at)}); !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out, nil
}

// check keeps the combinations that RFC 5545, section 3.3.10, allows.
func (r *rule) check(seen map[string]string, anchored bool) error {
	has := func(key string) bool { return seen[key] != "" }
	nth := slices.ContainsFunc(r.days, func(d nthDay) bool { return d.n != 0 })
	far := slices.ContainsFunc(r.days, func(d nthDay) bool { return d.n > 5 || d.n < -5 })
	switch {
	case !has("FREQ"):
		return wrong("rrule", "FREQ is missing; a rule begins like FREQ=DAILY")
	case has("COUNT") && has("UNTIL"):
		return wrong("rrule", "COUNT and UNTIL are both set; keep one")
	case has("COUNT") && !anchored:
		return wrong("rrule", "COUNT needs a first day to count from; put a DTSTART line before the rule, or say UNTIL")
	case has("BYWEEKNO") && r.freq != yearly:
		return wrong("rrule", "BYWEEKNO goes only with FREQ=YEARLY")
	case has("BYYEARDAY") && (r.freq == daily || r.freq == weekly || r.freq == monthly):
		return wrong("rrule", "BYYEARDAY does not go with FREQ=%s", seen["FREQ"])
	case has("BYMONTHDAY") && r.freq == weekly:
		return wrong("rrule", "BYMONTHDAY does not go with FREQ=WEEKLY")
	case nth && r.freq > monthly:
		return wrong("rrule", "BYDAY: a number before a day goes only with FREQ=MONTHLY or YEARLY")
	case nth && has("BYWEEKNO"):
		return wrong("rrule", "BYDAY: a number before a day does not go with BYWEEKNO")
	case far && (r.freq == monthly || has("BYMONTH")):
		return wrong("rrule", "BYDAY: a month has at most five of a day")
	case has("BYSETPOS") && !slices.ContainsFunc([]string{"BYSECOND", "BYMINUTE", "BYHOUR", "BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH"}, has):
		return wrong("rrule", "BYSETPOS needs another BY… to choose from")
	case has("BYSETPOS") && r.freq > daily:
		return wrong("rrule", "BYSETPOS with FREQ=%s is not supported; name the minutes or seconds", seen["FREQ"])
	}
	return nil
}
