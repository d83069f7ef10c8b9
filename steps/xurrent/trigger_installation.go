package xurrent

import (
	"context"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// InstallationChanged is the trigger kind as long as nothing verifies signatures.
var InstallationChanged = NewInstallationChanged(TriggerDeps{})

// NewInstallationChanged is the trigger kind that tells of an app that is installed, changed or removed.
func NewInstallationChanged(d TriggerDeps) *ingress.Kind {
	return ingress.Define[installationArgs](d.receiving(ingress.Kind{
		Name: "installation_changed",
		Doc: "A customer has installed an app, changed its installation or removed it. Only signed bodies are accepted. " +
			"What the customer's account has sent is kept for 30 days after app_instance.delete, for the runs that say goodbye, or until the app is installed anew: " +
			"let one runbook have this event, or it is kept for ever.",
		Endpoint:   true,
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
			return append(diags, checkReference(c)...)
		},
		Output: func(*ingress.Check) cty.Type { return installationType },
	}, TriggerDeps.acceptInstallation))
}

// checkReference reports an app_reference that no app can have.
func checkReference(c *ingress.Check) hcl.Diagnostics {
	v, ok := steps.Known(c.Args, "app_reference")
	switch {
	case !ok || v.Type() != cty.String || isAppID(v.AsString()):
		return nil
	case v.AsString() == "":
		return hcl.Diagnostics{lang.Error(steps.At(c.Body, "app_reference"), "Invalid value for \"app_reference\"", "It may not be empty.")}
	}
	return hcl.Diagnostics{lang.Error(steps.At(c.Body, "app_reference"), "Invalid value for \"app_reference\"", "An app's reference has %d bytes at most, and no blanks.", maxAppID)}
}

// installationPayload is what the payload of app_instance.* has (PLATFORM 7.4). Which fields that of .delete
// leaves out is not documented.
var installationPayload, installationType = func() (payload, output cty.Type) {
	customer := cty.ObjectWithOptionalAttrs(map[string]cty.Type{"id": cty.String, "name": cty.String}, []string{"id", "name"})
	representative := map[string]cty.Type{"id": cty.Number, "nodeID": cty.String, "sourceID": cty.String, "name": cty.String, "disabled": cty.Bool, "account": customer}
	offering := map[string]cty.Type{"reference": cty.String, "id": cty.Number, "nodeID": cty.String, "updated": cty.Bool}
	attrs := map[string]cty.Type{
		"customer_account_id":     cty.String,
		"disabled":                cty.Bool,
		"enabled_by_customer":     cty.Bool,
		"suspended":               cty.Bool,
		"customer_representative": cty.ObjectWithOptionalAttrs(representative, []string{"id", "nodeID", "sourceID", "name", "disabled", "account"}),
		"app_offering":            cty.ObjectWithOptionalAttrs(offering, []string{"id", "nodeID", "updated"}),
	}
	payload = cty.ObjectWithOptionalAttrs(attrs, []string{"disabled", "enabled_by_customer", "suspended", "customer_representative"})
	all := map[string]cty.Type{"app_reference": cty.String, "webhook": appWebhook}
	for name, t := range attrs {
		all[name] = t.WithoutOptionalAttributesDeep()
	}
	return payload, cty.Object(all)
}()

type installationArgs struct {
	account
	AppReference             string   `hcl:"app_reference,optional" doc:"The app's reference; events of other apps are discarded."`
	Events                   []string `hcl:"events,optional" doc:"Which of app_instance.create, app_instance.update and app_instance.delete; all by default."`
	ConfigurationURITemplate string   `hcl:"configuration_uri_template,optional" doc:"Where a customer is sent to configure the app after installing it; here or in the app, not in both."`
}

func planInstallation(t *ingress.Trigger) *appPlan {
	return planApp(t, func(p *appPlan, a installationArgs) {
		p.events = a.Events
		if a.AppReference != "" {
			p.apps = []string{a.AppReference}
		}
	})
}

// removedEvent is the last event of an installation.
const removedEvent = "app_instance.delete"

// acceptInstallation makes an event of app_instance.create, .update or .delete (PLATFORM 7.4). That an
// installation came or went is noted also where the event starts no run.
func (d TriggerDeps) acceptInstallation(ctx context.Context, t *ingress.Trigger, r *ingress.Request) (ingress.Event, error) {
	p := planInstallation(t)
	customers, err := d.customers(t, r, p)
	if err != nil {
		return ingress.Event{}, err
	}
	w, attrs, err := d.openProvider(ctx, t, r, customers)
	if err != nil || attrs == nil || w.other(attrs["event"].AsString(), installationEvents) {
		return w.event, err
	}
	payload, err := ingress.Fit(attrs["payload"], installationPayload, nil, w.root+".payload")
	if err != nil {
		return ingress.Event{}, err
	}
	customer, app, err := w.named(payload)
	if err != nil || w.mismatch(p, app) {
		return w.event, err
	}
	event, instance := attrs["event"].AsString(), textIn(attrs["object_nodeID"])
	if event == removedEvent {
		err = customers.removed(ctx, removal{Customer: customer, App: app, Instance: instance, At: w.event.At})
	} else {
		err = customers.arrived(ctx, customer, app, instance)
	}
	if err != nil {
		return ingress.Event{}, fmt.Errorf("noting %s of app %s for customer %s: %w", event, cut(app), cut(customer), err)
	}
	w.forget(ctx, customers, p)
	if w.other(event, p.events) {
		return w.event, nil
	}
	out := payload.AsValueMap()
	out["app_reference"], out["webhook"] = cty.StringVal(app), appWebhookOf(attrs)
	w.event.Context, w.event.Value = p.context(customer, app), cty.ObjectVal(out)
	return w.event, nil
}
