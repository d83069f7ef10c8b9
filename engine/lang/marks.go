package lang

import (
	"github.com/zclconf/go-cty/cty"
)

// sensitiveMark is the type of Sensitive. It is unexported so that no other mark can equal it.
type sensitiveMark struct{}

// Sensitive marks a value that must not be shown: it infects every value computed from a marked one.
var Sensitive = sensitiveMark{}

// String names the mark where cty prints it.
func (sensitiveMark) String() string { return "sensitive" }

// MarkSensitive returns v marked as sensitive. A null is marked too: that a secret is unset is a secret.
func MarkSensitive(v cty.Value) cty.Value { return v.Mark(Sensitive) }

// IsSensitive says whether v, or anything inside it, is sensitive.
func IsSensitive(v cty.Value) bool {
	if !v.ContainsMarked() {
		return false
	}
	_, marks := v.UnmarkDeep()
	_, found := marks[Sensitive]
	return found
}

// HasMark says whether v itself is sensitive, whatever is inside it.
func HasMark(v cty.Value) bool { return v.HasMark(Sensitive) }

// UnmarkDeep returns v without marks at any depth, and whether there were any. The result may be given to
// code that sends it out; it must not be shown or stored in clear if the second result is true.
func UnmarkDeep(v cty.Value) (cty.Value, bool) {
	out, marks := v.UnmarkDeep()
	return out, len(marks) > 0
}
