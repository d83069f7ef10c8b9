package console

import (
	"context"
	"time"
)

// fakes gives a console connections, apps and customers.
func fakes(o *Options) {
	o.Connections = func(context.Context) ([]Connection, error) {
		return []Connection{
			{Blueprint: "shop", Name: "provider", Kind: "xurrent", Account: "wna-it", Address: "graphql.xurrent.com", Open: true, At: time.Now(), Budgets: []Budget{
				{Name: "requests", Limit: 3600, Remaining: 2900, Reset: time.Now().Add(time.Hour)},
				{Name: "cost points", Limit: 5000, Remaining: 600, Reset: time.Now().Add(time.Hour)}}},
			{Blueprint: "shop", Name: "bank", Kind: "http"},
		}, nil
	}
	o.Apps = func() []App {
		return []App{{Blueprint: "shop", Reference: "survey", Name: "Survey", Extensions: []string{"Survey configuration"}, Rules: []string{"ask"}, Runbooks: []string{"greet"}},
			{Blueprint: "shop", Reference: "old", Disabled: true}}
	}
	o.Customers = func(context.Context) ([]Customer, error) {
		return []Customer{{Provider: "graphql.xurrent.com/wna-it", Account: "wdc", App: "survey", Has: []string{"token", "policy", "secret api_key"}},
			{Provider: "graphql.xurrent.com/wna-it", Account: "acme", App: "survey", Removed: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}, nil
	}
}
