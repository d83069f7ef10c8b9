package verify

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// Limits of JSON from outside (J15).
const (
	maxDepth  = 64
	maxValues = 30_000 // in a whole text; an object counts twice
	// maxMembers is of the outermost object: envelopes, headers, claims and events have some 20.
	maxMembers = 1000
)

// member is one name of an object with its value, as it is written.
type member struct {
	name, value []byte
}

// members reads a text that is one JSON object and nothing after it: UTF-8, without lone surrogates, the
// names in each object unique. encoding/json takes the last of two equal names, folds their case and mends
// broken text; two readers of one token could then read two things (PROMISES J8).
func members(text []byte) ([]member, error) {
	s := scanner{b: text}
	if err := s.whole(); err != nil {
		return nil, err
	}
	if !s.object {
		return nil, errNoObject
	}
	return s.top, nil
}

var errNoObject = errors.New("it is no JSON object")

// find is the value of a name, or nil. Names are compared byte for byte.
func find(ms []member, name string) []byte {
	for i := range ms {
		if string(ms[i].name) == name {
			return ms[i].value
		}
	}
	return nil
}

// scanner checks a JSON text (RFC 8259) and remembers the members of the outermost object.
type scanner struct {
	b      []byte
	i      int
	values int
	object bool
	top    []member
	// elements are those of the outermost array.
	elements [][]byte
}

func (s *scanner) whole() error {
	if !utf8.Valid(s.b) {
		return errors.New("it is not valid UTF-8")
	}
	if err := s.value(0); err != nil {
		return err
	}
	if s.space(); s.i < len(s.b) {
		return s.fault("there is something after the JSON value")
	}
	return nil
}

func (s *scanner) fault(problem string) error { return fmt.Errorf("byte %d: %s", s.i, problem) }

// space skips white space and tells the byte after it, or 0 at the end.
func (s *scanner) space() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) value(depth int) error {
	c := s.space()
	if s.values++; s.values > maxValues {
		return s.fault("there are too many values")
	}
	switch {
	case c == '{' || c == '[':
		if depth >= maxDepth {
			return s.fault("objects and arrays are nested too deep")
		}
		s.i++
		if c == '[' {
			return s.array(depth)
		}
		s.values++
		return s.members(depth)
	case c == '"':
		_, err := s.text()
		return err
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	case c == '-' || digit(c):
		return s.number()
	}
	return s.fault("no JSON value begins like this")
}

func (s *scanner) word(w string) error {
	if end := s.i + len(w); end <= len(s.b) && string(s.b[s.i:end]) == w {
		s.i = end
		return nil
	}
	return s.fault("no JSON value begins like this")
}

func (s *scanner) array(depth int) error {
	if s.space() == ']' {
		s.i++
		return nil
	}
	for {
		s.space()
		from := s.i
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if depth == 0 {
			s.elements = append(s.elements, s.b[from:s.i])
		}
		switch s.space() {
		case ',':
			s.i++
		case ']':
			s.i++
			return nil
		default:
			return s.fault(`"," or "]" is expected`)
		}
	}
}

func (s *scanner) members(depth int) error {
	if depth == 0 {
		s.object, s.top = true, make([]member, 0, 16)
	}
	if s.space() == '}' {
		s.i++
		return nil
	}
	var names names
	for {
		if s.space() != '"' {
			return s.fault("a name is expected")
		}
		name, err := s.text()
		if err != nil {
			return err
		}
		if !names.add(name) {
			return s.fault("a name stands twice in its object")
		}
		if s.space() != ':' {
			return s.fault(`":" is expected`)
		}
		s.i++
		s.space()
		from := s.i
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if depth == 0 {
			if len(s.top) == maxMembers {
				return s.fault("the object has too many members")
			}
			s.top = append(s.top, member{name, s.b[from:s.i]})
		}
		switch s.space() {
		case ',':
			s.i++
		case '}':
			s.i++
			return nil
		default:
			return s.fault(`"," or "}" is expected`)
		}
	}
}

// names are those of one object: a few in place, many in a map.
type names struct {
	few  [24][]byte
	n    int
	many map[string]struct{}
}

func (ns *names) add(name []byte) bool {
	if ns.many != nil {
		if _, twice := ns.many[string(name)]; twice {
			return false
		}
		ns.many[string(name)] = struct{}{}
		return true
	}
	for _, have := range ns.few[:ns.n] {
		if string(have) == string(name) {
			return false
		}
	}
	if ns.n < len(ns.few) {
		ns.few[ns.n] = name
		ns.n++
		return true
	}
	ns.many = make(map[string]struct{}, 4*len(ns.few))
	for _, have := range ns.few {
		ns.many[string(have)] = struct{}{}
	}
	ns.many[string(name)] = struct{}{}
	return true
}

func (s *scanner) number() error {
	digits := func() bool {
		from := s.i
		for s.i < len(s.b) && digit(s.b[s.i]) {
			s.i++
		}
		return s.i > from
	}
	at := func(c byte) bool { return s.i < len(s.b) && s.b[s.i] == c }
	if at('-') {
		s.i++
	}
	if at('0') {
		s.i++
	} else if !digits() {
		return s.fault("a digit is expected")
	}
	if at('.') {
		if s.i++; !digits() {
			return s.fault("a digit is expected")
		}
	}
	if at('e') || at('E') {
		s.i++
		if at('+') || at('-') {
			s.i++
		}
		if !digits() {
			return s.fault("a digit is expected")
		}
	}
	return nil
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
