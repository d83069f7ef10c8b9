package main

import (
	"context"
	"net/url"

	"github.com/zclconf/go-cty/cty"

	"currant/engine"
	"currant/engine/console"
	"currant/engine/lang"
	"currant/steps"
	"currant/steps/xurrent"
)

// maxShown is how many connections the console shows: an app may have one for each of thousands of customers.
const maxShown = 200

// shownConnections are the connections of the blueprints in force, for the console.
func shownConnections(e *engine.Engine) []console.Connection {
	var out []console.Connection
	for i, o := range e.Opened() {
		if i == maxShown {
			break
		}
		c := console.Connection{Blueprint: o.Blueprint, Name: o.Name, Kind: o.Kind, Open: o.Value != nil}
		var shown bool
		c.Account, shown = shownText(o.Known, "account_id")
		if account, ok := o.Value.(*xurrent.Account); ok {
			if shown {
				c.Account = account.ID()
			}
			if u, err := url.Parse(account.Client().Endpoints().GraphQL); err == nil {
				c.Address = u.Host
			}
			views, at := account.Client().BudgetViews()
			c.At = at
			for _, v := range views {
				c.Budgets = append(c.Budgets, console.Budget{Name: v.Name, Limit: v.Limit, Remaining: v.Remaining, Reset: v.Reset})
			}
		}
		out = append(out, c)
	}
	return out
}

// shownText is an argument's text; shown is false, and the text "", where it is sensitive.
func shownText(args cty.Value, name string) (text string, shown bool) {
	if v := steps.Arg(args, name); v != cty.NilVal && lang.IsSensitive(v) {
		return "", false
	}
	if v, ok := steps.Known(args, name); ok {
		text = v.AsString()
	}
	return text, true
}

// shownCustomers are the customers of apps that something is kept of.
func shownCustomers(ctx context.Context, e *engine.Engine) ([]console.Customer, error) {
	all, err := xurrent.Installations(ctx, e.Kept())
	var out []console.Customer
	for _, v := range all {
		out = append(out, console.Customer{Provider: v.Provider, Account: v.Customer, App: v.App, Has: v.Kept, Removed: v.Removed})
	}
	return out, err
}

// shownApps are the apps that the blueprints in force declare.
func shownApps(e *engine.Engine) []console.App {
	var out []console.App
	for _, bp := range e.Blueprints() {
		for _, r := range bp.Resources {
			if r.Kind != "app" {
				continue
			}
			app := console.App{Blueprint: bp.Name, Reference: r.Name}
			reference := r.Name
			if v, ok := steps.Known(r.Args, "reference"); ok {
				reference = v.AsString()
				app.Reference, _ = shownText(r.Args, "reference")
			}
			app.Name, _ = shownText(r.Args, "name")
			if v, ok := steps.Known(r.Args, "disabled"); ok {
				app.Disabled = v.True()
			}
			for _, b := range r.Body.BlocksOf("ui_extension") {
				name := b.Label()
				if a := b.Body.Attr("name"); a != nil && name == "" {
					if v, diags := a.Expr.Value(nil); !diags.HasErrors() && v.Type().FriendlyName() == "string" && v.IsKnown() && !v.IsNull() {
						name = v.AsString()
					}
				}
				app.Extensions = append(app.Extensions, name)
			}
			for _, b := range r.Body.BlocksOf("automation_rule") {
				app.Rules = append(app.Rules, b.Label())
			}
			for _, rb := range bp.Runbooks {
				if v, ok := steps.Known(rb.Trigger.Args, "app_reference"); ok && v.AsString() == reference {
					app.Runbooks = append(app.Runbooks, rb.Name)
				}
			}
			out = append(out, app)
		}
	}
	return out
}
