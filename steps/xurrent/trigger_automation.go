package xurrent

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// AutomationWebhook is called by the automation rules of an app.
var AutomationWebhook = ingress.Define[automationArgs](ingress.Kind{
	Name:       "automation_webhook",
	Doc:        "An automation rule of an app, in a customer's account, has called the app's webhook. Only signed bodies are accepted.",
	Endpoint:   true,
	Planned:    true,
	App:        true,
	Connection: connectionType,
	Examples: []lang.Example{{
		Title: "With a typed payload",
		HCL: `trigger "automation_webhook" {
  app_reference  = "survey"
  payload_schema = object({ text = string, url = optional(string) })
  discard_when   = trigger.webhook.person.name == "Survey App"
}`,
	}},
	Check: func(c *ingress.Check) hcl.Diagnostics {
		diags := checkPayloadSchema(c)
		if v, ok := steps.Known(c.Args, "app_reference"); ok && v.AsString() == "" {
			diags = append(diags, lang.Error(steps.At(c.Body, "app_reference"), "Invalid value for \"app_reference\"", "It may not be empty."))
		}
		return diags
	},
	Output: func(c *ingress.Check) cty.Type {
		return cty.Object(map[string]cty.Type{
			"app_reference": cty.String, "customer_account_id": cty.String, "payload": payloadType(c.Body), "webhook": appWebhook,
		})
	},
})

type automationArgs struct {
	account
	AppReference  string              `hcl:"app_reference" doc:"The app's reference."`
	PayloadSchema lang.TypeConstraint `hcl:"payload_schema,optional" doc:"The type of the payload: the expressions that the rule names in its action."`
}
