package xurrent

import (
	"context"

	"currant/steps"
)

// Edits are of the draft of an offering, never of what is published (PLATFORM 7.2).
const draftQuery = `query($reference: String!) {
  appOfferings(first: 1, filter: { published: false, reference: { values: [$reference] } }) {
    nodes { id webhookUriTemplate configurationUriTemplate }
  }
}`

// A simulated account has offerings that were never a draft.
const offeringQuery = `query($reference: String!) {
  appOfferings(first: 1, filter: { reference: { values: [$reference] } }) { nodes { id webhookUriTemplate configurationUriTemplate } }
}`

const servicesQuery = `query { serviceInstances(first: 1) { nodes { id } } }`

// offering is an app offering, as far as its addresses go.
type offering struct {
	ID                       string
	WebhookURITemplate       string
	ConfigurationURITemplate string
}

// findOffering finds the draft of an app's offering. nil: it has none, and gets one, for the account is simulated.
func (e *enabling) findOffering(ctx context.Context, app string) (*offering, error) {
	queries := []string{draftQuery}
	if e.simulated() {
		queries = append(queries, offeringQuery)
	}
	for _, query := range queries {
		var data struct{ AppOfferings struct{ Nodes []offering } }
		if err := e.ask(ctx, "find App Offering with reference '"+app+"'", query, map[string]any{"reference": app}, &data); err != nil {
			return nil, err
		}
		if len(data.AppOfferings.Nodes) > 0 {
			return &data.AppOfferings.Nodes[0], nil
		}
	}
	if e.simulated() {
		return nil, nil
	}
	return nil, steps.Errorf(steps.NotFoundError, "No App offering found with reference '%s'", app)
}

// setTemplates brings the addresses of an app's offering to what they must be.
func (e *enabling) setTemplates(ctx context.Context, app string, is *offering, want templates) error {
	input := map[string]any{}
	if is == nil {
		is = &offering{}
	}
	for _, address := range []struct{ name, is, want string }{
		{"webhookUriTemplate", is.WebhookURITemplate, want.webhook},
		{"configurationUriTemplate", is.ConfigurationURITemplate, want.configuration},
	} {
		if address.want != "" && address.want != address.is {
			input[address.name] = address.want
		}
	}
	if is.ID == "" {
		return e.createDraft(ctx, app, input)
	}
	if len(input) == 0 {
		e.note("app offering", app, ActionUnchanged, is.ID)
		return nil
	}
	what := "set the addresses of App Offering '" + app + "'"
	switch {
	case input["configurationUriTemplate"] == nil:
		what = "set Webhook URI Template on App Offering '" + app + "'"
	case input["webhookUriTemplate"] == nil:
		what = "set Configuration URI Template on App Offering '" + app + "'"
	}
	input["id"] = is.ID
	var changed struct{ ID string }
	if err := e.change(ctx, what, "appOfferingUpdate", "appOffering", "id", input, &changed); err != nil {
		return err
	}
	e.note("app offering", app, ActionUpdated, is.ID)
	return nil
}

// createDraft makes an offering on a simulated account, so that triggers can be tried before the app is deployed.
// Its installations may do everything.
func (e *enabling) createDraft(ctx context.Context, app string, input map[string]any) error {
	what := "create App Offering '" + app + "'"
	var data struct {
		ServiceInstances struct{ Nodes []struct{ ID string } }
	}
	if err := e.ask(ctx, what, servicesQuery, map[string]any{}, &data); err != nil {
		return err
	}
	if len(data.ServiceInstances.Nodes) == 0 {
		return steps.Errorf(steps.NotFoundError, "%s: the account has no service instance that could support it", what)
	}
	input["name"], input["reference"], input["serviceInstanceId"] = app, app, data.ServiceInstances.Nodes[0].ID
	input["policyJwtAlg"] = policyAlgorithm
	input["newScopes"] = []map[string]any{{"effect": "allow", "grantType": "client_credentials"}}
	var made struct{ ID string }
	if err := e.change(ctx, what, "appOfferingCreate", "appOffering", "id", input, &made); err != nil {
		return err
	}
	e.note("app offering", app, ActionCreated, made.ID)
	return nil
}
