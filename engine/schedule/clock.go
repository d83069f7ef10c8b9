package schedule

import (
	"strings"
	"time"
)

// wall is a reading of a clock on the wall, in seconds since it showed
// 1970-01-01T00:00:00. Arithmetic on it knows no clock changes.
type wall int64

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
	// widest is more than any zone has ever been away from UTC (15:56 in Manila).
	widest = 17 * hour
)

// date is w as a date and time; its zone is UTC only in name.
func (w wall) date() time.Time { return time.Unix(int64(w), 0).UTC() }

// wallAt is what the clock in loc shows at the moment t (Unix seconds).
func wallAt(t int64, loc *time.Location) wall {
	_, offset := time.Unix(t, 0).In(loc).Zone()
	return wall(t + int64(offset))
}

// span is a stretch of time in which the offset of a zone does not change. The
// next one may have the same offset.
type span struct {
	offset   int64 // seconds east of UTC
	from, to int64 // Unix seconds, [from, to)
}

func spanAt(t int64, loc *time.Location) span {
	at := time.Unix(t, 0).In(loc)
	_, offset := at.Zone()
	s := span{offset: int64(offset), from: -1 << 62, to: 1 << 62}
	from, to := at.ZoneBounds()
	if !from.IsZero() {
		s.from = from.Unix()
	}
	if !to.IsZero() {
		s.to = to.Unix()
		// Go 1.26 gives an end that has passed on 31 December of leap years after
		// 2037, where zone files end and their rule takes over. Go on in steps.
		if s.to <= t {
			s.to = t + hour
		}
	}
	return s
}

// first is the first moment (Unix seconds) at which the clock in loc shows w or
// later. For a w in a gap that is the end of the gap, for a w that comes twice
// the first of the two; it never decreases as w grows.
func first(w wall, loc *time.Location) int64 {
	t := int64(w) - widest
	for {
		s := spanAt(t, loc)
		t = max(t, int64(w)-s.offset)
		if t < s.to {
			return t
		}
		t = s.to
	}
}

// nextOnce is the first occurrence of src strictly after the moment t, when
// each reading of the clock counts once.
func nextOnce(src source, t int64, loc *time.Location) (int64, bool) {
	w := wallAt(t, loc)
	// In the second of two equal hours the first has already had its turn.
	if s := spanAt(t, loc); s.from > -1<<62 {
		w = max(w, wallAt(s.from-1, loc))
	}
	for {
		var ok bool
		if w, ok = src.next(w); !ok {
			return 0, false
		}
		if at := first(w, loc); at > t {
			return at, true
		}
	}
}

// nextPassing is the first moment strictly after t at which the clock in loc
// shows an occurrence of src, however often it has shown it before.
func nextPassing(src source, t int64, loc *time.Location) (int64, bool) {
	for {
		s := spanAt(t, loc)
		w, ok := src.next(wall(t + s.offset))
		if !ok {
			return 0, false
		}
		if at := int64(w) - s.offset; at < s.to {
			return at, true
		}
		// Not in this span: go on from the first reading of the next one.
		after := spanAt(s.to, loc)
		w, ok = src.next(wall(s.to+after.offset) - 1)
		if !ok {
			return 0, false
		}
		if at := int64(w) - after.offset; at < after.to {
			return at, true
		}
		t = s.to
	}
}

// zone loads an IANA zone; the empty name is UTC.
func zone(name string) (*time.Location, error) {
	switch {
	case name == "":
		return time.UTC, nil
	case strings.EqualFold(name, "local"):
		return nil, wrong("timezone", "%q depends on the machine; write an IANA name such as \"Europe/Amsterdam\"", name)
	case len(name) > 64:
		return nil, wrong("timezone", "%q is not an IANA time zone", clip(name))
	}
	if loc, err := time.LoadLocation(name); err == nil {
		return loc, nil
	}
	if guess := guessZone(name); guess != "" {
		return nil, wrong("timezone", "%q is not an IANA time zone; did you mean %q?", name, guess)
	}
	return nil, wrong("timezone", "%q is not an IANA time zone; write a name such as \"Europe/Amsterdam\" or \"UTC\"", name)
}

// guessZone finds the zone meant by a city alone or by wrong letter case.
func guessZone(name string) string {
	words := func(r rune) bool { return r == '/' || r == '_' || r == ' ' || r == '-' }
	title := []byte(strings.ToLower(strings.ReplaceAll(name, " ", "_")))
	for i := range title {
		if i == 0 || words(rune(title[i-1])) {
			title[i] = strings.ToUpper(string(title[i]))[0]
		}
	}
	for _, area := range []string{"", "Europe/", "America/", "Asia/", "Africa/", "Australia/", "Pacific/", "Atlantic/", "Indian/"} {
		if _, err := time.LoadLocation(area + string(title)); err == nil && area+string(title) != "Local" {
			return area + string(title)
		}
	}
	if up := strings.ToUpper(name); up == "UTC" || up == "GMT" || up == "Z" {
		return "UTC"
	}
	return ""
}
