package xurrent

import (
	"context"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
)

// AutomationWebhook is the trigger kind as long as nothing verifies signatures.
var AutomationWebhook = NewAutomationWebhook(TriggerDeps{})

// NewAutomationWebhook is the trigger kind that the automation rules of an app call.
func NewAutomationWebhook(d TriggerDeps) *ingress.Kind {
	return ingress.Define[automationArgs](d.receiving(ingress.Kind{
		Name:       "automation_webhook",
		Doc:        "An automation rule of an app, in a customer's account, has called the app's webhook, whose address ends with `?customer_account_id={account}`. Only bodies that this customer's policy has signed are accepted.",
		Endpoint:   true,
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
		Check: func(c *ingress.Check) hcl.Diagnostics { return append(checkPayloadSchema(c), checkReference(c)...) },
		Output: func(c *ingress.Check) cty.Type {
			return cty.Object(map[string]cty.Type{
				"app_reference": cty.String, "customer_account_id": cty.String, "payload": payloadType(c.Body), "webhook": appWebhook,
			})
		},
	}, TriggerDeps.acceptAutomation))
}

type automationArgs struct {
	account
	AppReference  string              `hcl:"app_reference" doc:"The app's reference."`
	PayloadSchema lang.TypeConstraint `hcl:"payload_schema,optional" doc:"The type of the payload: the expressions that the rule names in its action."`
}

func planAutomation(t *ingress.Trigger) *appPlan {
	return planApp(t, func(p *appPlan, a automationArgs) { p.apps = []string{a.AppReference} })
}

// acceptAutomation makes an event of a rule's call (PLATFORM 7.5). Which customer it is from is what the address
// says; the signature, by the policy of this customer and this app, proves it.
func (d TriggerDeps) acceptAutomation(ctx context.Context, t *ingress.Trigger, r *ingress.Request) (ingress.Event, error) {
	p := planAutomation(t)
	customers, err := d.customers(t, r, p)
	if err != nil {
		return ingress.Event{}, err
	}
	app, customer := p.apps[0], ""
	w, attrs, err := d.openSigned(ctx, t, r, func() (*webhookPolicy, string, error) {
		named := r.Query["customer_account_id"]
		if len(named) != 1 || !isAppID(named[0]) {
			return nil, "", ingress.Unauthorized("the address names no customer: the app's webhook_uri_template ends with ?customer_account_id={account}")
		}
		customer = named[0]
		policy, err := customers.Policy(ctx, customer, app)
		return policy, fmt.Sprintf("customer %s for app %s", cut(customer), app), err
	})
	if err != nil || attrs == nil {
		return w.event, err
	}
	payload := withoutOwn(attrs["payload"])
	if p.hasSchema {
		if payload.IsNull() {
			payload = cty.EmptyObjectVal
		}
		if payload, err = ingress.Fit(payload, p.schema, p.defaults, w.root+".payload"); err != nil {
			return ingress.Event{}, err
		}
	}
	w.event.Context = p.context(customer, app)
	w.event.Value = cty.ObjectVal(map[string]cty.Value{
		"app_reference": cty.StringVal(app), "customer_account_id": cty.StringVal(customer), "payload": payload, "webhook": appWebhookOf(attrs)})
	return w.event, nil
}

// withoutOwn is a payload without what the platform, not the rule, has put there.
func withoutOwn(payload cty.Value) cty.Value {
	if payload.IsNull() || !payload.Type().IsObjectType() {
		return payload
	}
	attrs := payload.AsValueMap()
	delete(attrs, "app_offering")
	delete(attrs, "customer_account_id")
	return cty.ObjectVal(attrs)
}
