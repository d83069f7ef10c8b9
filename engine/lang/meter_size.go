package lang

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
)

// elementBytes is what an element costs besides its content.
const elementBytes = 4

var (
	tooManyBytes    = fmt.Sprintf("a value of more than %d bytes", MaxValueBytes)
	tooManyElements = fmt.Sprintf("a list, set, map or object of more than %d elements", MaxValueElements)
	tooLargeNumber  = "a number beyond 1e400, below 1e-400 or infinite"
)

// size is how large a value is. Measuring stops at the first limit that is passed.
type size struct {
	bytes     int
	elements  bool // a collection has too many
	magnitude bool // a number is too large or too small
}

// over says which limit a value passes, or "".
func (s *size) over() string {
	switch {
	case s.magnitude:
		return tooLargeNumber
	case s.elements:
		return tooManyElements
	case s.bytes > MaxValueBytes:
		return tooManyBytes
	}
	return ""
}

func (s *size) full() bool { return s.magnitude || s.elements || s.bytes > MaxValueBytes }

// measure walks a value, marked or not. Values share memory (`[a, a]`), but are counted as often as they
// occur: that is what encoding, comparing and sending them costs.
func measure(v cty.Value) *size {
	s := &size{}
	s.add(v)
	return s
}

func (s *size) add(v cty.Value) {
	s.bytes += elementBytes
	if s.full() {
		return
	}
	if v.IsMarked() {
		v, _ = v.Unmark()
	}
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() {
		return
	}
	t := v.Type()
	switch {
	case t == cty.String:
		s.bytes += len(v.AsString())
	case t == cty.Number:
		s.bytes += elementBytes
		s.magnitude = !sane(v)
	case t == cty.Bool || t.IsCapsuleType() || t == cty.DynamicPseudoType:
	case t.IsObjectType():
		s.object(v, t)
	default:
		s.collection(v, t)
	}
}

func (s *size) object(v cty.Value, t cty.Type) {
	attrs := t.AttributeTypes()
	if len(attrs) > MaxValueElements {
		s.elements = true
		return
	}
	for name := range attrs {
		s.bytes += len(name)
		s.add(v.GetAttr(name))
		if s.full() {
			return
		}
	}
}

func (s *size) collection(v cty.Value, t cty.Type) {
	if v.LengthInt() > MaxValueElements {
		s.elements = true
		return
	}
	for it := v.ElementIterator(); it.Next(); {
		k, ev := it.Element()
		if t.IsMapType() {
			s.bytes += len(k.AsString())
		}
		s.add(ev)
		if s.full() {
			return
		}
	}
}

// sane says whether a known number is finite and within the magnitudes that we work on.
func sane(v cty.Value) bool {
	f := v.AsBigFloat()
	if f.IsInf() {
		return false
	}
	exp := f.MantExp(nil)
	return f.Sign() == 0 || (exp < maxNumberBits && exp > -maxNumberBits)
}

// saneNumber is true of everything but a known number that is not sane. It costs next to nothing.
func saneNumber(v cty.Value) bool {
	if v.Type() != cty.Number {
		return true
	}
	if v.IsMarked() {
		v, _ = v.Unmark()
	}
	return v.IsNull() || !v.IsKnown() || sane(v)
}
