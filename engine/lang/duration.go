package lang

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MaxDuration is the longest duration that can be written: 100 years of 365 days.
const MaxDuration = 100 * 365 * 24 * time.Hour

// A unit's order is the order in which units may be combined.
var durationUnits = []struct {
	name string
	size time.Duration
}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}}

// ParseDuration reads a duration such as "90s", "1h30m", "30d" or "1.5h": numbers with the units ms, s, m,
// h and d, from the largest to the smallest, each at most once. It is at most MaxDuration.
func ParseDuration(s string) (time.Duration, error) {
	bad := func(why string) (time.Duration, error) {
		shown := s
		if len(shown) > 40 {
			shown = shown[:40] + "…"
		}
		return 0, fmt.Errorf("%s is no duration: %s", strconv.Quote(shown), why)
	}
	const form = `write numbers with the units ms, s, m, h and d, such as "90s", "1h30m" or "30d"`
	if s == "" || len(s) > 100 {
		return bad(form)
	}
	total, units := 0.0, durationUnits
	exact := time.Duration(0)
	for rest := s; rest != ""; {
		n := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if n <= 0 {
			return bad(form)
		}
		text, tail := rest[:n], rest[n:]
		end := strings.IndexFunc(tail, func(r rune) bool { return r < 'a' || r > 'z' })
		if end < 0 {
			end = len(tail)
		}
		unit := tail[:end]
		rest = tail[end:]
		i := 0
		for i < len(units) && units[i].name != unit {
			i++
		}
		if unit == "" {
			return bad(form)
		}
		if i == len(units) {
			for _, u := range durationUnits {
				if u.name == unit {
					return bad(fmt.Sprintf("units go from the largest to the smallest, each once; %q is out of order", unit))
				}
			}
			return bad(fmt.Sprintf("%q is no unit; the units are ms, s, m, h and d", unit))
		}
		size := units[i].size
		units = units[i+1:]
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || text[0] == '.' || text[len(text)-1] == '.' {
			return bad(form)
		}
		total += v * float64(size)
		if total > float64(MaxDuration) {
			return bad("it is longer than 100 years")
		}
		if k, err := strconv.ParseInt(text, 10, 64); err == nil {
			exact += time.Duration(k) * size
		} else {
			exact += time.Duration(v * float64(size))
		}
	}
	return exact, nil
}

// FormatDuration writes a duration as ParseDuration reads it, rounded to milliseconds: "1h30m". Zero is "0s"
// and less than a millisecond is "0s" too; a negative one has a sign, for people only.
func FormatDuration(d time.Duration) string {
	if d < 0 {
		return "-" + FormatDuration(-d)
	}
	d = d.Round(time.Millisecond)
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	for _, u := range durationUnits {
		if n := d / u.size; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10))
			b.WriteString(u.name)
			d -= n * u.size
		}
	}
	return b.String()
}
