package xurrent

import (
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
)

// Configuration is a customer on the way to configure an app.
var Configuration = ingress.Define[configurationArgs](ingress.Kind{
	Name:       "configuration",
	Doc:        "A customer who has installed an app comes to its configuration page (GET), verified by the provider's policy. confirmation_url is the way back, which enables the installation.",
	Endpoint:   true,
	Planned:    true,
	App:        true,
	Connection: connectionType,
	Examples: []lang.Example{{
		Title: "Nothing to configure: straight back",
		HCL: `trigger "configuration" {
  app_reference = "survey"
  respond {
    status  = 303
    headers = { Location = trigger.confirmation_url }
  }
}`,
	}},
	Output: func(*ingress.Check) cty.Type {
		return cty.Object(map[string]cty.Type{
			"customer_account_id": cty.String, "app_instance_nodeID": cty.String, "confirmation_url": cty.String,
		})
	},
})

type configurationArgs struct {
	account
	AppReference string `hcl:"app_reference,optional" doc:"The app's reference; may be left out when the blueprint has exactly one app."`
	ingress.Responding
}
