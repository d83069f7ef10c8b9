package flow

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// masked stands for a text that must not be shown.
const masked = "(sensitive value)"

// text is the text of a value that was evaluated as one; false of null.
func text(v cty.Value) (string, bool) {
	if v == cty.NilVal {
		return "", false
	}
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

// message is a text for people: a sensitive one is masked, a null one is other.
func message(v cty.Value, other string) string {
	if v != cty.NilVal && lang.IsSensitive(v) {
		return masked
	}
	if s, ok := text(v); ok {
		return s
	}
	return other
}

// shown is a text as an error quotes it.
func shown(v cty.Value) string {
	if lang.IsSensitive(v) {
		return masked
	}
	s, _ := text(v)
	const most = 80
	if len(s) > most {
		s = s[:most] + "…"
	}
	return fmt.Sprintf("%q", s)
}
