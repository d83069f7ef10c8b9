package schedule

import (
	"slices"
	"time"
)

const (
	// Grace is how late an occurrence may be noticed and still be on time.
	Grace = time.Minute
	// MaxMissed bounds what Missed and Due return at once.
	MaxMissed = 1000
	// Believable is how far the clock may have gone back before Due stops
	// trusting the time of the last occurrence. See Due.
	Believable = 25 * time.Hour
)

// Next is the first occurrence strictly after a moment, in the schedule's zone.
// False means that there is none, or none before the year 10000.
func (s *Schedule) Next(after time.Time) (time.Time, bool) {
	t, ok := s.next(after.Unix())
	if !ok {
		return time.Time{}, false
	}
	return s.moment(t), true
}

func (s *Schedule) moment(t int64) time.Time { return time.Unix(t, 0).In(s.loc) }

// next takes and gives Unix seconds. Occurrences are whole seconds, so the
// fraction of a moment never matters to what comes strictly after it.
func (s *Schedule) next(after int64) (int64, bool) {
	if after >= maxUnix {
		return 0, false
	}
	var t int64
	var ok bool
	switch {
	case s.every > 0:
		t, ok = s.start, true
		if after >= s.start {
			t = s.start + ((after-s.start)/s.every+1)*s.every
		}
	case s.source == nil:
		t, ok = s.at, s.at > after
	case s.passing:
		t, ok = nextPassing(s.source, after, s.loc)
	default:
		t, ok = nextOnce(s.source, after, s.loc)
	}
	return t, ok && t <= maxUnix
}

// Missed lists the occurrences in (from, to], oldest first, at most the first
// MaxMissed of them.
func (s *Schedule) Missed(from, to time.Time) []time.Time {
	return s.between(from.Unix(), to.Unix(), MaxMissed)
}

func (s *Schedule) between(from, to int64, most int) []time.Time {
	var out []time.Time
	for t, ok := s.next(from); ok && t <= to && len(out) < most; t, ok = s.next(t) {
		out = append(out, s.moment(t))
	}
	return out
}

// latest is the last occurrence in (from, to]. It searches by halves, for there
// may be very many: next(t) is at most `to` exactly while t is before the last.
func (s *Schedule) latest(from, to int64) (int64, bool) {
	found, ok := s.next(from)
	if !ok || found > to {
		return 0, false
	}
	low, high := found, to // next(low-1) <= to < next(high)
	for low < high {
		middle := low + (high-low)/2
		if t, ok := s.next(middle); ok && t <= to {
			found, low = t, t
		} else {
			high = middle
		}
	}
	return found, true
}

// Due says what to fire at the moment now and when to ask again.
//
// last is the newest occurrence ever returned by Due for this schedule or,
// before the first, the moment from which the schedule counts. The caller
// stores the newest of fire as the new last, together with what it fires.
// Occurrences up to last are never returned again, so a clock that goes back
// fires nothing twice. Of the occurrences in (last, now], fire has, oldest first:
//
//	CatchUpNone  those not older than Grace
//	CatchUpOne   the same or, if there are none, the latest
//	CatchUpAll   all; of more than MaxMissed, the latest MaxMissed
//
// A last more than Believable after now can only come from a clock that was far
// wrong and has been set right. Due then goes on from now, instead of being
// silent until that time comes: the event of an occurrence should carry its time
// as the key, so that the journal drops one it has seen.
//
// next is after both now and last, or zero if the schedule will never fire again.
func (s *Schedule) Due(last, now time.Time) (fire []time.Time, next time.Time) {
	from, to := last.Unix(), now.Unix()
	if from-to > int64(Believable/time.Second) {
		from = to
	}
	if s.catchUp == CatchUpAll {
		fire = s.allMissed(from, to)
	} else {
		// An occurrence exactly Grace old is still on time.
		fire = s.between(max(from, to-int64(Grace/time.Second)-1), to, MaxMissed)
	}
	if s.catchUp == CatchUpOne && len(fire) == 0 {
		if t, ok := s.latest(from, to); ok {
			fire = []time.Time{s.moment(t)}
		}
	}
	if t, ok := s.next(max(from, to)); ok {
		next = s.moment(t)
	}
	return fire, next
}

func (s *Schedule) allMissed(from, to int64) []time.Time {
	out := s.between(from, to, MaxMissed+1)
	if len(out) <= MaxMissed {
		return out
	}
	out = out[:0]
	for len(out) < MaxMissed {
		t, ok := s.latest(from, to)
		if !ok {
			break
		}
		out = append(out, s.moment(t))
		to = t - 1
	}
	slices.Reverse(out)
	return out
}
