package outbound

import (
	"net/http"
	"testing"
	"time"
)

func TestS7RetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for v, want := range map[string]time.Duration{
		"":                                60 * time.Second,
		"1":                               time.Second,
		"120":                             2 * time.Minute,
		" 7 ":                             7 * time.Second,
		"007":                             7 * time.Second,
		"0":                               60 * time.Second,
		"000":                             60 * time.Second,
		"-5":                              60 * time.Second,
		"+5":                              60 * time.Second,
		"1.5":                             60 * time.Second,
		"soon":                            60 * time.Second,
		"5 seconds":                       60 * time.Second,
		"٣":                               60 * time.Second,
		"86400":                           24 * time.Hour,
		"86401":                           24 * time.Hour,
		"99999":                           24 * time.Hour,
		"100000":                          24 * time.Hour,
		"18446744073709551616":            24 * time.Hour,
		"00000000000000000000000000005":   5 * time.Second,
		"Sun, 01 Mar 2026 12:00:30 GMT":   30 * time.Second,
		"Sun, 1 Mar 2026 12:00:30 GMT":    30 * time.Second,
		"Sunday, 01-Mar-26 12:00:30 GMT":  30 * time.Second,
		"Sun Mar  1 12:00:30 2026":        30 * time.Second,
		"Sun, 01 Mar 2026 14:00:30 +0200": 30 * time.Second,
		"2026-03-01T12:00:30Z":            30 * time.Second,
		"Sun, 01 Mar 2026 12:00:00 GMT":   60 * time.Second,
		"Sun, 01 Mar 2026 11:59:59 GMT":   60 * time.Second,
		"Sun, 01 Mar 2099 12:00:00 GMT":   24 * time.Hour,
	} {
		h := http.Header{}
		if v != "" {
			h.Set("Retry-After", v)
		}
		if got := RetryAfter(h, now); got != want {
			t.Errorf("RetryAfter(%q) = %s, want %s", v, got, want)
		}
	}
}

func FuzzS7RetryAfter(f *testing.F) {
	f.Add("5")
	f.Add("Sun, 01 Mar 2026 12:00:30 GMT")
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, v string) {
		if d := RetryAfter(http.Header{"Retry-After": {v}}, now); d <= 0 || d > 24*time.Hour {
			t.Fatalf("RetryAfter(%q) = %s", v, d)
		}
	})
}
