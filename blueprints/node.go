package blueprints

import (
	"encoding/json"
	"errors"
)

// node is an object of an answer.
type node map[string]any

var errForm = errors.New("the account's answer cannot be read: another form was expected")

func decodeNode(raw json.RawMessage) (node, error) {
	v, err := decodeJSON(raw)
	if err != nil {
		return nil, errForm
	}
	n, ok := v.(map[string]any)
	if !ok {
		return nil, errForm
	}
	return n, nil
}

func (n node) text(name string) string {
	s, _ := n[name].(string)
	return s
}

func (n node) flag(name string) bool {
	b, _ := n[name].(bool)
	return b
}

func (n node) id() string { return n.text("id") }

// child is an object in a field; nil where there is none, of which all fields are empty.
func (n node) child(name string) node {
	m, _ := n[name].(map[string]any)
	return m
}

// nodes are the objects in a field: of a list or of a page.
func (n node) nodes(name string) (out []node) {
	list, ok := n[name].([]any)
	if !ok {
		list, _ = n.child(name)["nodes"].([]any)
	}
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// next is where the page in a field goes on, or "".
func (n node) next(name string) string {
	info := n.child(name).child("pageInfo")
	if !info.flag("hasNextPage") {
		return ""
	}
	return info.text("endCursor")
}

// value is what a column has on the account: of a version's column, n is the version. Markdown is the text alone,
// and a picture its address.
func (c *column) value(n node) any {
	switch c.shape {
	case shapeNamed:
		if name := n.child(c.field).text("name"); name != "" {
			return name
		}
		return nil
	case shapeItems:
		out := []any{}
		for _, item := range n.nodes(c.field) {
			is := map[string]any{}
			for _, cell := range c.items.columns {
				is[cell.attr] = cell.value(item)
			}
			out = append(out, is)
		}
		return out
	}
	return n[c.field]
}
