package xurrent

import (
	"github.com/hashicorp/hcl/v2"

	"currant/engine/lang"
	"currant/steps"
)

// Token gives the credentials of an installation.
var Token = planned[tokenArgs, tokenResult](steps.Kind{
	Name:               "token",
	Effect:             steps.Read,
	Connection:         connectionType,
	ConnectionOptional: true, // it reads what is stored
	Doc:                "Gives the credentials that a customer's account has sent for an app, for a connection to that account. Where they have not come yet, the run is put back for a minute.",
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
})

type tokenArgs struct {
	Grant string `hcl:"grant,optional" default:"client_credentials" enum:"client_credentials|authorization_code" doc:"Which of the app's two OAuth applications."`
	installation
}

type tokenResult struct {
	ClientID               string `hcl:"client_id" doc:"The client id."`
	ClientSecret           string `hcl:"client_secret,secret" doc:"The client secret (sensitive)."`
	OAuthApplicationNodeID string `hcl:"oauth_application_nodeID" doc:"The node id of the OAuth application."`
}

// installation is the arguments that say which installation of an app is meant.
type installation struct {
	CustomerAccountID string `hcl:"customer_account_id,optional" doc:"The customer's account; by default the trigger's."`
	AppReference      string `hcl:"app_reference,optional" doc:"The app's reference; by default the trigger's."`
}

// checkInstallation reports a step that says no installation where its trigger has none either.
func checkInstallation(c *steps.Check) (diags hcl.Diagnostics) {
	if c.Scope == nil {
		return nil
	}
	trigger, ok := c.Scope.Lookup("trigger")
	if !ok || !trigger.Type().IsObjectType() {
		return nil
	}
	for _, name := range []string{"customer_account_id", "app_reference"} {
		if c.Body.Attr(name) == nil && !trigger.Type().HasAttribute(name) {
			diags = append(diags, lang.Error(c.Body.Range, "Missing argument",
				"The argument %q is required here: this runbook's trigger has none to take it from.", name))
		}
	}
	return diags
}
