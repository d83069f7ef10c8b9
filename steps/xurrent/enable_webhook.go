package xurrent

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"currant/steps"
)

const webhooksQuery = `query($after: String) {
  webhooks(first: 100, after: $after) {
    nodes { id name event uri disabled appOfferingReferences webhookPolicy { id } }
    pageInfo { hasNextPage endCursor }
  }
}`

// maxWebhookPages is how many pages of webhooks are read; an account has far fewer webhooks.
const maxWebhookPages = 100

// accountWebhook is a webhook as the account tells it.
type accountWebhook struct {
	ID                    string
	Name                  string
	Event                 string
	URI                   string
	Disabled              bool
	AppOfferingReferences []string
	WebhookPolicy         *struct{ ID string }
}

// webhooks makes a webhook for each event of the needs, signed by a policy.
func (e *enabling) webhooks(ctx context.Context, policy string, needs []Need) error {
	if !slices.ContainsFunc(needs, func(n Need) bool { return len(n.subscribed()) > 0 }) {
		return nil
	}
	all, err := e.listWebhooks(ctx)
	if err != nil {
		return err
	}
	for _, n := range needs {
		for _, event := range n.subscribed() {
			if err := e.webhook(ctx, all, policy, n, event); err != nil {
				return err
			}
		}
	}
	return nil
}

// listWebhooks reads the account's webhooks: they cannot be asked for by their name.
func (e *enabling) listWebhooks(ctx context.Context) (all []accountWebhook, err error) {
	variables := map[string]any{}
	for range maxWebhookPages {
		var data struct {
			Webhooks struct {
				Nodes    []accountWebhook
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
			}
		}
		if err := e.ask(ctx, "find Webhooks", webhooksQuery, variables, &data); err != nil {
			return nil, err
		}
		all = append(all, data.Webhooks.Nodes...)
		if !data.Webhooks.PageInfo.HasNextPage {
			return all, nil
		}
		variables["after"] = data.Webhooks.PageInfo.EndCursor
	}
	return nil, steps.Errorf(steps.InputError, "find Webhooks: the account %s has more than %d webhooks; delete some", e.key.account, 100*maxWebhookPages)
}

// webhook makes the webhook of a runbook for an event, or brings the one that is there to what is needed.
func (e *enabling) webhook(ctx context.Context, all []accountWebhook, policy string, n Need, event string) error {
	name := n.webhookName(event)
	key := "xurrent/" + e.Provider() + "/webhooks/" + joined(n.Blueprint, n.Runbook, event)
	id, err := value[string](ctx, e.kept, key)
	if err != nil {
		return err
	}
	references := slices.Sorted(slices.Values(n.AppReferences))
	if references == nil {
		references = []string{} // all of them (PLATFORM 8.3)
	}
	input := map[string]any{"event": event, "uri": n.Endpoint, "webhookPolicyId": policy, "appOfferingReferences": references}
	is := findWebhook(all, id, name)
	switch {
	case is == nil:
		what := "create Webhook '" + name + "'"
		input["name"] = name
		input["description"] = fmt.Sprintf("Made by Currant for the runbook %s/%s. Do not delete it.", n.Blueprint, n.Runbook)
		is = &accountWebhook{}
		if err := e.change(ctx, what, "webhookCreate", "webhook", "id", input, is); err != nil {
			return err
		}
		e.note("webhook", name, ActionCreated, is.ID)
	case is.fits(n.Endpoint, event, policy, references):
		e.note("webhook", name, ActionUnchanged, is.ID)
	default:
		what, action := "update Webhook '"+name+"'", ActionUpdated
		if is.Disabled {
			what, action = "enable Webhook '"+name+"'", ActionEnabled
		}
		input["id"], input["disabled"] = is.ID, false
		var changed struct{ ID string }
		if err := e.change(ctx, what, "webhookUpdate", "webhook", "id", input, &changed); err != nil {
			return err
		}
		e.note("webhook", name, action, is.ID)
	}
	if id != nil && *id == is.ID {
		return nil
	}
	return write(ctx, e.kept, key, entry[string]{Value: is.ID})
}

// findWebhook finds a webhook by the id that is kept, or else by its name; nil where there is none. An id whose
// webhook has the name of another runbook or event of ours is from another time of the account.
func findWebhook(all []accountWebhook, id *string, name string) *accountWebhook {
	if id != nil {
		i := slices.IndexFunc(all, func(w accountWebhook) bool { return w.ID == *id })
		if i >= 0 && (all[i].Name == name || !strings.HasPrefix(all[i].Name, webhookNames)) {
			return &all[i]
		}
	}
	if i := slices.IndexFunc(all, func(w accountWebhook) bool { return w.Name == name }); i >= 0 {
		return &all[i]
	}
	return nil
}

// fits says whether a webhook is as it is needed. References are sorted.
func (w *accountWebhook) fits(uri, event, policy string, references []string) bool {
	return !w.Disabled && w.URI == uri && w.Event == event && w.WebhookPolicy != nil && w.WebhookPolicy.ID == policy &&
		slices.Equal(slices.Sorted(slices.Values(w.AppOfferingReferences)), references)
}
