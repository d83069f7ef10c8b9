package lang

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
)

// MaxFormFields is the number of fields of a form.
const MaxFormFields = 1000

// ParseForm reads a form (application/x-www-form-urlencoded) as an object of strings. Of a name that stands
// more than once the first value counts, so that a name has one type whatever is sent. An error is a
// *DataError.
func ParseForm(b []byte) (cty.Value, error) {
	fault := func(at int, problem string) (cty.Value, error) {
		return cty.NilVal, (&jsonParser{b: b}).fault(at, problem)
	}
	attrs, fields := map[string]cty.Value{}, 0
	for at := 0; at < len(b); {
		pair := b[at:]
		if n := bytes.IndexByte(pair, '&'); n >= 0 {
			pair = pair[:n]
		}
		here := at
		at += len(pair) + 1
		if len(pair) == 0 {
			continue
		}
		if fields++; fields > MaxFormFields {
			return fault(here, fmt.Sprintf("the form has more than %d fields", MaxFormFields))
		}
		rawName, rawValue, _ := strings.Cut(string(pair), "=")
		name, err1 := url.QueryUnescape(rawName)
		value, err2 := url.QueryUnescape(rawValue)
		if err1 != nil || err2 != nil {
			return fault(here, "a % is not followed by two hexadecimal digits")
		}
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return fault(here, "the field is not valid UTF-8")
		}
		name = cty.NormalizeString(name)
		if _, known := attrs[name]; !known {
			attrs[name] = cty.StringVal(value)
		}
	}
	return cty.ObjectVal(attrs), nil
}
