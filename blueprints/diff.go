package blueprints

import (
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// side is one side of a comparison: what is compared, and what is shown. Of most columns it is the same.
type side struct{ is, shown any }

func both(v any) side { return side{v, v} }

// difference finds what a wish changes.
type difference struct {
	*wish
	last   map[string]string // digests of what was applied last
	fields []Field
}

// diff lists the fields that the wish changes; none where it is fulfilled.
func (w *wish) diff(before, after side, last map[string]string) []Field {
	if w.same(before.is, after.is) {
		return nil
	}
	d := &difference{wish: w, last: last}
	if w.items == nil && w.column.items == nil {
		d.add(w.column, w.path, before, after, w.sensitive, false, w.at)
		return d.fields
	}
	old, _ := before.is.([]any)
	if slices.ContainsFunc(w.column.items.columns, func(c *column) bool { return c.label }) {
		d.labelled(old)
	} else {
		d.placed(old)
	}
	if len(d.fields) == 0 { // doubled labels, or such
		d.add(w.column, w.path, before, after, w.sensitive, false, w.at)
	}
	return d.fields
}

func (d *difference) add(c *column, path string, before, after side, sensitive, item bool, at hcl.Range) {
	if c.same(before.is, after.is) {
		return
	}
	f := Field{Path: path, Before: before.shown, After: after.shown, Text: c.text, Range: at}
	// Of an item that was never applied somebody else is the author.
	if last, known := d.last[path]; last != concealed && (known || item && len(d.last) > 0 && before.is != nil) {
		f.Drift = last != c.digest(before.is)
	}
	if sensitive || d.last[path] == concealed {
		f.Sensitive, f.Before, f.After = true, nil, nil
	}
	d.fields = append(d.fields, f)
}

// cells compares two blocks; nil is none.
func (d *difference) cells(key string, old map[string]any, item *wishItem) {
	for _, c := range d.column.items.columns {
		if c.label {
			continue
		}
		var after any
		at, sensitive := d.at, d.sensitive && item == nil
		if item != nil {
			at = item.at
			if w := wishFor(item.cells, c.path); w != nil {
				after, at, sensitive = w.value, w.at, w.sensitive
			}
		}
		d.add(c, key+"."+c.path, both(old[c.attr]), both(after), sensitive, true, at)
	}
}

// placed compares blocks by their places.
func (d *difference) placed(old []any) {
	for i := range max(len(old), len(d.items)) {
		var is map[string]any
		var item *wishItem
		if i < len(old) {
			is, _ = old[i].(map[string]any)
		}
		if i < len(d.items) {
			item = &d.items[i]
		}
		d.cells(d.path+"["+strconv.Itoa(i)+"]", is, item)
	}
}

// labelled compares blocks by their labels, and then the order of those that both sides have.
func (d *difference) labelled(old []any) {
	label := ""
	for _, c := range d.column.items.columns {
		if c.label {
			label = c.attr
		}
	}
	was := map[string]map[string]any{}
	var before, after []any
	for _, v := range old {
		is, _ := v.(map[string]any)
		name, _ := is[label].(string)
		if was[d.key(name)] == nil {
			was[d.key(name)] = is
			before = append(before, name)
		}
	}
	wanted := map[string]bool{}
	for i := range d.items {
		item := &d.items[i]
		wanted[item.key] = true
		d.cells(item.key, was[item.key], item)
		if v, _ := d.value.([]any)[i].(map[string]any); was[item.key] != nil {
			after = append(after, v[label])
		}
	}
	kept := []any{}
	for _, name := range before {
		key := d.key(name.(string))
		if wanted[key] {
			kept = append(kept, name)
		} else {
			d.cells(key, was[key], nil)
		}
	}
	if encoded(kept) != encoded(after) && len(after) > 0 {
		d.fields = append(d.fields, Field{Path: d.path, Before: kept, After: after, Range: d.at})
	}
}

func (d *difference) key(label string) string {
	return d.path + "[" + strconv.Quote(cty.NormalizeString(label)) + "]"
}

// digests are of all that the wish says, by path.
func (w *wish) digests(after any, into map[string]string) {
	if w.column.items == nil {
		into[w.path] = w.remembered(after)
		return
	}
	for i := range w.items {
		for _, cell := range w.items[i].cells {
			into[w.items[i].key+"."+cell.path] = cell.remembered(cell.value)
		}
	}
}

func (w *wish) remembered(v any) string {
	if w.sensitive {
		return concealed
	}
	return w.digest(v)
}
