package httpreq

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// pair is one parameter of a query or field of a form.
type pair struct {
	name, value string
	secret      bool
}

// pairsOf reads an object or map of scalars, or of lists of scalars, in the order of names. Nulls are left
// out, and so is what is unknown. The errors name keys, never values.
func pairsOf(v cty.Value) ([]pair, error) {
	secret := v.IsMarked()
	v, _ = v.Unmark()
	if v == cty.NilVal || !v.IsKnown() || v.IsNull() {
		return nil, nil
	}
	if t := v.Type(); !t.IsObjectType() && !t.IsMapType() {
		return nil, fmt.Errorf("an object or map is needed, not %s", t.FriendlyName())
	}
	var out []pair
	for it := v.ElementIterator(); it.Next(); {
		k, el := it.Element()
		name := k.AsString()
		listSecret := secret || el.IsMarked()
		plain, _ := el.Unmark()
		if !plain.IsKnown() || plain.IsNull() {
			continue
		}
		if t := plain.Type(); !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
			p, err := scalar(name, plain, listSecret)
			if err != nil {
				return nil, err
			}
			out = append(out, p)
			continue
		}
		for items := plain.ElementIterator(); items.Next(); {
			_, item := items.Element()
			value, _ := item.Unmark()
			if !value.IsKnown() || value.IsNull() {
				continue
			}
			p, err := scalar(name, value, listSecret || item.IsMarked())
			if err != nil {
				return nil, err
			}
			out = append(out, p)
		}
	}
	return out, nil
}

func scalar(name string, v cty.Value, secret bool) (pair, error) {
	if !v.Type().IsPrimitiveType() {
		return pair{}, fmt.Errorf("%q holds a value of type %s; a text, number, bool, or a list of them is needed", name, v.Type().FriendlyName())
	}
	s, err := convert.Convert(v, cty.String)
	if err != nil {
		return pair{}, fmt.Errorf("%q is no text", name)
	}
	return pair{name, s.AsString(), secret}, nil
}

// encode writes pairs as a query or form does; with masked, what is secret is covered.
func encode(pairs []pair, masked bool) string {
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.name))
		b.WriteByte('=')
		if masked && p.secret {
			b.WriteString("[REDACTED]")
			continue
		}
		b.WriteString(url.QueryEscape(p.value))
	}
	return b.String()
}
