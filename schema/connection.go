package schema

import (
	"bytes"

	"github.com/zclconf/go-cty/cty"
)

// connectionData is what was read of a connection.
type connectionData struct {
	slots  []cty.Value // of the fields but nodes; nil of a null
	nodes  []cty.Value
	absent bool // nodes are null or missing
	more   bool // there are more, after cursor
	cursor string
	at     int // the field of the record
}

// connection reads a connection, or a null.
func (d *decoder) connection(sel *Selection, depth int) (connectionData, error) {
	c := connectionData{absent: true}
	if d.null() {
		return c, d.count()
	}
	c.slots = make([]cty.Value, len(sel.fields))
	err := d.object(depth, func(key []byte) (err error) {
		i, ok := sel.byKey[string(key)]
		if !ok {
			_, err = d.skip(depth + 1)
			return err
		}
		if c.slots[i] != cty.NilVal || i == sel.nodes && !c.absent {
			return d.fault("the name stands twice in its object")
		}
		if i != sel.nodes {
			c.slots[i], err = d.field(sel.fields[i], sel.fields[i].ref.lists(), depth+1)
			return err
		}
		d.space()
		c.absent = bytes.HasPrefix(d.b[d.i:], []byte("null"))
		c.nodes, err = d.records(sel.fields[i].sub, depth+1)
		return err
	})
	if err != nil || sel.pageInfo < 0 {
		return c, err
	}
	if info := c.slots[sel.pageInfo]; info != cty.NilVal && !info.IsNull() {
		next, cursor := info.GetAttr("hasNextPage"), info.GetAttr("endCursor")
		if next.Type() == cty.Bool && !next.IsNull() && next.True() && cursor.Type() == cty.String && !cursor.IsNull() {
			c.cursor = cursor.AsString()
			c.more = len(bytes.TrimSpace([]byte(c.cursor))) > 0
		}
	}
	return c, nil
}

// value is the connection as a part of its record.
func (c connectionData) value(sel *Selection) cty.Value {
	if c.slots == nil {
		return cty.NullVal(sel.typ)
	}
	f := sel.fields[sel.nodes]
	c.slots[sel.nodes] = ListOf(f.sub.typ, c.nodes)
	if c.absent && !sel.flat {
		c.slots[sel.nodes] = cty.NullVal(f.typ)
	}
	return sel.assemble(c.slots)
}
