package api

import (
	"testing"
	"time"
)

func TestBudgetViews(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	c := &Client{now: func() time.Time { return now }}
	if views, at := c.BudgetViews(); len(views) != 0 || !at.IsZero() {
		t.Errorf("before an answer: %v at %v", views, at)
	}
	limit, left := int64(3600), int64(-2)
	c.learn(Limit{Limit: &limit, Remaining: &left, Reset: now.Add(time.Hour)}, Limit{})
	views, at := c.BudgetViews()
	if want := (BudgetView{Name: "requests", Limit: 3600, Reset: now.Add(time.Hour)}); len(views) != 1 || views[0] != want || !at.Equal(now) {
		t.Errorf("%v at %v", views, at)
	}
}
