package xurrent

import (
	"context"

	"currant/steps"
)

const servicesQuery = `query { serviceInstances(first: 1) { nodes { id } } }`

// offering is an app offering, as far as its addresses go.
type offering struct {
	ID                       string
	Reference                string
	WebhookURITemplate       string
	ConfigurationURITemplate string
}

// decideTemplates decides about the addresses of an app's offering. One that is not there, nil, gets a draft, for
// the account is simulated.
func (e *enabling) decideTemplates(app string, is *offering, want Templates) job {
	w := Wanted{What: whatOffering, Name: app, Action: ActionUnchanged}
	if is == nil {
		w.Action, is = ActionCreate, &offering{}
	}
	w.ID = is.ID
	input := map[string]any{}
	for _, address := range []struct{ field, name, is, want string }{
		{"webhookUriTemplate", "webhook_uri_template", is.WebhookURITemplate, want.Webhook},
		{"configurationUriTemplate", "configuration_uri_template", is.ConfigurationURITemplate, want.Configuration},
	} {
		if address.want == "" || address.want == address.is {
			continue
		}
		input[address.field] = address.want
		field := WantedField{Name: address.name, After: address.want}
		if address.is != "" {
			field.Before = address.is
		}
		w.Fields = append(w.Fields, field)
	}
	switch {
	case w.Action == ActionCreate:
		return job{w, func(ctx context.Context) (string, error) { return e.createDraft(ctx, app, input) }}
	case len(input) == 0:
		return job{Wanted: w}
	}
	w.Action = ActionUpdate
	what := "set the addresses of App Offering '" + app + "'"
	switch {
	case input["configurationUriTemplate"] == nil:
		what = "set Webhook URI Template on App Offering '" + app + "'"
	case input["webhookUriTemplate"] == nil:
		what = "set Configuration URI Template on App Offering '" + app + "'"
	}
	input["id"] = is.ID
	return job{w, func(ctx context.Context) (string, error) {
		var changed struct{ ID string }
		if err := e.change(ctx, what, "appOfferingUpdate", "appOffering", "id", input, &changed); err != nil {
			return "", err
		}
		return is.ID, nil
	}}
}

// createDraft makes an offering on a simulated account, so that triggers can be tried before the app is deployed.
// Its installations may do everything.
func (e *enabling) createDraft(ctx context.Context, app string, input map[string]any) (string, error) {
	what := "create App Offering '" + app + "'"
	var data struct {
		ServiceInstances struct{ Nodes []struct{ ID string } }
	}
	if err := e.ask(ctx, what, servicesQuery, map[string]any{}, &data); err != nil {
		return "", err
	}
	if len(data.ServiceInstances.Nodes) == 0 {
		return "", steps.Errorf(steps.NotFoundError, "%s: the account has no service instance that could support it", what)
	}
	input["name"], input["reference"], input["serviceInstanceId"] = app, app, data.ServiceInstances.Nodes[0].ID
	input["policyJwtAlg"] = policyAlgorithm
	input["newScopes"] = []map[string]any{{"effect": "allow", "grantType": "client_credentials"}}
	var made struct{ ID string }
	if err := e.change(ctx, what, "appOfferingCreate", "appOffering", "id", input, &made); err != nil {
		return "", err
	}
	return made.ID, nil
}
