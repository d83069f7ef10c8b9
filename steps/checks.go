package steps

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// The checks that many kinds make of what is written in a body, whatever the values are.

// ExactlyOne reports where none of the arguments is written, or more than one.
func ExactlyOne(b *lang.Body, names ...string) hcl.Diagnostics {
	if len(written(b, names)) == 0 {
		return hcl.Diagnostics{lang.Error(b.Range, "Missing argument", "One of %s is required.", list(names))}
	}
	return AtMostOne(b, names...)
}

// AtMostOne reports each argument after the first that is written.
func AtMostOne(b *lang.Body, names ...string) (diags hcl.Diagnostics) {
	found := written(b, names)
	for i, name := range found {
		if i > 0 {
			diags = append(diags, lang.Error(b.Attr(name).NameRange, "Conflicting arguments",
				"Only one of %s may be written: %q is there already.", list(names), found[0]))
		}
	}
	return diags
}

// Together reports where some of the arguments are written and others not.
func Together(b *lang.Body, names ...string) hcl.Diagnostics {
	found := written(b, names)
	if len(found) == 0 || len(found) == len(names) {
		return nil
	}
	var missing []string
	for _, n := range names {
		if b.Attr(n) == nil {
			missing = append(missing, n)
		}
	}
	return hcl.Diagnostics{lang.Error(b.Attr(found[0]).NameRange, "Missing argument",
		"%s go together: write %s too.", list(names), list(missing))}
}

// Required reports an argument that is not written. It is for arguments that may be null, which the spec
// has as optional.
func Required(b *lang.Body, name string) hcl.Diagnostics {
	if b.Attr(name) != nil {
		return nil
	}
	doc := ""
	if f := b.Spec.Field(name); f != nil {
		doc = " " + f.Doc
	}
	return hcl.Diagnostics{lang.Error(b.Range, "Missing argument",
		"The argument %q is required, but no definition was found.%s", name, doc)}
}

// Known is an argument's value without its marks; false where it is not there, unknown, or null.
func Known(args cty.Value, name string) (cty.Value, bool) {
	v := Arg(args, name)
	if v == cty.NilVal {
		return cty.NilVal, false
	}
	v, _ = v.UnmarkDeep()
	return v, v.IsWhollyKnown() && !v.IsNull()
}

// Arg is an argument of an evaluated body, or NilVal where it has none of the name.
func Arg(args cty.Value, name string) cty.Value {
	if args == cty.NilVal {
		return cty.NilVal
	}
	args, marks := args.Unmark()
	if !args.IsKnown() || args.IsNull() || !args.Type().IsObjectType() || !args.Type().HasAttribute(name) {
		return cty.NilVal
	}
	return args.GetAttr(name).WithMarks(marks)
}

// At is where an argument's value is written, or else the step.
func At(b *lang.Body, name string) hcl.Range {
	if a := b.Attr(name); a != nil {
		return a.Expr.Range()
	}
	return b.Range
}

func written(b *lang.Body, names []string) (found []string) {
	for _, n := range names {
		if b.Attr(n) != nil {
			found = append(found, n)
		}
	}
	return found
}

func list(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "\"" + n + "\""
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " and " + quoted[last]
}
