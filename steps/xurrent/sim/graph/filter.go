package graph

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

type test = func(*record) bool

// filter turns a filter (PLATFORM 3.13) into tests that must all pass. A key that stands for nothing in the records finds
// them empty.
func (x *executor) filter(t *typeInfo, filter map[string]any) ([]test, string) {
	var tests []test
	for _, key := range sortedKeys(filter) {
		v := filter[key]
		if v == nil {
			continue
		}
		path := x.m.fieldPath(t, key)
		switch v := v.(type) {
		case string:
			if key == "query" {
				tests = append(tests, freeText(v))
			}
		case bool:
			tests = append(tests, x.flag(path, v))
		case []any: // customFilters
			for _, c := range v {
				if c, ok := c.(map[string]any); ok {
					tests = append(tests, customField(c))
				}
			}
		case map[string]any:
			if f := x.values(path, v); f != nil {
				tests = append(tests, f)
			}
			if f := x.bounds(path, v); f != nil {
				tests = append(tests, f)
			}
		}
	}
	return tests, ""
}

// freeText finds records that hold every word of a text in one of their texts, whatever the case.
func freeText(text string) test {
	words := strings.Fields(strings.ToLower(text))
	return func(r *record) bool {
		for _, w := range words {
			if !holds(r, w) {
				return false
			}
		}
		return true
	}
}

func holds(r *record, word string) bool {
	for _, s := range r.slots {
		if text, ok := s.value.(string); ok && r.typ.keys[s.key] && contains(text, word) {
			return true
		}
	}
	return false
}

// contains looks for a word in small letters, whatever the case of the text. It makes no copy where all is ASCII.
func contains(text, word string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return strings.Contains(strings.ToLower(text), word)
		}
	}
	for i := 0; i+len(word) <= len(text); i++ {
		j := 0
		for j < len(word) && lowerByte(text[i+j]) == word[j] {
			j++
		}
		if j == len(word) {
			return true
		}
	}
	return false
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// flag compares a yes or no; a relation counts as yes where there is one.
func (x *executor) flag(path *fieldPath, want bool) test {
	return func(r *record) bool {
		got := false
		path.each(x.a, r, func(v any) bool {
			b, isBool := v.(bool)
			got = b || !isBool
			return !got
		})
		return got == want
	}
}

// values is {values: [...], negate: ...}; no values asks for what is empty.
func (x *executor) values(path *fieldPath, filter map[string]any) test {
	list, given := filter["values"].([]any)
	if !given {
		return nil
	}
	negate, _ := filter["negate"].(bool)
	texts := map[string]bool{}
	records := map[*record]bool{}
	wantEmpty := len(list) == 0
	for _, v := range list {
		if v == nil {
			wantEmpty = true
			continue
		}
		s := plain(v)
		texts[s] = true
		if r := x.a.lookup(s); r != nil {
			records[r] = true
		}
	}
	return func(r *record) bool {
		empty, found := true, false
		path.each(x.a, r, func(v any) bool {
			empty = false
			switch v := v.(type) {
			case *record:
				found = records[v]
			case string:
				found = texts[v]
			default:
				found = texts[plain(v)]
			}
			return !found
		})
		return (found || empty && wantEmpty) != negate
	}
}

var comparisons = map[string]func(int) bool{
	"lessThan":             func(c int) bool { return c < 0 },
	"lessThanOrEqualTo":    func(c int) bool { return c <= 0 },
	"greaterThan":          func(c int) bool { return c > 0 },
	"greaterThanOrEqualTo": func(c int) bool { return c >= 0 },
}

// bounds is {lessThan: ..., greaterThanOrEqualTo: ...}; what is empty is in no range.
func (x *executor) bounds(path *fieldPath, filter map[string]any) test {
	type bound struct {
		limit any
		holds func(int) bool
	}
	var all []bound
	for name, holds := range comparisons {
		if limit := filter[name]; limit != nil {
			all = append(all, bound{path.comparable(limit), holds})
		}
	}
	if len(all) == 0 {
		return nil
	}
	return func(r *record) bool {
		inside := false
		path.each(x.a, r, func(v any) bool {
			if s, ok := v.(string); ok && timeWords[s] {
				return true
			}
			inside = true
			for _, b := range all {
				inside = inside && b.holds(compareScalars(path.comparable(v), b.limit))
			}
			return !inside
		})
		return inside
	}
}

// customField is {name: ..., values: [...], negate: ...}: the name is the id of the custom field, and null among the
// values asks for what is empty.
func customField(filter map[string]any) test {
	name := asText(filter["name"])
	negate, _ := filter["negate"].(bool)
	list, _ := filter["values"].([]any)
	texts := map[string]bool{}
	wantEmpty := len(list) == 0
	for _, v := range list {
		if v == nil {
			wantEmpty = true
		} else {
			texts[plain(v)] = true
		}
	}
	return func(r *record) bool {
		empty, found := true, false
		fields, _ := r.get(keyCustomFields).([]any)
		for _, f := range fields {
			f, _ := f.(map[string]any)
			if f["id"] != name {
				continue
			}
			for _, s := range customTexts(f["value"]) {
				empty = false
				found = found || texts[s]
			}
		}
		return (found || empty && wantEmpty) != negate
	}
}

// customTexts gives the value of a custom field as texts: none, one, or those of a list.
func customTexts(v any) []string {
	raw, ok := v.(json.RawMessage)
	if ok {
		if json.Unmarshal(raw, &v) != nil {
			return nil
		}
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	var texts []string
	for _, e := range list {
		if s := plain(e); s != "" {
			texts = append(texts, s)
		}
	}
	return texts
}
