package compile

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// appForm is the configuration form of an app of the blueprint.
type appForm struct {
	app *BoundResource
	// inputs are its elements by id, and whether each is a secret (PLATFORM 7.8).
	inputs map[string]bool
}

// forms compares what config steps ask for with what the forms of the blueprint's apps have. It warns where a
// customer cannot have entered what a step asks for. Forms that the blueprint does not tell of are left alone.
func (c *compiler) forms() {
	byReference := map[string]appForm{}
	only := ""
	for i := range c.bp.Resources {
		r := &c.bp.Resources[i]
		if r.Kind != "app" {
			continue
		}
		only = referenceOf(r)
		byReference[only] = appForm{app: r, inputs: c.inputs(r)}
	}
	if len(byReference) != 1 {
		only = ""
	}
	for _, rb := range c.bp.Runbooks {
		for _, name := range slices.Sorted(maps.Keys(rb.Nodes)) {
			n := rb.Nodes[name]
			if n.Kind == nil || n.Kind.Name != "config" || n.Body == nil {
				continue
			}
			if f := byReference[c.appOf(rb, n, only)]; f.inputs != nil {
				c.asks(n, f)
			}
		}
	}
}

// referenceOf is the reference of an app; "" where it is not known.
func referenceOf(r *BoundResource) string {
	if r.Body.Attr("reference") == nil {
		return r.Name
	}
	s, _ := textOf(r.Args, "reference")
	return s
}

func (c *compiler) inputs(r *BoundResource) map[string]bool {
	for _, kind := range c.o.Resources {
		if kind.Name == r.Kind && kind.Inputs != nil {
			return kind.Inputs(r.Args)
		}
	}
	return nil
}

// appOf is the reference of the app that a config step is about; "" where that is told by the run only.
func (c *compiler) appOf(rb *Runbook, n *Node, only string) string {
	if a := n.Body.Attr("app_reference"); a != nil {
		s, _ := knownText(c.static().Eval(a.Expr, cty.String))
		return s
	}
	if rb.Trigger == nil {
		return only
	}
	if rb.Trigger.Body.Attr("app_reference") != nil {
		s, _ := textOf(rb.Trigger.Args, "app_reference")
		return s
	}
	if rb.Trigger.Body.Attr("app_references") != nil {
		return onlyText(rb.Trigger.Args, "app_references")
	}
	return only
}

// onlyText is the only element of a list of texts; "" of one that has more, or is not known.
func onlyText(args cty.Value, name string) string {
	if args == cty.NilVal || args.IsMarked() || !args.IsKnown() || args.IsNull() || !args.Type().IsObjectType() || !args.Type().HasAttribute(name) {
		return ""
	}
	list := args.GetAttr(name)
	if list.IsMarked() || !list.IsKnown() || list.IsNull() || !list.CanIterateElements() || list.LengthInt() != 1 {
		return ""
	}
	s, _ := knownText(list.AsValueSlice()[0], nil)
	return s
}

// asks compares the fields of a config step with a form.
func (c *compiler) asks(n *Node, f appForm) {
	ids := slices.Sorted(maps.Keys(f.inputs))
	for _, b := range n.Body.BlocksOf("field") {
		if b.Body == nil || b.Label() == "" {
			continue
		}
		if own, known := c.flag(b.Body, "own"); own || !known {
			continue
		}
		at := b.LabelRanges[0]
		kept, provided := f.inputs[b.Label()]
		if !provided {
			c.report(warning(at, "No such input", "The form of the app %q (%s:%d) has no input with the id %q: no customer can have entered it.%s",
				f.app.Name, f.app.Range.Filename, f.app.Range.Start.Line, b.Label(), lang.DidYouMean(b.Label(), ids)))
			continue
		}
		secret, known := c.flag(b.Body, "secret")
		switch {
		case known && secret && !kept:
			c.report(warning(at, "Not a secret in the form", "The input %q in the form of the app %q (%s:%d) has no attribute data-secret: what is entered is kept in the open, and never sent as a secret. Add data-secret to the input, or take secret = true out.",
				b.Label(), f.app.Name, f.app.Range.Filename, f.app.Range.Start.Line))
		case known && !secret && kept:
			c.report(warning(at, "A secret in the form", "The input %q in the form of the app %q (%s:%d) has the attribute data-secret: it is sent as a secret, and never kept among the fields. Write secret = true.",
				b.Label(), f.app.Name, f.app.Range.Filename, f.app.Range.Start.Line))
		}
	}
}

// flag is the value of a field's argument that is true or false, and whether it is known; false where it is not written.
func (c *compiler) flag(b *lang.Body, name string) (value, known bool) {
	a := b.Attr(name)
	if a == nil {
		return false, true
	}
	v, diags := c.static().Eval(a.Expr, cty.Bool)
	if diags.HasErrors() || v.IsMarked() || !v.IsKnown() || v.IsNull() {
		return false, false
	}
	return v.True(), true
}

// knownText is an evaluated text; false where it is not known.
func knownText(v cty.Value, diags hcl.Diagnostics) (string, bool) {
	if diags.HasErrors() || v == cty.NilVal || v.IsMarked() || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

// warning is a diagnostic that stops nothing.
func warning(at hcl.Range, summary, format string, args ...any) *hcl.Diagnostic {
	d := lang.Error(at, summary, format, args...)
	d.Severity = hcl.DiagWarning
	return d
}
