package schema

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// More is a request for a further page of a nested connection: a query and its variables as a JSON object.
type More struct {
	Text      string
	Variables []byte
}

// Fetch sends a request and gives the data of the answer.
type Fetch func(ctx context.Context, m More) (data json.RawMessage, err error)

// maxNested is how many nodes of nested connections are read with a record, or a page of them, in all.
const maxNested = 100_000

// complete reads on where a nested connection of a record has more than a page.
func (d *decoder) complete(sel *Selection, slots []cty.Value, c connectionData) error {
	f := sel.fields[c.at]
	id := ""
	if sel.id >= 0 {
		if v := slots[sel.id]; v != cty.NilVal && v.Type() == cty.String && !v.IsNull() {
			id = v.AsString()
		}
	}
	text := sel.more(f)
	if id == "" || text == "" || d.fetch == nil {
		return d.fault("there are more than %d nodes, and the rest cannot be asked for, for the record around them has no id", len(c.nodes))
	}
	for c.more {
		if *d.nested > maxNested {
			return d.fault("there are more than %d nodes in nested connections; query them as records of their own", maxNested)
		}
		w := &sender{b: []byte{'{'}}
		w.key(0, "id")
		w.text(id)
		w.key(0, "after")
		w.text(c.cursor)
		data, err := d.fetch(d.ctx, More{Text: text, Variables: append(w.b, '}')})
		if err != nil {
			return err
		}
		page, err := d.furtherPage(f, data)
		if err != nil {
			return err
		}
		if page.more && (page.cursor == c.cursor || len(page.nodes) == 0) {
			return d.fault("the service gives the same page again and again")
		}
		c.nodes = append(c.nodes, page.nodes...)
		c.more, c.cursor = page.more, page.cursor
	}
	c.absent = false
	slots[c.at] = c.value(f.sub)
	return nil
}

// furtherPage reads the answer to a More.
func (d *decoder) furtherPage(f *selected, data []byte) (connectionData, error) {
	inner := newDecoder(d.ctx, data, d.fetch)
	inner.nested = d.nested
	var c connectionData
	err := inner.member("node", func() error {
		if inner.null() {
			return nil
		}
		return inner.object(1, func(key []byte) (err error) {
			if string(key) != f.key || c.slots != nil {
				_, err = inner.skip(2)
				return err
			}
			c, err = inner.connection(f.sub, 2)
			return err
		})
	})
	if err == nil && c.slots == nil {
		err = &NoData{Name: "node"}
	}
	*d.nested += len(c.nodes)
	return c, err
}

// more is the query for a page of a connection of a record (LANGUAGE 5), or "" if such records cannot be
// queried by id.
func (sel *Selection) more(f *selected) string {
	root := sel.schema.root(sel.schema.query, "node")
	if root == nil || find(root.args, "id") == nil || !sel.schema.overlap(sel.on, root.typ.base()) {
		return ""
	}
	args := slices.DeleteFunc(slices.Clone(f.args), func(a string) bool { return len(a) > 6 && a[:6] == "after:" })
	inner := f.head(append(args, nestedPage, "after: $after")) + " { " + f.sub.text + " }"
	on := f.on
	if len(on) == 0 {
		on = []string{sel.on}
	}
	text := "query($id: ID!, $after: String) { node(id: $id) {"
	for _, name := range on {
		text += " ... on " + name + " { " + inner + " }"
	}
	return text + " } }"
}
