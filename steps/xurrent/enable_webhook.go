package xurrent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"currant/engine/lang"
	"currant/steps"
)

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

// wantsWebhooks says whether the account's webhooks must be known.
func (n Need) wantsWebhooks() bool { return n.Kind == needWhole || len(n.subscribed()) > 0 }

// keptWebhook is the id that is kept of the webhook of a runbook for an event, nil for none, and its key.
func (e *enabling) keptWebhook(ctx context.Context, n Need, event string) (key string, id *string, err error) {
	key = "xurrent/" + e.Provider() + "/" + joined(entryWebhooks, n.Blueprint, n.Runbook, event)
	id, err = value[string](ctx, e.kept, key)
	if errors.Is(err, lang.ErrKeptDamaged) {
		err = nil // it is found by its name
	}
	return key, id, err
}

// decideWebhooks decides about a webhook for each event of the needs, and about those that nothing needs any more.
func (e *enabling) decideWebhooks(ctx context.Context, all []accountWebhook, needs []Need) (jobs []job, err error) {
	ours := map[string]bool{} // by id
	for _, n := range needs {
		for _, event := range n.subscribed() {
			key, id, err := e.keptWebhook(ctx, n, event)
			if err != nil {
				return nil, err
			}
			is := findWebhook(all, id, n.webhookName(event))
			if is != nil {
				ours[is.ID] = true
			}
			j := e.decideWebhook(is, n, event)
			j.do = e.keeping(j, key, id)
			jobs = append(jobs, j)
		}
	}
	return append(jobs, e.strays(all, needs, ours)...), nil
}

// decideWebhook decides about the webhook of a runbook for an event; is is the one that is there, or nil.
func (e *enabling) decideWebhook(is *accountWebhook, n Need, event string) job {
	references := slices.Sorted(slices.Values(n.AppReferences))
	if references == nil {
		references = []string{} // all of them (PLATFORM 8.3)
	}
	policy := e.policy
	if policy == "" {
		policy = PolicyToCome
	}
	w := Wanted{What: whatWebhook, Name: n.webhookName(event), Blueprint: n.Blueprint, Runbook: n.Runbook, Event: event}
	input := func() map[string]any {
		return map[string]any{"event": event, "uri": n.Endpoint, "webhookPolicyId": e.policy, "appOfferingReferences": references}
	}
	if is == nil {
		w.Action = ActionCreate
		w.Fields = []WantedField{{"uri", nil, n.Endpoint}, {"event", nil, event}, {"disabled", nil, false}, {"policy", nil, policy}, {"references", nil, references}}
		return job{w, func(ctx context.Context) (string, error) {
			in := input()
			in["name"] = w.Name
			in["description"] = fmt.Sprintf("Made by Currant for the runbook %s/%s. Do not delete it.", n.Blueprint, n.Runbook)
			var made struct{ ID string }
			err := e.change(ctx, "create Webhook '"+w.Name+"'", "webhookCreate", "webhook", "id", in, &made)
			return made.ID, err
		}}
	}
	w.ID, w.Fields = is.ID, is.differs(n.Endpoint, event, policy, references)
	if w.Action = ActionUnchanged; len(w.Fields) == 0 {
		return job{Wanted: w}
	}
	what := "update Webhook '" + w.Name + "'"
	if w.Action = ActionUpdate; is.Disabled {
		what, w.Action = "enable Webhook '"+w.Name+"'", ActionEnable
	}
	return job{w, func(ctx context.Context) (string, error) {
		in := input()
		in["id"], in["disabled"] = is.ID, false
		var changed struct{ ID string }
		if err := e.change(ctx, what, "webhookUpdate", "webhook", "id", in, &changed); err != nil {
			return "", err
		}
		return is.ID, nil
	}}
}

// keeping is the doing of a webhook's job after which its id is kept.
func (e *enabling) keeping(j job, key string, kept *string) func(context.Context) (string, error) {
	return func(ctx context.Context) (id string, err error) {
		if id = j.ID; j.do != nil {
			if id, err = j.do(ctx); err != nil {
				return id, err
			}
		}
		if kept != nil && *kept == id {
			return id, nil
		}
		if err := write(ctx, e.kept, key, entry[string]{Value: id}); err != nil {
			return id, fmt.Errorf("keep the id of Webhook '%s': %w", j.Name, err)
		}
		return id, nil
	}
}

// disableWebhook is the job of disabling a webhook. One that is deleted meanwhile is as good as disabled.
func (e *enabling) disableWebhook(is *accountWebhook, blueprint, runbook, event string) job {
	w := Wanted{What: whatWebhook, Name: is.Name, ID: is.ID, Blueprint: blueprint, Runbook: runbook, Event: event, Action: ActionUnchanged}
	if is.Disabled {
		return job{Wanted: w}
	}
	w.Action, w.Fields = ActionDisable, []WantedField{{"disabled", false, true}}
	return job{w, func(ctx context.Context) (string, error) {
		var changed struct{ ID string }
		err := e.change(ctx, "disable Webhook '"+is.Name+"'", "webhookUpdate", "webhook", "id", map[string]any{"id": is.ID, "disabled": true}, &changed)
		var known *steps.Error
		if errors.As(err, &known) && known.Kind == steps.NotFoundError {
			return is.ID, errGone
		}
		if err != nil {
			return "", err
		}
		return is.ID, nil
	}}
}

// strays are the jobs of disabling webhooks of whole blueprints (Whole) that are none of ours, by id: of runbooks
// and events that are gone, and second ones of the same name, which two applies at once may have made.
func (e *enabling) strays(all []accountWebhook, needs []Need, ours map[string]bool) (jobs []job) {
	for _, n := range needs {
		if n.Kind != needWhole {
			continue
		}
		for i := range all {
			w := &all[i]
			rest, named := strings.CutPrefix(w.Name, webhookNames+n.Blueprint+"/")
			if !named || ours[w.ID] || w.Disabled {
				continue
			}
			runbook, event, _ := strings.Cut(rest, " ")
			j := e.disableWebhook(w, n.Blueprint, runbook, event)
			j.Note = "no trigger of the blueprint needs it any more; it cannot be deleted"
			jobs = append(jobs, j)
		}
	}
	return jobs
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

// differs tells in which fields a webhook is otherwise than is needed. References are sorted.
func (w *accountWebhook) differs(uri, event, policy string, references []string) (out []WantedField) {
	if w.URI != uri {
		out = append(out, WantedField{"uri", w.URI, uri})
	}
	if w.Event != event {
		out = append(out, WantedField{"event", w.Event, event})
	}
	if w.Disabled {
		out = append(out, WantedField{"disabled", true, false})
	}
	switch {
	case w.WebhookPolicy == nil:
		out = append(out, WantedField{"policy", nil, policy})
	case w.WebhookPolicy.ID != policy:
		out = append(out, WantedField{"policy", w.WebhookPolicy.ID, policy})
	}
	if is := slices.Sorted(slices.Values(w.AppOfferingReferences)); !slices.Equal(is, references) {
		out = append(out, WantedField{"references", is, references})
	}
	return out
}
