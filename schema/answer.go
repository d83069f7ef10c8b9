package schema

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"
)

// Page reads a page of a connection from the data of an answer. Missing nodes are an empty page; without the
// object the error is a *NoData.
func (q *Query) Page(ctx context.Context, data json.RawMessage, fetch Fetch) (Page, error) {
	d := newDecoder(ctx, data, fetch)
	var c connectionData
	err := d.member(q.Object, func() (err error) {
		c, err = d.connection(q.root, 1)
		return err
	})
	switch {
	case err != nil:
		return Page{}, err
	case c.slots == nil:
		return Page{}, &NoData{Name: q.Object}
	}
	page := Page{Nodes: c.nodes, HasNext: c.more, Cursor: c.cursor}
	if i, ok := q.root.byKey["totalCount"]; ok && q.HasTotal && c.slots[i] != cty.NilVal && !c.slots[i].IsNull() {
		n, _ := c.slots[i].AsBigFloat().Int64()
		total := int(n)
		page.Total = &total
	}
	return page, nil
}

// A Page is a part of a connection.
type Page struct {
	Nodes []cty.Value
	// Total is how many records there are in all; nil where the connection does not tell.
	Total *int
	// HasNext says that there are more, after Cursor. It is false where there is no cursor to go on from.
	HasNext bool
	Cursor  string
}

// Single reads the record of an object that is no connection from the data of an answer. Without it the error
// is a *NoData.
func (q *Query) Single(ctx context.Context, data json.RawMessage, fetch Fetch) (cty.Value, error) {
	v, err := decodeRoot(ctx, data, fetch, q.Object, q.Selection)
	if err == nil && v.IsNull() {
		return cty.NilVal, &NoData{Name: q.Object}
	}
	return v, err
}

// NoData is the error of an answer whose root object is null or missing (PLATFORM 3.2).
type NoData struct {
	Name     string
	Mutation bool
}

// Error is the text that the vendor uses.
func (e *NoData) Error() string {
	if e.Mutation {
		return fmt.Sprintf("No data returned for mutation '%s'", e.Name)
	}
	return fmt.Sprintf("No data returned for '%s'", e.Name)
}
