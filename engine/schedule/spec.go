package schedule

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // zones must be known on machines that have no zone files
)

// CatchUp says what becomes of occurrences that passed while nobody looked.
type CatchUp string

// The catch-up policies. An empty CatchUp is CatchUpNone.
const (
	CatchUpNone CatchUp = "none" // only occurrences at most Grace old
	CatchUpOne  CatchUp = "one"  // the latest one, if it is older than that
	CatchUpAll  CatchUp = "all"  // each, at most MaxMissed, the latest ones
)

// Spec is a schedule as written. Exactly one of Cron, RRule, Every and At is set.
type Spec struct {
	// Cron is five fields (minute hour day-of-month month day-of-week) or one of
	// @hourly @daily @midnight @weekly @monthly @yearly @annually.
	Cron string
	// RRule is an RFC 5545 rule, with or without "RRULE:", optionally after a
	// DTSTART line.
	RRule string
	// Every is a whole number of seconds, at least one.
	Every time.Duration
	// At is one moment.
	At time.Time
	// Timezone is an IANA name; empty is UTC.
	Timezone string
	// Start anchors Every, and RRule without DTSTART, at whole seconds. When it
	// is zero they are anchored at 1970-01-01T00:00 in Timezone, so that a
	// restart does not move them.
	Start time.Time
	// CatchUp is used by Due.
	CatchUp CatchUp
}

// String is when it fires, in the words of a blueprint.
func (s Spec) String() string {
	text := ""
	switch {
	case s.Cron != "":
		text = "cron " + s.Cron
	case s.RRule != "":
		text = "rrule " + s.RRule
	case s.Every > 0:
		text = "every " + strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(s.Every.String())
	case !s.At.IsZero():
		text = "at " + s.At.Format(time.RFC3339)
	}
	if s.Timezone != "" {
		text += " (" + s.Timezone + ")"
	}
	return text
}

// SpecError is a mistake in one field of a Spec.
type SpecError struct {
	Field   string // cron, rrule, every, at, timezone, catch_up; empty: the whole Spec
	Problem string // what is wrong and what to write instead
}

func (e *SpecError) Error() string {
	if e.Field == "" {
		return "schedule: " + e.Problem
	}
	return e.Field + ": " + e.Problem
}

func wrong(field, format string, args ...any) error {
	return &SpecError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// Schedule is a parsed Spec. It is immutable and safe for concurrent use.
type Schedule struct {
	loc     *time.Location
	catchUp CatchUp
	at      int64 // Unix seconds; used when neither every nor source is set
	every   int64 // seconds; 0: not an interval
	start   int64 // Unix seconds; anchor of every
	source  source
	passing bool // follow the clock as it passes, see the package comment
}

// source yields occurrences on a clock on the wall that is never changed.
type source interface {
	// next is the first occurrence strictly after w; false: there is none.
	next(w wall) (wall, bool)
}

// maxUnix is the last moment of year 9999; RFC 3339 can write nothing later.
const maxUnix = 253402300799

// Parse checks s and prepares it. Every error is a *SpecError.
func Parse(s Spec) (*Schedule, error) {
	if err := checkOne(s); err != nil {
		return nil, err
	}
	out := &Schedule{catchUp: s.CatchUp}
	switch s.CatchUp {
	case "":
		out.catchUp = CatchUpNone
	case CatchUpNone, CatchUpOne, CatchUpAll:
	default:
		return nil, wrong("catch_up", "%q is not known; write \"none\", \"one\" or \"all\"", clip(string(s.CatchUp)))
	}
	var err error
	if out.loc, err = zone(s.Timezone); err != nil {
		return nil, err
	}
	switch {
	case s.Cron != "":
		out.source, out.passing, err = parseCron(s.Cron)
	case s.RRule != "":
		var r *rule
		if r, out.loc, err = parseRule(s.RRule, out.loc, s.Timezone != "", s.Start); err == nil {
			out.source = r
		}
	case s.Every != 0:
		err = out.setEvery(s)
	default:
		out.at = ceil(s.At)
		if out.at > maxUnix {
			err = wrong("at", "%s is after the year 9999", s.At.Format(time.RFC3339))
		}
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Schedule) setEvery(spec Spec) error {
	switch {
	case spec.Every < time.Second:
		return wrong("every", "%s is too short; the shortest interval is 1s", spec.Every)
	case spec.Every%time.Second != 0:
		return wrong("every", "%s is not a whole number of seconds; write %s", spec.Every, spec.Every.Round(time.Second))
	}
	s.every = int64(spec.Every / time.Second)
	if spec.Start.IsZero() {
		s.start = int64(first(0, s.loc))
	} else {
		s.start = spec.Start.Unix()
	}
	return nil
}

func checkOne(s Spec) error {
	var set []string
	if s.Cron != "" {
		set = append(set, "cron")
	}
	if s.RRule != "" {
		set = append(set, "rrule")
	}
	if s.Every != 0 {
		set = append(set, "every")
	}
	if !s.At.IsZero() {
		set = append(set, "at")
	}
	switch len(set) {
	case 0:
		return wrong("", "it does not say when; write one of cron, every, rrule or at")
	case 1:
		return nil
	}
	return wrong("", "%s are set; keep one of them", strings.Join(set, " and "))
}

// ceil is t in Unix seconds, rounded up: an `at` with a fraction is not early.
func ceil(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// clip keeps what is quoted from a user's text short.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
