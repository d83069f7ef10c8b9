package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/engine/testrun"
	"currant/steps"
	"currant/steps/xurrent"
)

// install installs an app for a customer, and keeps what the customer's account would send: credentials that the
// simulated account takes, and secrets.
func (a *testAccount) install(ctx context.Context, d xurrent.Deps, bp *compile.Blueprint, kept lang.Kept, in testrun.Installation) error {
	connection, err := providerArgs(bp)
	if err != nil {
		return err
	}
	account, ok := steps.Known(connection, "account_id")
	if !ok {
		return errors.New("the account of the app's connection is not known")
	}
	order := map[string]any{"provider": account.AsString(), "app": in.App, "customer": in.Customer, "disabled": in.Disabled}
	if v := in.CustomFields; v != cty.NilVal && !v.IsNull() {
		plain, _ := v.UnmarkDeep()
		text, err := lang.ToJSON(plain)
		if err != nil {
			return fmt.Errorf("custom_fields: %w", err)
		}
		order["custom_fields"] = json.RawMessage(text)
	}
	if err := controlSim(ctx, http.MethodPost, a.url+"/sim/install", order, nil); err != nil {
		return err
	}
	return d.Give(ctx, kept, connection, xurrent.Given{Customer: in.Customer, App: in.App, ClientID: "test", ClientSecret: "test-secret", Secrets: in.Secrets})
}

// providerArgs are the arguments of the connection that a blueprint's app triggers belong to or, where it has none
// of those, of its only connection to an account.
func providerArgs(bp *compile.Blueprint) (cty.Value, error) {
	for _, rb := range bp.Runbooks {
		if rb.Trigger.Kind.App && rb.Trigger.Connection != nil {
			return rb.Trigger.Connection()
		}
	}
	var found []cty.Value
	for _, name := range slices.Sorted(maps.Keys(bp.Connections)) {
		if c := bp.Connections[name]; c.Kind.Name == "xurrent" {
			found = append(found, c.Known())
		}
	}
	if len(found) != 1 {
		return cty.NilVal, fmt.Errorf("the blueprint has %d connections to accounts: which one is the app's provider is not known", len(found))
	}
	return found[0], nil
}
