package lang

import (
	"regexp"
	"strconv"
	"time"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func dateFunctions() []entry {
	return []entry{
		{name: "formatdate", summary: "A time written as a format says: YYYY, MM, DD, hh, mm, ss, EEEE, ZZZ and the like.",
			params: []string{"format: the format", "time: an RFC 3339 time"}, fn: stdlib.FormatDateFunc},
		{name: "timeadd", summary: "A time plus a duration.",
			params: []string{"timestamp: an RFC 3339 time", "duration: such as \"90m\", \"30d\" or \"-1h30m\""}, fn: textFunc(timeAdd, "timestamp", "duration")},
		{name: "timecmp", summary: "-1, 0 or 1: whether the first time is before, at or after the second.",
			params: []string{"timestamp_a: an RFC 3339 time", "timestamp_b: an RFC 3339 time"}, fn: timeCmpFunc},
	}
}

var days = regexp.MustCompile(`([0-9]+(?:\.[0-9]+)?)d`)

// timeAdd knows days besides the units that Terraform's has, as durations everywhere in the language.
func timeAdd(s []string) (string, error) {
	t, err := time.Parse(time.RFC3339, s[0])
	if err != nil {
		return "", function.NewArgErrorf(0, "%q is no RFC 3339 time", s[0])
	}
	if len(s[1]) > 100 {
		return "", function.NewArgErrorf(1, "this is no duration")
	}
	inHours := days.ReplaceAllStringFunc(s[1], func(d string) string {
		n, _ := strconv.ParseFloat(d[:len(d)-1], 64)
		return strconv.FormatFloat(n*24, 'f', -1, 64) + "h"
	})
	d, err := time.ParseDuration(inHours)
	if err != nil {
		return "", function.NewArgErrorf(1, "%q is no duration", s[1])
	}
	return t.Add(d).Format(time.RFC3339), nil
}

var timeCmpFunc = function.New(&function.Spec{
	Params: []function.Parameter{textParam("timestamp_a"), textParam("timestamp_b")},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		var at [2]time.Time
		for i, a := range args {
			t, err := time.Parse(time.RFC3339, a.AsString())
			if err != nil {
				return cty.NilVal, function.NewArgErrorf(i, "%q is no RFC 3339 time", a.AsString())
			}
			at[i] = t
		}
		return cty.NumberIntVal(int64(at[0].Compare(at[1]))), nil
	},
})
