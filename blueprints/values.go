package blueprints

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// attr is an attribute of an object; NilVal where it has none. A sensitive one counts as unknown, for the
// messages here quote what they are about.
func attr(v cty.Value, name string) cty.Value {
	if v == cty.NilVal || !v.IsKnown() || v.IsNull() || !v.Type().IsObjectType() || !v.Type().HasAttribute(name) {
		return cty.NilVal
	}
	v = v.GetAttr(name)
	if v.IsMarked() {
		return cty.UnknownVal(v.Type())
	}
	return v
}

// text is a text of an object; false where it has none, or it is unknown, null or no text.
func text(v cty.Value, name string) (string, bool) {
	v = attr(v, name)
	if v == cty.NilVal || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

// at is where an argument's value is written, or else the block.
func at(b *lang.Body, name string) hcl.Range {
	if a := b.Attr(name); a != nil {
		return a.Expr.Range()
	}
	return b.Range
}

func invalid(b *lang.Body, name, format string, args ...any) *hcl.Diagnostic {
	return lang.Error(at(b, name), "Invalid value for \""+name+"\"", format, args...)
}
