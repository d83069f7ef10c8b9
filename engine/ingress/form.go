package ingress

import (
	"net/http"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// parseForm reads an application/x-www-form-urlencoded body as a map of texts.
func parseForm(b []byte) (cty.Value, error) {
	v, err := lang.ParseForm(b)
	if err != nil {
		return cty.NilVal, refuse(http.StatusBadRequest, "The body is no form that can be read: %s", shown(err.Error()))
	}
	if v.LengthInt() == 0 {
		return cty.MapValEmpty(cty.String), nil
	}
	return cty.MapVal(v.AsValueMap()), nil
}

func parseText(b []byte) (cty.Value, error) {
	if !utf8.Valid(b) {
		return cty.NilVal, refuse(http.StatusBadRequest, "The body is not UTF-8.")
	}
	return cty.StringVal(string(b)), nil
}
