package schema

import (
	"context"
	"encoding/json"

	"github.com/zclconf/go-cty/cty"
)

// Record reads one record. It fetches what is left of its nested connections; fetch may be nil where there is
// nothing left. A null is a null of the selection's type. An error is a *DecodeError or one of fetch.
func (sel *Selection) Record(ctx context.Context, raw json.RawMessage, fetch Fetch) (cty.Value, error) {
	d := newDecoder(ctx, raw, fetch)
	if d.early != nil {
		return cty.NilVal, d.early
	}
	v, err := d.record(sel, 0)
	if err != nil {
		return cty.NilVal, err
	}
	return v, d.end()
}

// Records reads a list of records, such as the nodes of a connection. A null list is empty, and nulls in it are
// left out.
func (sel *Selection) Records(ctx context.Context, rawList json.RawMessage, fetch Fetch) ([]cty.Value, error) {
	d := newDecoder(ctx, rawList, fetch)
	if d.early != nil {
		return nil, d.early
	}
	out, err := d.records(sel, 0)
	if err != nil {
		return nil, err
	}
	return out, d.end()
}

func (d *decoder) end() error {
	if d.space(); d.i < len(d.b) {
		return d.fault("there is something after it")
	}
	return nil
}

// member reads the value of one key of the data of an answer.
func (d *decoder) member(name string, read func() error) error {
	if d.early != nil {
		return d.early
	}
	if d.null() {
		return d.end()
	}
	seen := false
	err := d.object(0, func(key []byte) error {
		if string(key) != name {
			_, err := d.skip(1)
			return err
		}
		if seen {
			return d.fault("the name stands twice in its object")
		}
		seen = true
		return read()
	})
	if err != nil {
		return err
	}
	return d.end()
}

// decodeRoot reads one record from the data of an answer; a missing one is null.
func decodeRoot(ctx context.Context, data []byte, fetch Fetch, name string, sel *Selection) (cty.Value, error) {
	d := newDecoder(ctx, data, fetch)
	v := cty.NullVal(sel.typ)
	err := d.member(name, func() (err error) {
		v, err = d.record(sel, 1)
		return err
	})
	if err != nil {
		return cty.NilVal, err
	}
	return v, nil
}

func (d *decoder) records(sel *Selection, depth int) ([]cty.Value, error) {
	if d.null() {
		return nil, nil
	}
	var out []cty.Value
	err := d.array(depth, func() error {
		v, err := d.record(sel, depth+1)
		if err == nil && !v.IsNull() {
			out = append(out, v)
		}
		return err
	})
	return out, err
}

func (d *decoder) record(sel *Selection, depth int) (cty.Value, error) {
	if sel.schema == nil {
		v, _, err := d.parsed(depth)
		return v, err
	}
	slots, err := d.slots(sel, depth)
	if err != nil {
		return cty.NilVal, err
	}
	if slots == nil {
		return cty.NullVal(sel.typ), nil
	}
	return sel.assemble(slots), nil
}

// slots reads an object into one value for each field of the selection; nil of a null. What was not asked for
// is skipped. Nested connections are complete.
func (d *decoder) slots(sel *Selection, depth int) ([]cty.Value, error) {
	if d.null() {
		return nil, d.count()
	}
	if sel.schema == nil {
		v, err := d.record(sel, depth)
		return []cty.Value{v}, err
	}
	slots := make([]cty.Value, len(sel.fields))
	var unfinished []connectionData
	expected := 0
	err := d.object(depth, func(key []byte) error {
		i, ok := expected, false
		if i < len(sel.fields) && sel.fields[i].key == string(key) {
			ok = true // the service answers in the order of the text
		} else {
			i, ok = sel.byKey[string(key)]
		}
		if !ok {
			_, err := d.skip(depth + 1)
			return err
		}
		if slots[i] != cty.NilVal {
			return d.fault("the name stands twice in its object")
		}
		expected = i + 1
		f := sel.fields[i]
		if f.sub == nil || f.sub.nodes < 0 || f.ref.elem != nil {
			v, err := d.field(f, f.ref.lists(), depth+1)
			slots[i] = v
			return err
		}
		c, err := d.connection(f.sub, depth+1)
		if err != nil {
			return err
		}
		*d.nested += len(c.nodes)
		slots[i] = c.value(f.sub)
		if f.paged && c.more {
			c.at = i
			unfinished = append(unfinished, c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, c := range unfinished {
		if err := d.complete(sel, slots, c); err != nil {
			return nil, within(sel.fields[c.at].key, err)
		}
	}
	return slots, nil
}

// field reads the value of a field inside so many lists. A single value in place of a list is a list of one
// (PLATFORM 3.2: the path of an error).
func (d *decoder) field(f *selected, lists, depth int) (cty.Value, error) {
	if lists == 0 {
		if f.sub != nil {
			return d.record(f.sub, depth)
		}
		return d.leaf(f.leaf, depth)
	}
	elem := f.typ
	for range f.ref.lists() - lists + 1 {
		elem = elem.ElementType()
	}
	if d.null() {
		return cty.NullVal(cty.List(elem)), d.count()
	}
	if d.space() != '[' {
		v, err := d.field(f, lists-1, depth)
		if err != nil {
			return cty.NilVal, err
		}
		return ListOf(elem, []cty.Value{v}), nil
	}
	var out []cty.Value
	err := d.array(depth, func() error {
		v, err := d.field(f, lists-1, depth+1)
		out = append(out, v)
		return err
	})
	if err != nil {
		return cty.NilVal, err
	}
	return ListOf(elem, out), nil
}

// assemble makes the result of the values of the fields; what is missing is null, what is hidden is left out.
func (sel *Selection) assemble(slots []cty.Value) cty.Value {
	if sel.schema == nil {
		return slots[0]
	}
	if sel.flat {
		if slots[sel.nodes] == cty.NilVal {
			return cty.NullVal(sel.typ)
		}
		return slots[sel.nodes]
	}
	attrs := make(map[string]cty.Value, len(slots))
	for i, f := range sel.fields {
		switch {
		case f.hidden:
		case slots[i] == cty.NilVal:
			attrs[f.key] = cty.NullVal(f.typ)
		default:
			attrs[f.key] = slots[i]
		}
	}
	return cty.ObjectVal(attrs)
}

// ListOf is the list of values of which Selection.Type says that they are of type elem. Where parts of them are
// of any type (JSON) and differ, or are all null, no list can hold them, and it is a tuple.
func ListOf(elem cty.Type, vals []cty.Value) cty.Value {
	if !elem.HasDynamicTypes() {
		if len(vals) == 0 {
			return cty.ListValEmpty(elem)
		}
		return cty.ListVal(vals)
	}
	if len(vals) == 0 || vals[0].Type().HasDynamicTypes() {
		return cty.TupleVal(vals)
	}
	for _, v := range vals[1:] {
		if !v.Type().Equals(vals[0].Type()) {
			return cty.TupleVal(vals)
		}
	}
	return cty.ListVal(vals)
}
