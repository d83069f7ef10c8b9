package sim

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

func TestP19LimitHeaders(t *testing.T) {
	s := start(t, Options{})
	reset := strconv.FormatInt(noon.Add(time.Hour).Unix(), 10)
	a := s.query("{me{id name}}")
	a.is(t, 200, `"data":{"me":{"id":`)
	a.head(t, "x-ratelimit-limit", "3600")
	a.head(t, "x-ratelimit-remaining", "3599")
	a.head(t, "x-ratelimit-reset", reset)
	a.head(t, "x-costlimit-limit", "5000")
	a.head(t, "x-costlimit-cost", "1")
	a.head(t, "x-costlimit-remaining", "4999")
	a.head(t, "x-costlimit-reset", reset)
	if len(a.header.Get("x-request-id")) != 36 {
		t.Errorf("x-request-id is %q", a.header.Get("x-request-id"))
	}
	s.sim.Advance(time.Minute)
	b := s.query("{me{id}}")
	b.head(t, "x-ratelimit-remaining", "3598")
	b.head(t, "x-ratelimit-reset", reset)
	if a.header.Get("x-request-id") == b.header.Get("x-request-id") {
		t.Error("two requests have one id")
	}
}

func TestP17RateLimitIsRefusedWithRetryAfter(t *testing.T) {
	s := start(t, Options{RateLimit: 2, RateWindow: time.Minute})
	for range 2 {
		s.query("{me{id}}").is(t, 200)
	}
	s.sim.Advance(19500 * time.Millisecond)
	a := s.query("{me{id}}")
	a.is(t, http.StatusTooManyRequests, "used up")
	a.head(t, "Retry-After", "41")
	a.head(t, "x-ratelimit-remaining", "0")

	// Another token, and another account, have budgets of their own.
	s.query("{me{id}}", "Authorization", "Bearer pat-2").is(t, 200)
	s.query("{me{id}}", "X-Xurrent-Account", "widgets").is(t, 200)

	s.sim.Advance(41 * time.Second)
	s.query("{me{id}}").head(t, "x-ratelimit-remaining", "1")
}

func TestP17CostLimitIsRefusedWithRetryAfter(t *testing.T) {
	s := start(t, Options{CostLimit: 3, RateWindow: time.Minute})
	a := s.query("{people(first:30){nodes{id}}}")
	a.is(t, 200)
	a.head(t, "x-costlimit-cost", "4")
	a.head(t, "x-costlimit-remaining", "0")
	s.query("{me{id}}").is(t, http.StatusTooManyRequests)
	s.sim.Advance(time.Minute)
	s.query("{me{id}}").is(t, 200)
}

// A window that ends within a second tells the next whole second, so that who waits for it waits long enough.
func TestResetIsNeverTooEarly(t *testing.T) {
	s := start(t, Options{RateLimit: 1, RateWindow: 1500 * time.Millisecond})
	a := s.query("{me{id}}")
	a.head(t, "x-ratelimit-reset", strconv.FormatInt(noon.Unix()+2, 10))
	s.sim.Advance(1499 * time.Millisecond)
	s.query("{me{id}}").is(t, 429)
	s.sim.Advance(501 * time.Millisecond)
	s.query("{me{id}}").is(t, 200)
}

func TestLimitsAreSetWhileRunning(t *testing.T) {
	s := start(t, Options{})
	s.query("{me{id}}").is(t, 200)
	s.control("POST", "/sim/limits", map[string]any{"rate": 1, "window": "10s"}, nil)
	s.query("{me{id}}").is(t, 200)
	s.query("{me{id}}").head(t, "Retry-After", "10")
	s.control("POST", "/sim/limits", map[string]any{"rate": 5}, nil)
	s.query("{me{id}}").head(t, "x-ratelimit-remaining", "4")
}

func TestWindowsAreBounded(t *testing.T) {
	l := newLimits(10, 10, time.Minute)
	for i := range maxWindows + 500 {
		l.take(strconv.Itoa(i), noon)
	}
	if len(l.windows) > maxWindows {
		t.Errorf("%d windows are remembered", len(l.windows))
	}
	if left := l.look("0", noon.Add(2*time.Minute)); left.rateLeft != 10 {
		t.Errorf("a new window has %d left", left.rateLeft)
	}
}
