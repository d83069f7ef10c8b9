package blueprints

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// Values are JSON values here, wherever they come from: nil, bool, string, int64 (a number that is none: json.Number),
// []any, map[string]any. Two of a column are the same where their canonical values are.

// jsonOf is a value of the language as a JSON value. It must be known, and may be marked.
func jsonOf(v cty.Value) any {
	v, _ = v.UnmarkDeep()
	raw, err := lang.ToJSON(v)
	if err != nil {
		return nil
	}
	out, _ := decodeJSON(raw)
	return out
}

func decodeJSON(raw []byte) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		return nil, err
	}
	return plainNumbers(out), nil
}

// plainNumbers makes whole numbers out of those that are: 1.0 and 1 are the same.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, _, err := big.ParseFloat(string(v), 10, 128, big.ToNearestEven); err == nil && f.IsInt() {
			if n, exact := f.Int64(); exact == big.Exact {
				return n
			}
		}
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plainNumbers(v[k])
		}
	}
	return v
}

// canon is the canonical value of a column: what says nothing is nil, and white space at the end of a text does not
// count (LANGUAGE section 6).
func (c *column) canon(v any) any {
	switch v := v.(type) {
	case bool:
		if !v {
			return nil
		}
	case string:
		// Texts of blueprints are always in normal form.
		if v = cty.NormalizeString(strings.TrimRightFunc(v, unicode.IsSpace)); v == "" {
			return nil
		}
		if c.words {
			return strings.ToLower(v)
		}
		return v
	case []any:
		if len(v) == 0 {
			return nil
		}
		switch c.shape {
		case shapeList:
			sorted, _ := normal(v).([]any)
			slices.SortFunc(sorted, func(a, b any) int { return strings.Compare(encoded(a), encoded(b)) })
			return sorted
		case shapeItems:
			out := make([]any, len(v))
			for i := range v {
				item, _ := v[i].(map[string]any)
				is := map[string]any{}
				for _, cell := range c.items.columns {
					is[cell.attr] = cell.canon(item[cell.attr])
				}
				out[i] = is
			}
			return out
		}
		return normal(v)
	case map[string]any:
		if len(v) == 0 {
			return nil
		}
		return normal(v)
	}
	return v
}

// normal is a value whose texts are in normal form.
func normal(v any) any {
	switch v := v.(type) {
	case string:
		return cty.NormalizeString(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = normal(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[cty.NormalizeString(k)] = normal(v[k])
		}
		return out
	}
	return v
}

func (c *column) same(a, b any) bool { return encoded(c.canon(a)) == encoded(c.canon(b)) }

func encoded(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// digest names a value of a column.
func (c *column) digest(v any) string { return sum([]byte(encoded(c.canon(v)))) }

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:16])
}
