package xurrent

import (
	"context"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// Given is what an installation of an app has sent, where a test says so in the place of a customer.
type Given struct {
	Customer, App string // the customer's account id, and the app's reference
	// ClientID and ClientSecret are of the app's OAuth application in the customer's account.
	ClientID, ClientSecret string
	Secrets                map[string]string // what the customer has typed
}

// Give keeps what an installation has sent to the provider behind a connection, as its deliveries would. The error
// is of a connection that names no account, or of the store.
func (d Deps) Give(ctx context.Context, kept lang.Kept, connection cty.Value, g Given) error {
	provider, err := d.provider(connection)
	if err != nil {
		return err
	}
	return customersOf(kept, provider).Store(ctx, secretsDelivery{Customer: g.Customer, App: g.App, Secrets: g.Secrets,
		Application: &oauthApplication{ClientID: g.ClientID, ClientSecret: g.ClientSecret}})
}
