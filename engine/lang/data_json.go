package lang

import (
	"fmt"
	"math/big"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// numberPrecision is what the language's own number literals have, in bits: enough for MaxDigits digits at
// any exponent, so that a number that comes in goes out unchanged.
const numberPrecision = 512

var jsonNull = cty.NullVal(cty.DynamicPseudoType)

// space skips white space and returns the byte after it, or 0 at the end.
func (p *jsonParser) space() byte {
	for p.i < len(p.b) {
		switch c := p.b[p.i]; c {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return c
		}
	}
	return 0
}

func (p *jsonParser) value(depth int) (cty.Value, error) {
	c := p.space()
	if p.i >= len(p.b) {
		return cty.NilVal, p.fault(p.i, "the JSON text ends where a value is expected")
	}
	if p.elements++; p.elements > p.lim.Elements {
		return cty.NilVal, p.fault(p.i, fmt.Sprintf("the data has more than %d values", p.lim.Elements))
	}
	switch c {
	case '{', '[':
		if depth >= p.lim.Depth {
			return cty.NilVal, p.fault(p.i, fmt.Sprintf("objects and arrays are nested more than %d deep", p.lim.Depth))
		}
		if c == '[' {
			return p.array(depth)
		}
		p.elements++
		return p.object(depth)
	case '"':
		s, err := p.text()
		if err != nil {
			return cty.NilVal, err
		}
		return cty.StringVal(s), nil
	case 't':
		return p.word("true", cty.True)
	case 'f':
		return p.word("false", cty.False)
	case 'n':
		return p.word("null", jsonNull)
	}
	if c == '-' || isDigit(c) {
		return p.number()
	}
	return cty.NilVal, p.fault(p.i, "no JSON value begins like this")
}

func (p *jsonParser) word(w string, v cty.Value) (cty.Value, error) {
	if end := p.i + len(w); end <= len(p.b) && string(p.b[p.i:end]) == w {
		p.i = end
		return v, nil
	}
	return cty.NilVal, p.fault(p.i, fmt.Sprintf("%q is expected here", w))
}

func (p *jsonParser) array(depth int) (cty.Value, error) {
	p.i++
	if p.space() == ']' {
		p.i++
		return cty.EmptyTupleVal, nil
	}
	var elems []cty.Value
	for {
		v, err := p.value(depth + 1)
		if err != nil {
			return cty.NilVal, err
		}
		elems = append(elems, v)
		switch p.space() {
		case ',':
			p.i++
		case ']':
			p.i++
			return cty.TupleVal(elems), nil
		default:
			return cty.NilVal, p.fault(p.i, `"," or "]" is expected here`)
		}
	}
}

func (p *jsonParser) object(depth int) (cty.Value, error) {
	p.i++
	if p.space() == '}' {
		p.i++
		return cty.EmptyObjectVal, nil
	}
	attrs := map[string]cty.Value{}
	for {
		if p.space() != '"' {
			return cty.NilVal, p.fault(p.i, "a name in double quotes is expected here")
		}
		at := p.i
		name, err := p.text()
		if err != nil {
			return cty.NilVal, err
		}
		// Names that differ only in how a letter is composed are one name in the language.
		name = cty.NormalizeString(name)
		if _, twice := attrs[name]; twice {
			return cty.NilVal, p.fault(at, "this name stands twice in its object")
		}
		if p.space() != ':' {
			return cty.NilVal, p.fault(p.i, `":" is expected here`)
		}
		p.i++
		v, err := p.value(depth + 1)
		if err != nil {
			return cty.NilVal, err
		}
		attrs[name] = v
		switch p.space() {
		case ',':
			p.i++
		case '}':
			p.i++
			return cty.ObjectVal(attrs), nil
		default:
			return cty.NilVal, p.fault(p.i, `"," or "}" is expected here`)
		}
	}
}

func (p *jsonParser) number() (cty.Value, error) {
	start, i, b := p.i, p.i, p.b
	digits := func() bool {
		from := i
		for i < len(b) && isDigit(b[i]) {
			i++
		}
		return i > from
	}
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return cty.NilVal, p.fault(i, "a digit is expected here")
	}
	whole := true
	if i < len(b) && b[i] == '.' {
		i++
		if whole = false; !digits() {
			return cty.NilVal, p.fault(i, "a digit is expected here")
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if whole = false; !digits() {
			return cty.NilVal, p.fault(i, "a digit is expected here")
		}
	}
	text := b[start:i]
	p.i = i
	if whole && len(text) <= 18 {
		n, _ := strconv.ParseInt(string(text), 10, 64)
		return cty.NumberVal(new(big.Float).SetPrec(numberPrecision).SetInt64(n)), nil
	}
	if why := checkNumber(text); why != "" {
		return cty.NilVal, p.fault(start, why)
	}
	f, _, err := big.ParseFloat(string(text), 10, numberPrecision, big.ToNearestEven)
	if err != nil {
		return cty.NilVal, p.fault(start, "this is no number")
	}
	if f.Sign() == 0 {
		return cty.Zero, nil // there is no negative zero
	}
	return cty.NumberVal(f), nil
}

// text reads a string that begins at the current place.
func (p *jsonParser) text() (string, error) {
	start := p.i
	i, b := p.i+1, p.b
	for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= ' ' {
		i++
	}
	if i < len(b) && b[i] == '"' {
		p.i = i + 1
		return string(b[start+1 : i]), nil
	}
	buf := append(p.buf[:0], b[start+1:i]...)
	for i < len(b) {
		c := b[i]
		switch {
		case c == '"':
			p.i, p.buf = i+1, buf
			return string(buf), nil
		case c < ' ':
			return "", p.fault(i, "a control character in a text must be written as an escape")
		case c != '\\':
			buf = append(buf, c)
			i++
			continue
		}
		if i+1 >= len(b) {
			break
		}
		switch e := b[i+1]; e {
		case '"', '\\', '/':
			buf = append(buf, e)
		case 'b':
			buf = append(buf, '\b')
		case 'f':
			buf = append(buf, '\f')
		case 'n':
			buf = append(buf, '\n')
		case 'r':
			buf = append(buf, '\r')
		case 't':
			buf = append(buf, '\t')
		case 'u':
			r, ok := hex4(b, i+2)
			if !ok {
				return "", p.fault(i, `\u needs four hexadecimal digits`)
			}
			if utf16.IsSurrogate(r) {
				low, _ := hex4(b, i+8)
				if i+7 >= len(b) || b[i+6] != '\\' || b[i+7] != 'u' {
					low = 0
				}
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					return "", p.fault(i, "a lone surrogate is no character")
				}
				i += 6
			}
			buf = utf8.AppendRune(buf, r)
			i += 4
		default:
			return "", p.fault(i, "there is no such escape")
		}
		i += 2
	}
	return "", p.fault(start, "this text is not closed")
}

func hex4(b []byte, i int) (rune, bool) {
	if i+4 > len(b) {
		return 0, false
	}
	r := rune(0)
	for _, c := range b[i : i+4] {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
