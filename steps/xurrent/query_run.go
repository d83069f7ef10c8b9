package xurrent

import (
	"context"
	"encoding/json"
	"errors"
	"maps"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/schema"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// place is where a query stands between pages. The short names are part of the stored format.
type place struct {
	After   string `json:"a,omitempty"` // the account's own cursor
	Fetched int    `json:"n"`
}

// fetchPage gets a page of records (PLATFORM 3.12).
func fetchPage(ctx context.Context, c *steps.Call, a queryArgs) (steps.Page, error) {
	account, err := accountOf(c)
	if err != nil {
		return steps.Page{}, err
	}
	var at place
	if c.Cursor != nil {
		if err := json.Unmarshal(c.Cursor, &at); err != nil {
			return steps.Page{}, steps.Errorf(steps.InternalError, "the place of the page: %s", err)
		}
	}
	model, err := account.Model(ctx, a.RefreshSchema && c.Cursor == nil)
	if err != nil {
		return steps.Page{}, err
	}
	q, problems := model.Query(schema.QueryArgs{Object: a.Object, Filter: orNone(a.Filter), View: viewOf(a.View), Order: ordered(a.Order),
		Arguments: orNone(a.Arguments), Fields: a.Fields, Include: a.Include})
	if err := inputError(c.Args, problems); err != nil {
		return steps.Page{}, err
	}
	if !q.Connection {
		return fetchOne(ctx, c, account, q)
	}
	size := a.PageSize
	if a.MaxResults != nil {
		size = min(size, *a.MaxResults-at.Fetched)
	}
	vars, err := q.Variables(size, at.After)
	if err != nil {
		return steps.Page{}, steps.Errorf(steps.InputError, "%s", err)
	}
	answer, err := account.client.Do(ctx, api.Request{Text: q.Text(at.After != ""), Variables: vars, Read: true, Secrets: secretsOf(c)})
	if err != nil {
		return steps.Page{}, err
	}
	got, err := q.Page(ctx, answer.Data, fetchMore(account, c))
	if err != nil {
		return steps.Page{}, badAnswer(err)
	}
	if got.HasNext && got.Cursor != "" && got.Cursor == at.After {
		return steps.Page{}, steps.Errorf(steps.DecodeError, "%s: the service gives the same page again and again", q.Object)
	}
	at.After, at.Fetched = got.Cursor, at.Fetched+len(got.Nodes)
	more := got.HasNext && got.Cursor != "" && (a.MaxResults == nil || at.Fetched < *a.MaxResults)
	summary := telemetry(answer)
	summary["has_next_page"] = cty.BoolVal(more)
	summary["total_count"] = cty.NullVal(cty.Number)
	if got.Total != nil {
		summary["total_count"] = cty.NumberIntVal(int64(*got.Total))
	}
	pg := steps.Page{Items: got.Nodes, Summary: cty.ObjectVal(summary)}
	secrets := secretsOf(c)
	for i, v := range pg.Items {
		pg.Items[i] = withoutSecrets(v, secrets)
	}
	if more {
		if pg.Next, err = json.Marshal(at); err != nil {
			return steps.Page{}, err
		}
	}
	return pg, nil
}

// fetchOne gets an object that is no connection: it is the only item of the only page, and the summary is null.
func fetchOne(ctx context.Context, c *steps.Call, account *Account, q *schema.Query) (steps.Page, error) {
	vars, err := q.Variables(0, "")
	if err != nil {
		return steps.Page{}, steps.Errorf(steps.InputError, "%s", err)
	}
	answer, err := account.client.Do(ctx, api.Request{Text: q.Text(false), Variables: vars, Read: true, Secrets: secretsOf(c)})
	if err != nil {
		return steps.Page{}, err
	}
	v, err := q.Single(ctx, answer.Data, fetchMore(account, c))
	if err != nil {
		return steps.Page{}, badAnswer(err)
	}
	return steps.Page{Items: []cty.Value{withoutSecrets(v, secretsOf(c))}, Summary: cty.NullVal(cty.DynamicPseudoType)}, nil
}

// queried is a query's output.
func queried(_ cty.Value, r steps.PagesResult) cty.Value {
	if r.Summary == cty.NilVal || r.Summary.IsNull() {
		if len(r.Items) == 1 {
			return r.Items[0]
		}
		return cty.NullVal(cty.DynamicPseudoType)
	}
	out := maps.Clone(r.Summary.AsValueMap())
	out["count"] = cty.NumberIntVal(int64(r.Count))
	if r.Items != nil || r.Count == 0 {
		out["nodes"] = lang.AsList(cty.TupleVal(r.Items))
	}
	if r.Collected != cty.NilVal {
		out["collected"] = lang.AsList(r.Collected)
	}
	return cty.ObjectVal(out)
}

func accountOf(c *steps.Call) (*Account, error) {
	account, ok := c.Connection.(*Account)
	if !ok {
		return nil, steps.Errorf(steps.InputError, "the step needs a connection of type %s", connectionType)
	}
	return account, nil
}

// fetchMore gets the further pages of nested connections.
func fetchMore(account *Account, c *steps.Call) schema.Fetch {
	return func(ctx context.Context, m schema.More) (json.RawMessage, error) {
		answer, err := account.client.Do(ctx, api.Request{Text: m.Text, Variables: m.Variables, Read: true, Secrets: secretsOf(c)})
		if err != nil {
			return nil, err
		}
		return answer.Data, nil
	}
}

// badAnswer is the failure of an answer that does not fit the data model.
func badAnswer(err error) error {
	var missing *schema.NoData
	var step *steps.Error
	var back *steps.PutBack
	switch {
	case errors.As(err, &step), errors.As(err, &back):
		return err
	case errors.As(err, &missing):
		return steps.Errorf(steps.NotFoundError, "%s", err)
	}
	return steps.Errorf(steps.DecodeError, "%s", err)
}

func orNone(v cty.Value) cty.Value {
	if v == cty.NilVal || v.IsNull() {
		return cty.NilVal
	}
	return v
}

func viewOf(view string) cty.Value {
	if view == "" {
		return cty.NilVal
	}
	return cty.StringVal(view)
}

// ordered adds the direction where none is written.
func ordered(order cty.Value) cty.Value {
	order = orNone(order)
	if order == cty.NilVal || !order.CanIterateElements() {
		return order
	}
	var out []cty.Value
	for it := order.ElementIterator(); it.Next(); {
		_, el := it.Element()
		attrs := el.AsValueMap()
		if v, ok := attrs["direction"]; !ok || v.IsNull() {
			attrs = maps.Clone(attrs)
			attrs["direction"] = cty.StringVal("asc")
		}
		out = append(out, cty.ObjectVal(attrs))
	}
	return cty.TupleVal(out)
}
