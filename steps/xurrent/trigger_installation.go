package xurrent

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// InstallationChanged tells of an app that is installed, changed or removed.
var InstallationChanged = ingress.Define[installationArgs](ingress.Kind{
	Name:       "installation_changed",
	Doc:        "A customer has installed an app, changed its installation or removed it. Only signed bodies are accepted.",
	Endpoint:   true,
	Planned:    true,
	App:        true,
	Connection: connectionType,
	Examples: []lang.Example{{
		Title: "New customers of an app",
		HCL: `trigger "installation_changed" {
  app_reference = "survey"
  events        = ["app_instance.create"]
}`,
	}},
	Check: func(c *ingress.Check) hcl.Diagnostics {
		diags := checkEvents(c, installationEvents, hcl.DiagError)
		v, ok := steps.Known(c.Args, "configuration_uri_template")
		if ok && len(v.AsString()) > 255 {
			diags = append(diags, lang.Error(steps.At(c.Body, "configuration_uri_template"), "Invalid value for \"configuration_uri_template\"", "It may have 255 characters at most."))
		}
		return diags
	},
	Output: func(*ingress.Check) cty.Type { return installationType },
})

var installationType = cty.Object(map[string]cty.Type{
	"customer_account_id": cty.String,
	"app_reference":       cty.String,
	"disabled":            cty.Bool,
	"enabled_by_customer": cty.Bool,
	"suspended":           cty.Bool,
	"customer_representative": cty.Object(map[string]cty.Type{
		"id": cty.Number, "nodeID": cty.String, "sourceID": cty.String, "name": cty.String, "disabled": cty.Bool,
		"account": cty.Object(map[string]cty.Type{"id": cty.String, "name": cty.String}),
	}),
	"app_offering": cty.Object(map[string]cty.Type{
		"reference": cty.String, "id": cty.Number, "nodeID": cty.String, "updated": cty.Bool,
	}),
	"webhook": appWebhook,
})

type installationArgs struct {
	account
	AppReference             string   `hcl:"app_reference,optional" doc:"The app's reference; events of other apps are discarded."`
	Events                   []string `hcl:"events,optional" doc:"Which of app_instance.create, app_instance.update and app_instance.delete; all by default."`
	ConfigurationURITemplate string   `hcl:"configuration_uri_template,optional" doc:"Where a customer is sent to configure the app after installing it; here or in the app, not in both."`
}
