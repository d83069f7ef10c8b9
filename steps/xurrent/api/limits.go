package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limit is an account's limit of requests or of cost, as an answer's headers had it; nil where they had
// nothing (PLATFORM 3.4).
type Limit struct {
	Limit     *int64    // requests, or points, per window
	Remaining *int64    // of them
	Cost      *int64    // points of the request; nil of requests
	Reset     time.Time // when the window ends; zero: not known
}

// Budget is what is known of an account's limits, for people.
type Budget struct {
	Rate, Cost Limit
	At         time.Time // of the answer that told them; zero: none did
}

// limitsOf are the limits in an answer's headers.
func limitsOf(h http.Header) (rate, cost Limit) {
	rate = limitOf(h, "X-Ratelimit-")
	cost = limitOf(h, "X-Costlimit-")
	cost.Cost = headerNumber(h, "X-Costlimit-Cost")
	return rate, cost
}

func limitOf(h http.Header, prefix string) Limit {
	l := Limit{Limit: headerNumber(h, prefix+"Limit"), Remaining: headerNumber(h, prefix+"Remaining")}
	if at := headerNumber(h, prefix+"Reset"); at != nil && *at > 0 && *at < 1<<40 {
		l.Reset = time.Unix(*at, 0)
	}
	return l
}

// headerNumber reads a whole number leniently: nil is nothing, or no number.
func headerNumber(h http.Header, name string) *int64 {
	text := strings.TrimSpace(h.Get(name))
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f != f || f > 1<<53 || f < -1<<53 {
			return nil
		}
		n = int64(f)
	}
	return &n
}
