package verify

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string; without escapes the result is a part of what is read.
func (s *scanner) text() ([]byte, error) {
	s.i++
	from := s.i
	for s.i < len(s.b) && s.b[s.i] != '"' && s.b[s.i] != '\\' && s.b[s.i] >= ' ' {
		s.i++
	}
	if s.i < len(s.b) && s.b[s.i] == '"' {
		s.i++
		return s.b[from : s.i-1], nil
	}
	out := append([]byte(nil), s.b[from:s.i]...)
	for s.i < len(s.b) {
		c := s.b[s.i]
		switch {
		case c == '"':
			s.i++
			return out, nil
		case c < ' ':
			return nil, s.fault("a control character in a text must be an escape")
		case c != '\\':
			out = append(out, c)
			s.i++
			continue
		}
		var err error
		if out, err = s.escape(out); err != nil {
			return nil, err
		}
	}
	return nil, s.fault("a text is not closed")
}

// escape reads an escape and appends what it stands for.
func (s *scanner) escape(out []byte) ([]byte, error) {
	if s.i+1 >= len(s.b) {
		return nil, s.fault("a text is not closed")
	}
	e := s.b[s.i+1]
	switch e {
	case '"', '\\', '/':
	case 'b':
		e = '\b'
	case 'f':
		e = '\f'
	case 'n':
		e = '\n'
	case 'r':
		e = '\r'
	case 't':
		e = '\t'
	case 'u':
		return s.unicode(out)
	default:
		return nil, s.fault("there is no such escape")
	}
	s.i += 2
	return append(out, e), nil
}

func (s *scanner) unicode(out []byte) ([]byte, error) {
	r, ok := s.hex(s.i + 2)
	if !ok {
		return nil, s.fault(`\u needs four hexadecimal digits`)
	}
	n := 6
	if utf16.IsSurrogate(r) {
		low, ok := s.hex(s.i + 8)
		if !ok || s.b[s.i+6] != '\\' || s.b[s.i+7] != 'u' {
			low = 0
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return nil, s.fault("a lone surrogate is no character")
		}
		n = 12
	}
	s.i += n
	return utf8.AppendRune(out, r), nil
}

func (s *scanner) hex(at int) (rune, bool) {
	if at+4 > len(s.b) {
		return 0, false
	}
	for _, c := range s.b[at : at+4] {
		if !digit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(string(s.b[at:at+4]), 16, 32)
	return rune(n), err == nil
}

// textOf is a value that is a string; false of any other. The value was scanned before.
func textOf(value []byte) (string, bool) {
	if len(value) == 0 || value[0] != '"' {
		return "", false
	}
	s := scanner{b: value}
	b, err := s.text()
	return string(b), err == nil
}

// elementsOf are the elements of a value that is an array; false of any other. The value was scanned before.
func elementsOf(value []byte) ([][]byte, bool) {
	if len(value) == 0 || value[0] != '[' {
		return nil, false
	}
	s := scanner{b: value}
	err := s.value(0)
	return s.elements, err == nil
}
