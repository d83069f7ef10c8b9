package lang

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// sensitiveText stands for a marked value wherever values are shown.
const sensitiveText = "(sensitive)"

// ToJSON writes a value as plain JSON for people and programs to see: names in order, numbers with all
// their digits, and what is marked, or unknown, as text in parentheses.
func ToJSON(v cty.Value) ([]byte, error) { return appendJSON(nil, v, 0) }

func appendJSON(b []byte, v cty.Value, depth int) ([]byte, error) {
	switch {
	case depth > 1000:
		return nil, errors.New("the value is nested too deeply")
	case v == cty.NilVal:
		return append(b, "null"...), nil
	case v.IsMarked():
		return append(b, `"`+sensitiveText+`"`...), nil
	case !v.IsKnown():
		return append(b, `"(unknown)"`...), nil
	case v.IsNull():
		return append(b, "null"...), nil
	}
	var err error
	t := v.Type()
	switch {
	case t == cty.String:
		return appendText(b, v.AsString()), nil
	case t == cty.Bool:
		if v.True() {
			return append(b, "true"...), nil
		}
		return append(b, "false"...), nil
	case t == cty.Number:
		text, err := numberText(v.AsBigFloat())
		return append(b, text...), err
	case t.IsObjectType() || t.IsMapType():
		vals := v.AsValueMap()
		names := make([]string, 0, len(vals))
		for name := range vals {
			names = append(names, name)
		}
		slices.Sort(names)
		b = append(b, '{')
		for i, name := range names {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendText(b, name), ':')
			if b, err = appendJSON(b, vals[name], depth+1); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	case t.IsTupleType() || t.IsListType() || t.IsSetType():
		b = append(b, '[')
		for i, e := range v.AsValueSlice() {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendJSON(b, e, depth+1); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	}
	return nil, fmt.Errorf("a value of type %s has no JSON form", t.FriendlyName())
}

func appendText(b []byte, s string) []byte {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return append(b, strings.TrimSuffix(out.String(), "\n")...)
}

// numberText is a number in the shortest form that reads back as the same number: plain digits, or with an
// exponent where there would be more than MaxDigits of them.
func numberText(f *big.Float) (string, error) {
	if f.IsInf() {
		return "", errors.New("infinity has no JSON form")
	}
	if f.Sign() == 0 {
		return "0", nil
	}
	if i, acc := f.Int64(); acc == big.Exact {
		return strconv.FormatInt(i, 10), nil // the general way takes a hundred times as long
	}
	if e := f.MantExp(nil); e > 4096 || e < -4096 {
		return f.Text('e', 40), nil
	}
	text := f.Text('f', -1)
	if len(text) > MaxDigits {
		text = f.Text('e', -1)
	}
	return text, nil
}
