package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/netresearch/go-cron"
)

// maxCron is the longest cron line read, in bytes.
const maxCron = 512

// cronYears is how far ahead a cron line is searched. 29 February on a given
// weekday comes back after 40 years at most.
const cronYears = 50

var macros = map[string]string{
	"@hourly":   "0 * * * *",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@weekly":   "0 0 * * 0",
	"@monthly":  "0 0 1 * *",
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
}

// cronField is what may stand in one of the five fields.
type cronField struct {
	name     string
	min, max int
	names    []string // of min, min+1, …
}

var cronFields = [5]cronField{
	{name: "minute", max: 59},
	{name: "hour", max: 23},
	{name: "day of month", min: 1, max: 31},
	{name: "month", min: 1, max: 12, names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
	{name: "day of week", max: 7, names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}},
}

const (
	dayOfMonth = 2
	dayOfWeek  = 4
)

// cronLine is a cron line on a clock that never changes.
type cronLine struct{ spec cron.Schedule }

func (c cronLine) next(w wall) (wall, bool) {
	t := c.spec.Next(w.date())
	if t.IsZero() {
		return 0, false
	}
	return wall(t.Unix()), true
}

// parseCron also says whether the line follows the clock as it passes.
func parseCron(line string) (source, bool, error) {
	if len(line) > maxCron {
		return nil, false, wrong("cron", "the line is %d bytes long; at most %d are read", len(line), maxCron)
	}
	fields, err := splitCron(line)
	if err != nil {
		return nil, false, err
	}
	for i := range fields {
		if fields[i], err = checkCronField(i, fields[i]); err != nil {
			return nil, false, err
		}
	}
	options := cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.DowNth | cron.DowLast | cron.DomL | cron.DomW
	// Two restricted day fields mean either day, as crontab(5) has it; a field
	// that begins with * does not count as restricted.
	if !strings.HasPrefix(fields[dayOfMonth], "*") && !strings.HasPrefix(fields[dayOfWeek], "*") {
		options |= cron.DowOrDom
	}
	parser, err := cron.TryNewParser(options)
	if err != nil {
		return nil, false, wrong("cron", "%v", err)
	}
	spec, err := parser.WithMaxSearchYears(cronYears).Parse("TZ=UTC " + strings.Join(fields, " "))
	if err != nil {
		return nil, false, wrong("cron", "%q: %v", clip(line), err)
	}
	c := cronLine{spec}
	if _, ok := c.next(0); !ok {
		return nil, false, wrong("cron", "%q never fires: no such day comes in %d years", clip(line), cronYears)
	}
	return c, fields[1] == "*", nil
}

func splitCron(line string) ([]string, error) {
	text := strings.TrimSpace(line)
	if strings.HasPrefix(text, "@") {
		name := strings.ToLower(text)
		if m, ok := macros[name]; ok {
			return strings.Fields(m), nil
		}
		if strings.HasPrefix(name, "@every") {
			return nil, wrong("cron", "%q is not cron; write every = \"…\" instead of cron", clip(text))
		}
		const known = "@hourly, @daily, @weekly, @monthly or @yearly"
		if near := nearest(name, macros); near != "" {
			return nil, wrong("cron", "%q is not known; did you mean %q? It may be %s", clip(text), near, known)
		}
		return nil, wrong("cron", "%q is not known; write %s, or five fields", clip(text), known)
	}
	if up := strings.ToUpper(text); strings.HasPrefix(up, "TZ=") || strings.HasPrefix(up, "CRON_TZ=") {
		return nil, wrong("cron", "%q names a zone; write it as timezone = \"…\"", clip(text))
	}
	fields := strings.Fields(strings.ToUpper(text))
	const five = "minute hour day-of-month month day-of-week"
	switch n := len(fields); {
	case n == 5:
		return fields, nil
	case n == 6:
		return nil, wrong("cron", "%q has 6 fields; there are 5 (%s) and none for seconds: leave it out, or use every", clip(text), five)
	default:
		return nil, wrong("cron", "%q has %d fields; write 5 (%s) or a name such as @daily", clip(text), n, five)
	}
}

