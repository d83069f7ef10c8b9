package api

import "time"

// BudgetView is one limit of an account for people (PLATFORM 3.4).
type BudgetView struct {
	Name             string // requests, or cost points
	Limit, Remaining int64
	Reset            time.Time // zero: not known
}

// BudgetViews are the limits that the last answers told, and when the last one came. A limit that no answer has
// told is left out.
func (c *Client) BudgetViews() (views []BudgetView, at time.Time) {
	b := c.Budget()
	for _, l := range []struct {
		name string
		Limit
	}{{"requests", b.Rate}, {"cost points", b.Cost}} {
		if l.Limit.Limit != nil && l.Remaining != nil {
			views = append(views, BudgetView{Name: l.name, Limit: *l.Limit.Limit, Remaining: max(*l.Remaining, 0), Reset: l.Reset})
		}
	}
	return views, b.At
}
