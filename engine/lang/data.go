package lang

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// DataLimits bound data from outside before it becomes a value. A zero means the default.
type DataLimits struct {
	// Bytes is the size of the text; default 10 MiB.
	Bytes int
	// Depth is how deep arrays and objects may be nested; default 64.
	Depth int
	// Elements is the number of values in all, an object counting twice; default 500,000, for a value
	// takes up to a hundred times the memory of its text.
	Elements int
}

func (l DataLimits) orDefault() DataLimits {
	if l.Bytes <= 0 {
		l.Bytes = 10 << 20
	}
	if l.Depth <= 0 {
		l.Depth = 64
	}
	l.Depth = min(l.Depth, 1000) // the parser is recursive
	if l.Elements <= 0 {
		l.Elements = 500_000
	}
	return l
}

// A DataError says why data from outside was refused, and where. It never holds a part of the data.
type DataError struct {
	Line, Column int // in bytes, from 1
	Offset       int
	Problem      string
}

func (e *DataError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Problem)
}

// ParseJSON reads one JSON value (RFC 8259) as objects, tuples, strings, numbers, bools and nulls of no
// type. It is stricter than encoding/json: names are unique in their object, text is UTF-8 without lone
// surrogates, numbers have at most MaxDigits digits and an exponent of at most MaxExponent and keep all
// their digits, and nothing but white space follows the value. An error is a *DataError.
func ParseJSON(b []byte, lim DataLimits) (cty.Value, error) {
	p := &jsonParser{b: b, lim: lim.orDefault()}
	if len(b) > p.lim.Bytes {
		return cty.NilVal, p.fault(0, fmt.Sprintf("the data has %d bytes; at most %d are allowed", len(b), p.lim.Bytes))
	}
	if !utf8.Valid(b) {
		return cty.NilVal, p.fault(invalidUTF8(b), "the text is not valid UTF-8")
	}
	v, err := p.value(0)
	if err != nil {
		return cty.NilVal, err
	}
	p.space()
	if p.i < len(b) {
		return cty.NilVal, p.fault(p.i, "there is something after the JSON value")
	}
	return v, nil
}

type jsonParser struct {
	b        []byte
	i        int
	lim      DataLimits
	elements int
	buf      []byte
}

func (p *jsonParser) fault(at int, problem string) error {
	at = min(at, len(p.b))
	before := p.b[:at]
	return &DataError{
		Line:    bytes.Count(before, []byte{'\n'}) + 1,
		Column:  at - bytes.LastIndexByte(before, '\n'),
		Offset:  at,
		Problem: problem,
	}
}