// checkCronField checks one field and gives it back in the library's spelling.
func checkCronField(i int, text string) (string, error) {
	f := cronFields[i]
	bad := func(format string, args ...any) error {
		return wrong("cron", "field %d (%s): %s", i+1, f.name, fmt.Sprintf(format, args...))
	}
	items := strings.Split(text, ",")
	for k, item := range items {
		if item == "?" {
			if i != dayOfMonth && i != dayOfWeek {
				return "", bad("? may stand only for a day; write *")
			}
			items[k] = "*"
			continue
		}
		if item == "" {
			return "", bad("%q has an empty item; write values with single commas", clip(text))
		}
		if special, ok, err := specialDay(i, item, bad); ok || err != nil {
			if err != nil {
				return "", err
			}
			items[k] = special
			continue
		}
		if err := f.check(item, bad); err != nil {
			return "", err
		}
	}
	// A list with * in it is *.
	if slices.Contains(items, "*") {
		return "*", nil
	}
	return strings.Join(items, ","), nil
}

// specialDay reads L, L-n, LW and nW among days of the month, and 5#2, 5#L and
// 5L among days of the week.
func specialDay(i int, item string, bad func(string, ...any) error) (string, bool, error) {
	switch {
	case i == dayOfMonth && (item == "L" || item == "LW"):
		return item, true, nil
	case i == dayOfMonth && strings.HasPrefix(item, "L-"):
		n, err := strconv.Atoi(item[2:])
		if err != nil || n < 1 || n > 30 {
			return "", false, bad("%q: the days before the last must be 1 to 30", clip(item))
		}
		return item, true, nil
	case i == dayOfMonth && strings.HasSuffix(item, "W"):
		if _, err := cronFields[i].value(strings.TrimSuffix(item, "W"), bad); err != nil {
			return "", false, err
		}
		return item, true, nil
	case i == dayOfWeek && strings.Contains(item, "#"):
		weekday, nth, _ := strings.Cut(item, "#")
		if _, err := cronFields[i].value(weekday, bad); err != nil {
			return "", false, err
		}
		if nth != "L" && (len(nth) != 1 || nth[0] < '1' || nth[0] > '5') {
			return "", false, bad("%q: after # comes 1 to 5, or L for the last of the month", clip(item))
		}
		return item, true, nil
	case i == dayOfWeek && len(item) > 1 && strings.HasSuffix(item, "L"):
		weekday := strings.TrimSuffix(item, "L")
		if _, err := cronFields[i].value(weekday, bad); err != nil {
			return "", false, err
		}
		return weekday + "#L", true, nil
	}
	return "", false, nil
}

// check reads *, a, a-b, and each with /step.
func (f cronField) check(item string, bad func(string, ...any) error) error {
	values, step, stepped := strings.Cut(item, "/")
	low, high := f.min, f.max
	if values != "*" {
		from, to, ranged := strings.Cut(values, "-")
		var err error
		if low, err = f.value(from, bad); err != nil {
			return err
		}
		if ranged {
			if high, err = f.value(to, bad); err != nil {
				return err
			}
		}
	}
	if !stepped {
		return nil
	}
	size := high - low + 1
	if size <= 0 { // over the end, as in FRI-MON or 22-2
		size += f.max - f.min + 1
	}
	n, err := strconv.Atoi(step)
	if err != nil || n < 1 {
		return bad("the step in %q is not a number from 1", clip(item))
	}
	if n >= size && n > 1 {
		return bad("the step in %q is too large: %s has %d values, so it would only ever be %d", clip(item), values, size, low)
	}
	return nil
}

func (f cronField) value(text string, bad func(string, ...any) error) (int, error) {
	if at := slices.Index(f.names, text); at >= 0 {
		return f.min + at, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || strings.HasPrefix(text, "+") {
		if f.names != nil {
			return 0, bad("%q is neither a number (%d-%d) nor a name (%s…)", clip(text), f.min, f.max, strings.Join(f.names[:3], ", "))
		}
		return 0, bad("%q is not a number (%d-%d)", clip(text), f.min, f.max)
	}
	if n < f.min || n > f.max {
		return 0, bad("%d is not in %d-%d", n, f.min, f.max)
	}
	return n, nil
}

// nearest is the key that text was probably meant to be, or "".
func nearest[V any](text string, known map[string]V) string {
	best, at := "", 3
	for key := range known {
		if d := distance(clip(text), key); d < at || d == at && key < best {
			best, at = key, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
