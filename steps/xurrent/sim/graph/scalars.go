package graph

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// scalar turns a JSON or literal value into the one kept for a scalar or an enum of the schema (PLATFORM 3.11);
// problem says what is wrong with it, "" if nothing.
func (m *model) scalar(def *ast.Definition, v any) (kept any, problem string) {
	if def.Kind == ast.Enum {
		s, ok := v.(string)
		if ok && def.EnumValues.ForName(s) != nil {
			return s, ""
		}
		return nil, fmt.Sprintf("Expected %s to be one of: %s", shown(v), enumNames(def))
	}
	if words := m.lists[def.Name]; words != nil {
		if s := plain(v); words[s] {
			return s, ""
		}
		return nil, fmt.Sprintf("Expected %s to be one of: %s", shown(v), strings.Join(sortedKeys(words), ", "))
	}
	ok := true
	switch def.Name {
	case "Int":
		kept, ok = wholeNumber(v)
	case "Float":
		kept, ok = number(v)
	case "Boolean":
		kept, ok = v.(bool)
	case "ID":
		if _, isText := v.(string); !isText {
			_, ok = wholeNumber(v)
		}
		kept = plain(v)
	case "JSON":
		kept, ok = plainJSON(v), true
	case "Decimal", "MonetaryAmount":
		kept = plain(v)
		ok = decimal.MatchString(plain(v))
	case "ISO8601Timestamp", "ISO8601DateTime":
		kept, ok = parseTime(v)
	case "ISO8601Date":
		kept = v
		ok = matchesDate(v)
	case "ISO8601Time":
		kept = v
		ok = timeOfDay.MatchString(asText(v))
	default: // String, Language, TimeZone
		kept, ok = v.(string)
	}
	if !ok {
		return nil, fmt.Sprintf("Could not coerce value %s to %s", shown(v), def.Name)
	}
	return kept, ""
}

var (
	decimal   = regexp.MustCompile(`^-?[0-9]{1,40}(\.[0-9]{1,40})?$`)
	timeOfDay = regexp.MustCompile(`^([01][0-9]|2[0-4]):[0-5][0-9](:[0-5][0-9])?$`)
)

func enumNames(def *ast.Definition) string {
	names := make([]string, len(def.EnumValues))
	for i, v := range def.EnumValues {
		names[i] = v.Name
	}
	return strings.Join(names, ", ")
}

func asText(v any) string { s, _ := v.(string); return s }

// plain is a scalar value as text, "" for lists and objects.
func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case int64:
		return strconv.FormatInt(v, 10)
	case int:
		return strconv.Itoa(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// shown is a value in an error: JSON, cut short.
func shown(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "that"
	}
	if len(b) > 80 {
		return strings.ToValidUTF8(string(b[:77]), "") + "..."
	}
	return string(b)
}

// wholeNumber accepts GraphQL's Int: 32 bits.
func wholeNumber(v any) (int64, bool) {
	f, ok := number(v)
	if !ok || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
		return 0, false
	}
	return int64(f), true
}

// numberText is a number of the query text in the form that JSON numbers have.
func numberText(raw string) json.Number { return json.Number(raw) }

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	}
	return 0, false
}

// plainJSON keeps a JSON value without the types of this package's callers.
func plainJSON(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return json.RawMessage(b)
}

// Words that a timestamp of a target can hold in place of a time (PLATFORM 3.11).
var timeWords = map[string]bool{"best_effort": true, "no_target": true, "clock_stopped": true}

var timeLayouts = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", time.DateOnly}

func parseTime(v any) (string, bool) {
	s := asText(v)
	if timeWords[s] {
		return s, true
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 0 && t.Year() <= 9999 {
			return timestamp(t), true
		}
	}
	return "", false
}

func matchesDate(v any) bool {
	_, err := time.Parse(time.DateOnly, asText(v))
	return err == nil
}
