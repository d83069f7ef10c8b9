package sim

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// maxWindows is how many pairs of account and token the limits remember; those whose window is over go first.
const maxWindows = 10_000

// limits counts requests and cost points by account and token in fixed windows (PLATFORM 3.4).
type limits struct {
	mu         sync.Mutex
	rate, cost int64
	length     time.Duration
	windows    map[string]*window
}

type window struct {
	ends       time.Time
	rate, cost int64 // used
}

// budget is what a pair of account and token has left.
type budget struct {
	rate, rateLeft, cost, costLeft int64
	reset                          time.Time
}

func newLimits(rate, cost int, length time.Duration) *limits {
	return &limits{rate: int64(rate), cost: int64(cost), length: length, windows: map[string]*window{}}
}

// set changes the limits and begins all windows anew; values of 0 and below leave a limit as it is.
func (l *limits) set(rate, cost int, length time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if rate > 0 {
		l.rate = int64(rate)
	}
	if cost > 0 {
		l.cost = int64(cost)
	}
	if length > 0 {
		l.length = length
	}
	l.windows = map[string]*window{}
}

// take counts a request; ok is false where a limit is used up, and then nothing is counted.
func (l *limits) take(who string, now time.Time) (b budget, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.at(who, now)
	if w.rate < l.rate && w.cost < l.cost {
		w.rate++
		ok = true
	}
	return l.left(w), ok
}

// pay counts the cost of a request that was taken. The last request of a window may cost more than is left.
func (l *limits) pay(who string, now time.Time, cost int64) budget {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.at(who, now)
	w.cost += cost
	return l.left(w)
}

// look tells what is left and counts nothing.
func (l *limits) look(who string, now time.Time) budget {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left(l.at(who, now))
}

func (l *limits) at(who string, now time.Time) *window {
	w := l.windows[who]
	if w != nil && now.Before(w.ends) {
		return w
	}
	if len(l.windows) >= maxWindows {
		l.forget(now)
	}
	w = &window{ends: now.Add(l.length)}
	l.windows[who] = w
	return w
}

// forget makes room: windows that are over, and where there are none any window at all.
func (l *limits) forget(now time.Time) {
	for who, w := range l.windows {
		if !now.Before(w.ends) {
			delete(l.windows, who)
		}
	}
	for who := range l.windows {
		if len(l.windows) < maxWindows {
			return
		}
		delete(l.windows, who)
	}
}

func (l *limits) left(w *window) budget {
	return budget{rate: l.rate, rateLeft: max(0, l.rate-w.rate), cost: l.cost, costLeft: max(0, l.cost-w.cost), reset: w.ends}
}

// settings are the limits in force.
func (l *limits) settings() (rate, cost int64, length time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rate, l.cost, l.length
}

// resetSecond is the end of the window as a whole epoch second, never too early.
func (b budget) resetSecond() int64 {
	second := b.reset.Unix()
	if b.reset.Nanosecond() > 0 {
		second++
	}
	return second
}

// write sets the headers of PLATFORM 3.4. A used cost below 0 is a request that has no cost.
func (b budget) write(h http.Header, used int64) {
	reset := strconv.FormatInt(b.resetSecond(), 10)
	h.Set("x-ratelimit-limit", strconv.FormatInt(b.rate, 10))
	h.Set("x-ratelimit-remaining", strconv.FormatInt(b.rateLeft, 10))
	h.Set("x-ratelimit-reset", reset)
	h.Set("x-costlimit-limit", strconv.FormatInt(b.cost, 10))
	h.Set("x-costlimit-remaining", strconv.FormatInt(b.costLeft, 10))
	h.Set("x-costlimit-reset", reset)
	if used >= 0 {
		h.Set("x-costlimit-cost", strconv.FormatInt(used, 10))
	}
}
