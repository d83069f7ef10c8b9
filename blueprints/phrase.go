package blueprints

import (
	"regexp"
	"strings"
)

// The names in the texts of automation rules. The language is the platform's: what is not plainly a name
// is left to it.

var (
	identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	insertion  = regexp.MustCompile(`\{\{([^{}]*)\}\}`)
	payload    = regexp.MustCompile(`(?is)\bcall\s+webhook\s.*?\bwith\s+payload\s+'([^']*)'`)
	token      = regexp.MustCompile(`\s*(?:([A-Za-z_][A-Za-z0-9_]*)|(&&|\|\||[()!]))`)
)

// conditionWords are words of the language, and no names.
var conditionWords = map[string]bool{"and": true, "or": true, "not": true, "true": true, "false": true}

// conditionNames are the names in a condition made of names, and, or, ! and parentheses; none where it has
// anything else.
func conditionNames(s string) (names []string) {
	for rest := strings.TrimSpace(s); rest != ""; {
		m := token.FindStringSubmatchIndex(rest)
		if m == nil || m[0] != 0 {
			return nil
		}
		if m[2] >= 0 {
			if name := rest[m[2]:m[3]]; !conditionWords[strings.ToLower(name)] {
				names = append(names, name)
			}
		}
		rest = strings.TrimLeft(rest[m[1]:], " \t\r\n")
	}
	return names
}

// insertions are the names that a text inserts as {{name}} or mentions as {{@name}}; longer expressions are left out.
func insertions(s string) (names []string) {
	for _, m := range insertion.FindAllStringSubmatch(s, -1) {
		if name := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(m[1]), "@")); identifier.MatchString(name) {
			names = append(names, name)
		}
	}
	return names
}

// payloadNames are the names that an action sends to a webhook.
func payloadNames(s string) (names []string) {
	for _, m := range payload.FindAllStringSubmatch(s, -1) {
		for _, name := range strings.Fields(m[1]) {
			if identifier.MatchString(name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// combined are the names in the value of an expression that combines others with and, or and !. Another value may
// name fields of the record, and gives none.
func combined(s string) []string {
	names := conditionNames(s)
	if len(names) < 2 && !strings.HasPrefix(strings.TrimSpace(s), "!") {
		return nil
	}
	return names
}
