package xurrent

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// Webhook is a webhook of a Xurrent account.
var Webhook = ingress.Define[webhookArgs](ingress.Kind{
	Name:       "webhook",
	Doc:        "A webhook of a Xurrent account. Signed bodies are verified by the policy, or by the keys that the account publishes.",
	Endpoint:   true,
	Planned:    true,
	Connection: connectionType,
	Examples: []lang.Example{{
		Title: "Requests whose status has changed",
		HCL: `trigger "webhook" {
  events            = ["request.status-changed"]
  require_signature = true
  payload_schema    = object({ status = string, previous_status = optional(string) })
}`,
	}, {
		Title: "A policy of one's own",
		HCL: `trigger "webhook" {
  policy {
    issuer   = "https://wdc.xurrent.com"
    audience = "currant"
  }
}`,
	}},
	Check: func(c *ingress.Check) hcl.Diagnostics {
		diags := checkPolicy(c.Body.Block("policy"), steps.Arg(c.Args, "policy"))
		diags = append(diags, checkEvents(c, webhookEvents, hcl.DiagWarning)...)
		return append(diags, checkPayloadSchema(c)...)
	},
	Output: webhookType,
})

type webhookArgs struct {
	account
	Policy           *policy             `hcl:"policy,block" doc:"How the signature is verified."`
	RequireSignature bool                `hcl:"require_signature,optional" default:"false" doc:"Whether an unsigned body is refused also where there is no policy."`
	Events           []string            `hcl:"events,optional" doc:"The events that start a run, such as \"request.create\"; all by default."`
	PayloadSchema    lang.TypeConstraint `hcl:"payload_schema,optional" doc:"The type of the payload; what it does not name is left out, and the whole is in raw_payload."`
}

func webhookType(c *ingress.Check) cty.Type {
	attrs := map[string]cty.Type{"payload": payloadType(c.Body), "raw_payload": cty.DynamicPseudoType}
	for _, name := range []string{"webhook_id", "object_id", "person_id"} {
		attrs[name] = cty.Number
	}
	for _, name := range []string{"webhook_nodeID", "account_id", "account", "custom_url", "name", "event", "object_nodeID",
		"person_nodeID", "person_name", "instance_name", "delivery", "delivery_origin"} {
		attrs[name] = cty.String
	}
	return cty.Object(attrs)
}
