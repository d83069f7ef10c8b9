package blueprints

import (
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// wish is what a block says of one column. Columns of which it says nothing are left as they are.
type wish struct {
	*column
	value     any
	sensitive bool
	at        hcl.Range
	items     []wishItem
	// of a markdown text or a picture; set when it is compared
	files *wishFiles
}

// wishItem is one block of a list.
type wishItem struct {
	key   string // scope[0], expression["url"]
	cells []*wish
	at    hcl.Range
}

// reader collects what blocks say.
type reader struct {
	secrets []string
	diags   hcl.Diagnostics
}

// wishes are what a block says of the columns of a table.
func (r *reader) wishes(t *table, b *lang.Body, args cty.Value) (out []*wish) {
	for _, c := range t.columns {
		body, values := b, args
		if c.block != "" {
			bl := b.Block(c.block)
			if bl == nil {
				continue
			}
			body, values = bl.Body, member(args, c.block)
		}
		if c.items != nil {
			out = append(out, r.list(c, body, member(values, c.attr)))
			continue
		}
		if w := r.one(c, body, member(values, c.attr)); w != nil {
			out = append(out, w)
		}
	}
	return out
}

// one is a single value. What is not written is wanted where it has a default.
func (r *reader) one(c *column, b *lang.Body, v cty.Value) *wish {
	if c.label {
		return nil
	}
	w := &wish{column: c, at: at(b, c.attr)}
	if v == cty.NilVal || b.Attr(c.attr) == nil && v.IsKnown() && v.IsNull() {
		return nil
	}
	if !v.IsWhollyKnown() {
		r.diags = append(r.diags, lang.Error(w.at, "Not known when it is deployed",
			"The value of %q is known only while a runbook runs.", c.path))
		return nil
	}
	if w.value = jsonOf(v); w.value == nil && c.always {
		return nil
	}
	if w.sensitive = lang.IsSensitive(v); w.sensitive {
		r.secrets = append(r.secrets, lang.Texts(v)...)
	}
	return w
}

// list is all blocks of a type. They are wanted even where there are none: then nothing is.
func (r *reader) list(c *column, b *lang.Body, v cty.Value) *wish {
	w := &wish{column: c, at: b.Range}
	values := []any{}
	inner := []cty.Value{}
	if v != cty.NilVal {
		if v, _ = v.Unmark(); v.CanIterateElements() {
			inner = v.AsValueSlice()
		}
	}
	for i, bl := range b.BlocksOf(c.attr) {
		if i >= len(inner) {
			break
		}
		item := wishItem{key: c.attr + "[" + strconv.Itoa(i) + "]", at: bl.Range}
		value := map[string]any{}
		if bl.Label() != "" {
			item.key = c.attr + "[" + strconv.Quote(cty.NormalizeString(bl.Label())) + "]"
		}
		for _, cell := range c.items.columns {
			if cell.label {
				value[cell.attr] = bl.Label()
			}
		}
		item.cells = r.wishes(c.items, bl.Body, inner[i])
		for _, cell := range item.cells {
			value[cell.attr] = cell.value
			w.sensitive = w.sensitive || cell.sensitive
		}
		values = append(values, value)
		w.items = append(w.items, item)
	}
	w.value = values
	return w
}

// member is a part of an evaluated block, with its marks; NilVal where it has none.
func member(v cty.Value, name string) cty.Value {
	if v == cty.NilVal {
		return v
	}
	v, marks := v.Unmark()
	if !v.IsKnown() || v.IsNull() || !v.Type().IsObjectType() || !v.Type().HasAttribute(name) {
		return cty.NilVal
	}
	return v.GetAttr(name).WithMarks(marks)
}

// wishFor finds what a block says of a column, or nil.
func wishFor(all []*wish, path string) *wish {
	for _, w := range all {
		if w.path == path {
			return w
		}
	}
	return nil
}

// wishText is a text that a block says, or "".
func wishText(all []*wish, path string) string {
	if w := wishFor(all, path); w != nil {
		s, _ := w.value.(string)
		return s
	}
	return ""
}
