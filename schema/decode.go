package schema

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// The limits of an answer (promise H3): those of lang.DataLimits.
const (
	maxDataBytes    = 10 << 20
	maxDataDepth    = 64
	maxDataElements = 500_000
)

// A DecodeError says why an answer was refused, and where in it. It never holds a part of the data.
type DecodeError struct {
	Path    []string // names and indexes from the outside in
	Problem string
}

// Error is the problem with its place.
func (e *DecodeError) Error() string {
	if len(e.Path) == 0 {
		return "the answer cannot be used: " + e.Problem
	}
	return "the answer cannot be used, at " + strings.Join(e.Path, ".") + ": " + e.Problem
}

// decoder reads JSON straight into values. It checks what it makes values of and skips the rest.
type decoder struct {
	b        []byte
	i        int
	elements int
	nested   *int // nodes of nested connections so far, over all answers of a record
	ctx      context.Context
	fetch    Fetch
	early    error
}

func newDecoder(ctx context.Context, data []byte, fetch Fetch) *decoder {
	d := &decoder{b: data, ctx: ctx, fetch: fetch, nested: new(int)}
	switch {
	case len(data) > maxDataBytes:
		d.early = d.fault("it has %d bytes; at most %d are read: ask for fewer fields, or for less with page_size", len(data), maxDataBytes)
	case !utf8.Valid(data):
		d.early = d.fault("it is not valid UTF-8")
	}
	return d
}

func (d *decoder) fault(format string, args ...any) error {
	return &DecodeError{Problem: fmt.Sprintf(format, args...)}
}

// within puts a name before the path of an error.
func within(name string, err error) error {
	var de *DecodeError
	if errors.As(err, &de) {
		de.Path = append([]string{name}, de.Path...)
	}
	return err
}

// parsed reads any value as lang.ParseJSON does, with all its limits.
func (d *decoder) parsed(depth int) (cty.Value, []byte, error) {
	raw, err := d.skip(depth)
	if err != nil {
		return cty.NilVal, nil, err
	}
	if len(raw) > 0 && raw[0] != '{' && raw[0] != '[' {
		depth = 0 // the limit must not become zero, which means the default
	}
	v, err := lang.ParseJSON(raw, lang.DataLimits{Depth: maxDataDepth - depth, Elements: max(1, maxDataElements-d.elements)})
	if err != nil {
		var de *lang.DataError
		if errors.As(err, &de) {
			return cty.NilVal, nil, d.fault("%s", de.Problem)
		}
		return cty.NilVal, nil, d.fault("it is not JSON")
	}
	d.elements += strings.Count(string(raw), ",")
	return v, raw, nil
}

// numberPrecision is what numbers have that lang.ParseJSON reads, in bits, so that all numbers compute alike.
const numberPrecision = 512

// leaf reads a scalar or an enum.
func (d *decoder) leaf(l leaf, depth int) (cty.Value, error) {
	if err := d.count(); err != nil {
		return cty.NilVal, err
	}
	c := d.space()
	if c == '"' && l == textLeaf {
		return d.text()
	}
	switch {
	case c == 'n' && d.null():
		return cty.NullVal(l.ctyType()), nil
	case l == numberLeaf && (c == '-' || '0' <= c && c <= '9'):
		if v, ok := d.smallInt(); ok {
			return v, nil
		}
	}
	v, raw, err := d.parsed(depth)
	if err != nil {
		return cty.NilVal, err
	}
	want := l.ctyType()
	switch {
	case l == anyLeaf:
		return v, nil
	case v.Type() == want:
		return v, nil
	case l == textLeaf:
		return cty.StringVal(string(raw)), nil // a number, a bool, or an object of a scalar that we do not know
	}
	if v.Type() == cty.String {
		if l == numberLeaf {
			if n, err := lang.ParseJSON([]byte(strings.TrimSpace(v.AsString())), lang.DataLimits{}); err == nil && n.Type() == cty.Number {
				return n, nil
			}
		}
		if out, err := lang.Convert(v, want); err == nil && l == boolLeaf {
			return out, nil
		}
	}
	return cty.NilVal, d.fault("%s is expected, not %s", typeName(want), typeName(v.Type()))
}

// text reads a text; one without escapes, as most are, is only copied.
func (d *decoder) text() (cty.Value, error) {
	start := d.i
	if err := d.skipText(); err != nil {
		return cty.NilVal, err
	}
	raw := d.b[start:d.i]
	for _, c := range raw {
		if c == '\\' {
			v, err := lang.ParseJSON(raw, lang.DataLimits{})
			if err != nil {
				return cty.NilVal, d.fault("a text has an escape that means no character")
			}
			return v, nil
		}
	}
	return cty.StringVal(string(raw[1 : len(raw)-1])), nil
}

// smallInt reads a whole number of few digits.
func (d *decoder) smallInt() (cty.Value, bool) {
	i := d.i
	if d.b[i] == '-' {
		i++
	}
	from, n := i, int64(0)
	for i < len(d.b) && '0' <= d.b[i] && d.b[i] <= '9' {
		if i-from >= 18 {
			return cty.NilVal, false
		}
		n = n*10 + int64(d.b[i]-'0')
		i++
	}
	if i == from || d.b[from] == '0' && i > from+1 || i < len(d.b) && strings.IndexByte(",}] \t\r\n", d.b[i]) < 0 {
		return cty.NilVal, false
	}
	if d.b[d.i] == '-' {
		n = -n
	}
	d.i = i
	return cty.NumberVal(new(big.Float).SetPrec(numberPrecision).SetInt64(n)), true
}
