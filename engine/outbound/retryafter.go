package outbound

import (
	"net/http"
	"strings"
	"time"
)

const (
	noRetryAfter  = 60 * time.Second
	maxRetryAfter = 24 * time.Hour
)

// RetryAfter is how long an answer (429, 503) asks to wait: Retry-After in
// whole seconds or as a date. It is 60 s where the header is missing, zero, not
// in the future or unreadable, and at most 24 h.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v != "" && strings.Trim(v, "0123456789") == "" {
		return retrySeconds(v)
	}
	t, ok := parseDate(v)
	if !ok || !t.After(now) {
		return noRetryAfter
	}
	return min(t.Sub(now), maxRetryAfter)
}

func retrySeconds(digits string) time.Duration {
	digits = strings.TrimLeft(digits, "0")
	switch {
	case digits == "":
		return noRetryAfter
	case len(digits) > 5: // 24 h is 86400 s, and more digits would overflow
		return maxRetryAfter
	}
	n := 0
	for _, d := range digits {
		n = n*10 + int(d-'0')
	}
	return min(time.Duration(n)*time.Second, maxRetryAfter)
}

// parseDate reads the three HTTP dates, and the looser forms that servers send.
func parseDate(s string) (time.Time, bool) {
	if t, err := http.ParseTime(s); err == nil {
		return t, true
	}
	for _, layout := range []string{time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 GMT", "Mon, 2 Jan 2006 15:04:05 UTC", "2 Jan 2006 15:04:05 GMT", time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
