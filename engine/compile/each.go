package compile

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// each binds the iteration's name and judges whether state may be set inside.
func (r *builder) each(n *Node, b *Block, bl *lang.Block, p *place, vis visible, check *steps.Check) {
	b.Each, b.Binding = true, "each"
	if b.Label != "" {
		b.Binding = b.Label
	}
	switch b.Binding {
	case "var", "local", "path", "app", "connection", "runbook", "trigger", "step", "state", "job", "error":
		r.report(lang.Error(bl.LabelRanges[0], "Invalid iteration name", "An iteration may not be called %q: the name means something else. Choose another.", b.Binding))
	}
	item := cty.DynamicVal
	if b.Parallel = bl.Body.Attr("parallel"); b.Parallel != nil {
		// What is wrong with it is reported with the step's arguments.
		b.Needs = r.looked.needsOf(b.Parallel.Expr)
		v, _ := r.at(*p, vis, b.Needs).EvalAttr(b.Parallel)
		if u, _ := v.Unmark(); !u.IsKnown() || u.IsNull() || u.Equals(cty.NumberIntVal(1)).False() {
			p.noSet = fmt.Sprintf("The iterations of %q run in parallel and may not set state.", n.Name)
		}
	}
	if a := n.Body.Attr("items"); a != nil && n.Kind.Loop != nil {
		needs := r.looked.needsOf(a.Expr)
		if v, diags := r.at(*p, vis, needs).Eval(a.Expr, cty.DynamicPseudoType); !diags.HasErrors() {
			item = itemOf(v, n.Body.Attr("size") != nil)
		}
	}
	if n.Kind.Item != nil {
		item = n.Kind.Item(check, b.Type)
	}
	b.Item = item
	*p = p.bind(b.Binding, cty.ObjectVal(map[string]cty.Value{"value": item, "index": cty.UnknownVal(cty.Number), "key": cty.UnknownVal(cty.String)}))
	p.inside = n.Name
}

// itemOf is an unknown of the element type of a loop's items; of the chunk's where they come in chunks.
func itemOf(items cty.Value, chunks bool) cty.Value {
	items, marks := items.Unmark()
	_, item := lang.ElementTypes(items)
	if chunks {
		if item.Type() == cty.DynamicPseudoType {
			return cty.DynamicVal.WithMarks(marks)
		}
		item = cty.UnknownVal(cty.List(item.Type()))
	}
	if lang.IsSensitive(items) {
		item = lang.MarkSensitive(item)
	}
	return item.WithMarks(marks)
}

func (r *builder) collect(b *Block, bl *lang.Block, p place, inner visible) cty.Value {
	a := bl.Body.Attr("collect")
	if a == nil {
		return cty.NilVal
	}
	b.Collect = a.Expr
	b.Needs = b.Needs.with(r.looked.needsOf(a.Expr))
	return r.lazy(a.Expr, cty.DynamicPseudoType, p, inner)
}
