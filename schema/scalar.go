package schema

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// leaf is what a scalar or an enum becomes (PLATFORM 3.11).
type leaf byte

const (
	textLeaf leaf = iota
	numberLeaf
	boolLeaf
	anyLeaf
)

// leafOf tells by the name of the type; everything unknown is text.
func leafOf(name string) leaf {
	switch name {
	case "Int", "Float":
		return numberLeaf
	case "Boolean":
		return boolLeaf
	case "JSON":
		return anyLeaf
	}
	return textLeaf
}

var leafTypes = [...]cty.Type{cty.String, cty.Number, cty.Bool, cty.DynamicPseudoType}

func (l leaf) ctyType() cty.Type   { return leafTypes[l] }
func (l leaf) inputType() cty.Type { return leafTypes[l] }

// timestampWords may stand in place of a time in an ISO8601Timestamp (PLATFORM 3.11).
var timestampWords = []string{"best_effort", "no_target", "clock_stopped"}

// checkFormat says whether the text of a scalar that has a form has it; why says more than what is needed.
func checkFormat(name string, v cty.Value) (ok bool, why string) {
	if v.Type() != cty.String {
		return true, ""
	}
	s := v.AsString()
	switch name {
	case "ISO8601Date":
		return parses(s, time.DateOnly), ""
	case "ISO8601Time":
		return parses(s, "15:04", "15:04:05"), ""
	case "ISO8601Timestamp":
		if slices.Contains(timestampWords, s) {
			return true, ""
		}
		return checkDateTime(s)
	case "ISO8601DateTime":
		return checkDateTime(s)
	}
	return true, ""
}

func checkDateTime(s string) (ok bool, why string) {
	if parses(s, "2006-01-02T15:04:05", "2006-01-02T15:04") {
		return false, " The time zone is missing: Z or +01:00 at the end."
	}
	return parses(s, time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z0700", time.DateOnly), ""
}

func parses(s string, layouts ...string) bool {
	return slices.ContainsFunc(layouts, func(layout string) bool {
		_, err := time.Parse(layout, s)
		return err == nil
	})
}

// needs says in words what a type takes, for the middle of a sentence: "a list of text".
func (s *Schema) needs(r *ref) string {
	if r.elem != nil {
		if t := s.lookup(r.base()); t != nil && t.kind == inputKind {
			return "a list of objects (" + r.base() + ")"
		}
		return "a list of " + strings.TrimPrefix(strings.TrimPrefix(s.needs(r.elem), "a list of "), "a ")
	}
	switch r.name {
	case "Int":
		return "a whole number"
	case "Float":
		return "a number"
	case "Boolean":
		return "true or false"
	case "ISO8601Date":
		return "a date such as 2026-01-31"
	case "ISO8601Time":
		return "a time of day such as 17:30"
	case "ISO8601DateTime", "ISO8601Timestamp":
		return "a time such as 2026-01-31T17:30:00Z"
	case "JSON":
		return "any value"
	}
	t := s.lookup(r.name)
	switch {
	case t == nil:
		return "text"
	case t.kind == inputKind && t.field("values") != nil:
		return "an object such as { values = [...] } (" + t.name + ")"
	case t.kind == inputKind:
		return "an object (" + t.name + ")"
	}
	if options := t.options(); len(options) > 0 && len(options) <= fewOptions {
		return "one of " + strings.Join(options, ", ")
	} else if options != nil {
		return "a value of " + t.name
	}
	return "text"
}

// typeName is what a value of a blueprint is, for the middle of a sentence.
func typeName(t cty.Type) string {
	switch {
	case t == cty.String:
		return "a text"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case isMap(t):
		return "an object"
	case isList(t):
		return "a list"
	}
	return fmt.Sprintf("a value of type %s", t.FriendlyName())
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
