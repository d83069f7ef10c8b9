package run

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// appendType adds a type as cty's own encoder writes it. That one encodes, and then checks, every level once
// for each level above it: an event's type cost more than its value.
func appendType(b []byte, t cty.Type) ([]byte, error) {
	switch {
	case t == cty.String:
		return append(b, `"string"`...), nil
	case t == cty.Number:
		return append(b, `"number"`...), nil
	case t == cty.Bool:
		return append(b, `"bool"`...), nil
	case t == cty.DynamicPseudoType:
		return append(b, `"dynamic"`...), nil
	case t.IsListType():
		return appendElement(append(b, `["list",`...), t.ElementType())
	case t.IsSetType():
		return appendElement(append(b, `["set",`...), t.ElementType())
	case t.IsMapType():
		return appendElement(append(b, `["map",`...), t.ElementType())
	case t.IsTupleType():
		return appendTuple(append(b, `["tuple",[`...), t.TupleElementTypes())
	case t.IsObjectType() && len(t.OptionalAttributes()) == 0:
		return appendObject(append(b, `["object",{`...), t.AttributeTypes())
	}
	return nil, fmt.Errorf("run: a value of type %s cannot be stored", t.FriendlyName())
}

func appendElement(b []byte, t cty.Type) ([]byte, error) {
	b, err := appendType(b, t)
	return append(b, ']'), err
}

func appendTuple(b []byte, types []cty.Type) (_ []byte, err error) {
	for i, t := range types {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendType(b, t); err != nil {
			return nil, err
		}
	}
	return append(b, "]]"...), nil
}

func appendObject(b []byte, attrs map[string]cty.Type) ([]byte, error) {
	for i, name := range slices.Sorted(maps.Keys(attrs)) {
		if i > 0 {
			b = append(b, ',')
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		if b, err = appendType(append(append(b, quoted...), ':'), attrs[name]); err != nil {
			return nil, err
		}
	}
	return append(b, "}]"...), nil
}
