package xurrent

import (
	"slices"
	"strings"

	"currant/engine/ingress"
	"currant/steps"
)

// Kinds of what a trigger needs on an account: the names of the triggers.
const (
	needSecrets       = "secrets_changed"
	needInstallation  = "installation_changed"
	needAutomation    = "automation_webhook"
	needConfiguration = "configuration"
	needWhole         = "" // no trigger's: Whole
)

// Need is what the trigger of one runbook needs on the provider's account (PLATFORM 8.4).
type Need struct {
	// Kind is the trigger's: secrets_changed, installation_changed, automation_webhook or configuration.
	Kind               string
	Blueprint, Runbook string
	// Endpoint is where the runbook's events arrive, without a query.
	Endpoint string
	// Events are those of installation_changed, such as "app_instance.create": one webhook each.
	Events []string
	// AppReferences are the apps that are served; none is any. automation_webhook and configuration serve one.
	AppReferences []string
	// ConfigurationURITemplate is where customers configure the app after installing it; "" leaves it to the
	// configuration trigger, whose endpoint it is.
	ConfigurationURITemplate string
	// Deployed says that what writes the app's offering writes its addresses too (TemplatesOf): enabling leaves the
	// offering alone, which may not be there yet.
	Deployed bool
}

// Whole says that the needs beside it are all that a blueprint has for the account, over all its connections to it:
// webhooks of the blueprint that none of them is for, because their runbook or event is gone, are disabled then.
func Whole(blueprint string) Need { return Need{Kind: needWhole, Blueprint: blueprint} }

// NeedOf is what a trigger of a blueprint in force needs, under the address at which the runner is reached; false
// is one that needs nothing. Where it names no app, those of its blueprint are meant.
func NeedOf(t *ingress.Trigger, publicURL string) (Need, bool) {
	n := Need{Kind: t.Kind.Name, Blueprint: t.Blueprint, Runbook: t.Runbook,
		Endpoint: strings.TrimSuffix(publicURL, "/") + "/inbound/" + t.Blueprint + "/" + t.Runbook}
	switch n.Kind {
	case needSecrets:
		n.AppReferences = planSecrets(t).apps
	case needInstallation:
		p := planInstallation(t)
		if n.AppReferences, n.Events = p.apps, p.events; n.AppReferences == nil {
			n.AppReferences = appsIn(t.Scope)
		}
		if n.Events == nil {
			n.Events = slices.Clone(installationEvents)
		}
		if v, ok := steps.Known(t.Args, "configuration_uri_template"); ok {
			n.ConfigurationURITemplate = v.AsString()
		}
	case needAutomation:
		n.AppReferences = planAutomation(t).apps
	case needConfiguration:
		n.AppReferences = planConfiguration(t).apps
	default:
		return Need{}, false
	}
	return n, true
}

// webhookName is what the webhook of a runbook for an event is called on the account, and found again by.
func (n Need) webhookName(event string) string {
	return webhookNames + n.Blueprint + "/" + n.Runbook + " " + event
}

// webhookNames begins the names of our webhooks.
const webhookNames = "Currant: "

// subscribed are the events that need a webhook of the provider's account.
func (n Need) subscribed() []string {
	switch n.Kind {
	case needSecrets:
		return []string{secretsEvent}
	case needInstallation:
		return n.Events
	}
	return nil
}

// Templates are the addresses that an app offering holds; "" is one that is left as it is.
type Templates struct{ Webhook, Configuration string }

// TemplatesOf are the addresses that offerings need, by the app's reference. The error is of needs that say
// nothing that can be done, or contradict each other.
func TemplatesOf(needs []Need) (map[string]Templates, error) {
	out := map[string]Templates{}
	for _, n := range needs {
		t := Templates{Configuration: n.ConfigurationURITemplate}
		switch n.Kind {
		case needWhole:
			continue
		case needSecrets, needInstallation:
			if t.Configuration == "" {
				continue
			}
		case needAutomation: // {account} is for the platform to replace, and no part of the query to be escaped (PLATFORM 7.5)
			t.Webhook = n.Endpoint + "?customer_account_id={account}"
		case needConfiguration:
			if t.Configuration == "" {
				t.Configuration = n.Endpoint
			}
		default:
			return nil, steps.Errorf(steps.InternalError, "%s/%s: nothing is known of the trigger kind %q", n.Blueprint, n.Runbook, n.Kind)
		}
		if len(n.AppReferences) != 1 {
			return nil, steps.Errorf(steps.InputError, "%s/%s: its trigger sets an address of one app, and serves %d; give it an app_reference", n.Blueprint, n.Runbook, len(n.AppReferences))
		}
		app := n.AppReferences[0]
		set, ok := out[app]
		if !ok {
			out[app] = t
			continue
		}
		if !join(&set.Webhook, t.Webhook) {
			return nil, steps.Errorf(steps.InputError, "the app %q would get two webhook addresses, %s and %s; an app has one", app, set.Webhook, t.Webhook)
		}
		if !join(&set.Configuration, t.Configuration) {
			return nil, steps.Errorf(steps.InputError, "the app %q would get two configuration pages, %s and %s; an app has one", app, set.Configuration, t.Configuration)
		}
		out[app] = set
	}
	return out, nil
}

// join sets an address; false is one that is set to another.
func join(to *string, address string) bool {
	if *to == "" {
		*to = address
	}
	return address == "" || *to == address
}
