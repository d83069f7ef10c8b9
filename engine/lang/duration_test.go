package lang

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "1h30m": 90 * time.Minute, "30d": 720 * time.Hour, "250ms": 250 * time.Millisecond, "1.5h": 90 * time.Minute, "1d2h3m4s5ms": 26*time.Hour + 3*time.Minute + 4005*time.Millisecond,
		"36500d": MaxDuration, "0h1s": time.Second, "007s": 7 * time.Second, "0s": 0, "0.5s": 500 * time.Millisecond,
	} {
		if got, err := ParseDuration(in); err != nil || got != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for in, why := range map[string]string{
		"": "units", "5": "units", "s": "units", "5 m": "units", "-5m": "units", "+5m": "units", "5y": "no unit", "5us": "no unit", "5M": "units", "1m1h": "out of order", "1h1h": "out of order", "0.1ms0": "units",
		"36501d": "100 years", "99999999999999999999d": "100 years", "1e5s": "no unit", ".5s": "units", "5.s": "units", "1.2.3s": "units", "٣s": "units", "1h ": "units", strings.Repeat("1", 200) + "s": "units",
	} {
		if got, err := ParseDuration(in); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %s, %v", in, got, err)
		}
	}
}

func TestFormatDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", time.Microsecond: "0s", 90 * time.Minute: "1h30m", 25*time.Hour + time.Millisecond: "1d1h1ms", -time.Minute: "-1m"} {
		if got := FormatDuration(d); got != want {
			t.Errorf("%s: %s", d, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(1, int64(MaxDuration/time.Millisecond)).Draw(t, "ms")) * time.Millisecond
		if got, err := ParseDuration(FormatDuration(d)); err != nil || got != d {
			t.Fatalf("%s: %s, %v", d, got, err)
		}
	})
}
