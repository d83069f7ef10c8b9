package xurrent

import (
	"context"
	"fmt"

	"currant/steps"
)

// newToken gives the credentials of an installation.
func newToken(d Deps) *steps.Kind {
	return steps.Action(steps.Kind{
		Name:       "token",
		Effect:     steps.Read,
		Connection: connectionType,
		Doc:        "Gives the credentials that a customer's account has sent for an app, for a connection to that account. Where they have not come yet, the run waits for them: it looks again when something has come, and each minute, up to 60 times.",
		Examples: []steps.Example{{
			Title: "Credentials of the customer who sent the event",
			HCL:   `step "token" "token" {}`,
		}, {
			Title: "Of a certain customer",
			HCL: `step "token" "token" {
  customer_account_id = "wdc"
  app_reference       = "survey"
}`,
		}},
		Check: checkInstallation,
	}, func(ctx context.Context, c *steps.Call, a tokenArgs) (tokenResult, error) {
		return giveToken(ctx, d, c, a)
	})
}

type tokenArgs struct {
	Grant string `hcl:"grant,optional" default:"client_credentials" enum:"client_credentials|authorization_code" doc:"Which of the app's two OAuth applications."`
	installation
}

type tokenResult struct {
	ClientID               string `hcl:"client_id" doc:"The client id."`
	ClientSecret           string `hcl:"client_secret,secret" doc:"The client secret (sensitive)."`
	OAuthApplicationNodeID string `hcl:"oauth_application_nodeID" doc:"The node id of the OAuth application."`
}

func giveToken(ctx context.Context, d Deps, c *steps.Call, a tokenArgs) (tokenResult, error) {
	at, err := a.installation.of(c)
	if err != nil {
		return tokenResult{}, err
	}
	customers, err := d.customersFor(c)
	if err != nil {
		return tokenResult{}, err
	}
	app, err := customers.Token(ctx, at.CustomerAccountID, at.AppReference, a.Grant)
	switch {
	case err != nil:
		return tokenResult{}, err
	case app == nil:
		return tokenResult{}, await(c, customers.of(at.CustomerAccountID, at.AppReference).prefix(),
			fmt.Sprintf("Required credentials not available yet: %s of app %s for customer %s", a.Grant, at.AppReference, at.CustomerAccountID))
	}
	c.Secrets = append(c.Secrets, app.ClientSecret)
	return tokenResult{ClientID: app.ClientID, ClientSecret: app.ClientSecret, OAuthApplicationNodeID: app.NodeID}, nil
}
