package api

import (
	"net/http"
	"time"
)

const (
	// ample is the part of a limit above which nothing is delayed.
	ample = 0.2
	// resetMargin is waited beyond the end of a window, which headers tell in whole seconds.
	resetMargin = time.Second
	// longestWindow is the longest time to a reset that is believed; the platform's windows are an hour
	// (PLATFORM 3.4).
	longestWindow = 24 * time.Hour
)

// window is one limit of an account: of requests, or of points. Only its pacer touches it.
type window struct {
	known     bool
	limit     float64
	remaining float64   // least that an answer of this window had
	told      time.Time // the reset by the service's clock: it names the window
	reset     time.Time // the same by ours
	span      time.Duration
	inFlight  float64   // reserved for what has no answer yet, which remaining may not count
	next      time.Time // when the next may go while little is left
}

// over says that the window has ended and that no answer has told of the next.
func (w *window) over(now time.Time) bool { return w.known && !now.Before(w.reset) }

// turn is when something of an amount may go, and the pause to the one after it.
func (w *window) turn(now time.Time, amount float64) (at time.Time, step time.Duration) {
	if !w.known || w.over(now) {
		return now, 0
	}
	amount = min(amount, w.limit) // more is never there
	left := w.remaining - w.inFlight
	switch {
	case left-amount >= w.limit*ample:
		return now, 0
	case left < amount:
		return later(w.reset, w.next), w.even(amount)
	}
	at = later(now, w.next)
	return at, time.Duration(float64(w.reset.Sub(now)) * amount / left)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// even is the pause between amounts that are spread over a whole window.
func (w *window) even(amount float64) time.Duration {
	return time.Duration(float64(w.span) * amount / max(w.limit, 1))
}

// after is a turn after another one: within this window as turn has it, and in the next spread evenly.
func (w *window) after(one, now time.Time, amount float64) time.Time {
	if !w.known || w.over(now) {
		return one
	}
	_, step := w.turn(now, amount)
	next := one.Add(step)
	if !next.After(w.reset) {
		return next
	}
	if next = one.Add(w.even(amount)); next.Before(w.reset) {
		return w.reset
	}
	return next
}

// reserve takes an amount that goes at a moment.
func (w *window) reserve(at time.Time, amount float64, step time.Duration) {
	w.inFlight += amount
	if step > 0 {
		w.next = at.Add(step)
	}
}

// learn takes an answer's word; h is for its Date.
func (w *window) learn(now time.Time, l Limit, h http.Header) {
	if l.Limit == nil || l.Remaining == nil || l.Reset.IsZero() || *l.Limit <= 0 {
		if w.over(now) {
			w.known = false // the service tells no longer
		}
		return
	}
	reset := localReset(now, l.Reset, h)
	if reset.Sub(now) > longestWindow {
		return
	}
	limit, remaining := float64(*l.Limit), float64(max(*l.Remaining, 0))
	later := l.Reset.Sub(w.told)
	switch {
	case !w.known || w.over(now) || later > time.Second || limit != w.limit:
		span := reset.Sub(now)
		if w.known && limit == w.limit {
			span = max(span, w.span) // the longest seen: windows are met in their middle
		}
		*w = window{known: true, limit: limit, remaining: remaining, told: l.Reset, reset: reset, span: span, inFlight: w.inFlight}
	case later < -time.Second: // a late answer of the window before
	default:
		w.remaining = min(w.remaining, remaining)
		if reset.Before(w.reset) {
			w.reset = reset
		}
	}
}

// localReset is a reset by our clock. Where the answer has a date, what matters is its distance from that:
// clocks differ.
func localReset(now, reset time.Time, h http.Header) time.Time {
	const believable = time.Hour
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		if skew := date.Sub(now); skew > -believable && skew < believable {
			return now.Add(reset.Sub(date) + resetMargin)
		}
	}
	return reset.Add(resetMargin)
}
