package api

import (
	"bytes"
	"encoding/json"
	"strings"

	"currant/steps"
)

// encode is the body of a request (PLATFORM 3.1): variables only where there are any, and the operation's name
// only where it is given.
func (r *Request) encode() ([]byte, error) {
	text := collapse(r.Text)
	if text == "" {
		return nil, steps.Errorf(steps.InternalError, "a GraphQL request without text")
	}
	variables := bytes.TrimSpace(r.Variables)
	if len(variables) > 0 && !json.Valid(variables) {
		return nil, steps.Errorf(steps.InternalError, "the variables of a GraphQL request are no JSON")
	}
	if string(variables) == "null" || len(variables) > 1 && len(bytes.TrimSpace(variables[1:len(variables)-1])) == 0 && variables[0] == '{' {
		variables = nil
	}
	if len(variables) > 0 && variables[0] != '{' {
		return nil, steps.Errorf(steps.InternalError, "the variables of a GraphQL request are no JSON object")
	}
	b := make([]byte, 0, len(text)+len(variables)+len(r.Operation)+64)
	b = append(b, `{"query":`...)
	b = appendString(b, text)
	if len(variables) > 0 {
		b = append(b, `,"variables":`...)
		b = append(b, variables...)
	}
	if r.Operation != "" {
		b = append(b, `,"operationName":`...)
		b = appendString(b, r.Operation)
	}
	return append(b, '}'), nil
}

func appendString(b []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // a text always can be
	return append(b, quoted...)
}

// collapse makes one blank of every run of whitespace outside strings, as the vendor does, and leaves out
// comments, which end with their line. Strings and block strings stay as they are.
func collapse(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	gap := false
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			gap = true
			i++
		case strings.HasPrefix(text[i:], "\ufeff"):
			gap = true
			i += len("\ufeff")
		case c == '#':
			gap = true
			for i < len(text) && text[i] != '\n' && text[i] != '\r' {
				i++
			}
		default:
			n := 1
			if c == '"' {
				n = stringLength(text[i:])
			}
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteString(text[i : i+n])
			i += n
		}
	}
	return b.String()
}

// stringLength is the length of the string or block string that a text begins with; all of the text where it is
// not closed, for the service to say so.
func stringLength(s string) int {
	const block = `"""`
	if strings.HasPrefix(s, block) {
		for i := len(block); i < len(s); i++ {
			switch {
			case strings.HasPrefix(s[i:], `\"""`):
				i += len(block)
			case strings.HasPrefix(s[i:], block):
				return i + len(block)
			}
		}
		return len(s)
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		case '\n', '\r': // not closed
			return len(s)
		}
	}
	return len(s)
}
