package xurrent

import (
	"context"
	"errors"
	"maps"
	"slices"

	"currant/engine/lang"
	"currant/steps"
)

// What is to be done with a thing on the account; ActionUnchanged besides.
const (
	ActionCreate  = "create"
	ActionEnable  = "enable"  // it is disabled, and perhaps otherwise than is needed too
	ActionUpdate  = "update"  // it is otherwise than is needed
	ActionDisable = "disable" // nothing needs it any more
)

// What things are.
const (
	whatPolicy   = "webhook policy"
	whatWebhook  = "webhook"
	whatOffering = "app offering"
)

// Wanted is one thing that triggers need on the account, and what is to be done for it.
type Wanted struct {
	What   string // "webhook policy", "webhook" or "app offering"
	Name   string // of the webhook; the account of the policy; the reference of the offering
	Action string // ActionCreate, ActionEnable, ActionUpdate, ActionDisable or ActionUnchanged
	ID     string // node id; "" of what is not there yet
	// Blueprint, Runbook and Event say which trigger a webhook is for.
	Blueprint, Runbook, Event string
	// Fields are those that change, in a fixed order; of something that is created, all that are set.
	Fields []WantedField
	// Note is what a person must know besides, or "".
	Note string
	// Risky says that somebody else may lose something by it, as Note says: a person is to be asked before.
	Risky bool
}

// WantedField is one field of it: uri, event, disabled, policy and references of a webhook, algorithm and disabled
// of a policy, webhook_uri_template and configuration_uri_template of an offering.
type WantedField struct {
	Name string
	// Before and After are texts, bools and []string; nil is not there.
	Before, After any
}

// PolicyToCome stands for the node id of a policy that is yet to be created.
const PolicyToCome = "(the new policy)"

// wanted is what jobs are for.
func wanted(jobs []job, err error) ([]Wanted, error) {
	if err != nil {
		return nil, err
	}
	out := make([]Wanted, len(jobs))
	for i, j := range jobs {
		out[i] = j.Wanted
	}
	return out, nil
}

// decide reads what there is, and decides what is to be done for the needs. It changes nothing.
func (e *enabling) decide(ctx context.Context, needs []Need) ([]job, error) {
	set, err := TemplatesOf(needs)
	if err != nil {
		return nil, err
	}
	for _, n := range needs {
		if n.Deployed && len(n.AppReferences) == 1 {
			delete(set, n.AppReferences[0])
		}
	}
	policy, err := e.customers.ProviderPolicy(ctx)
	if err != nil && !errors.Is(err, lang.ErrKeptDamaged) { // a damaged one is as good as none: it is replaced
		return nil, err
	}
	q := looked{webhooks: slices.ContainsFunc(needs, Need.wantsWebhooks), apps: slices.Sorted(maps.Keys(set))}
	sign := slices.ContainsFunc(needs, Need.wantsPolicy)
	if sign && policy != nil {
		q.policy = policy.ID
	}
	is, err := e.look(ctx, q)
	if err != nil {
		return nil, err
	}
	// Before anything is done: a missing app is the likeliest mistake.
	for _, app := range q.apps {
		if is.offerings[app] == nil && !e.simulated() {
			return nil, steps.Errorf(steps.NotFoundError, "No App offering found with reference '%s'", app)
		}
	}
	var jobs []job
	if sign {
		jobs = append(jobs, e.decidePolicy(policy, is.policy, signed(is.webhooks, needs)))
	}
	if q.webhooks {
		more, err := e.decideWebhooks(ctx, is.webhooks, needs)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, more...)
	}
	// Last, so that what customers install from then on is told to somebody.
	for _, app := range q.apps {
		jobs = append(jobs, e.decideTemplates(app, is.offerings[app], set[app]))
	}
	return jobs, nil
}

// decideDisable is decide for Disable.
func (e *enabling) decideDisable(ctx context.Context, needs []Need) (jobs []job, err error) {
	if !slices.ContainsFunc(needs, Need.wantsWebhooks) {
		return nil, nil
	}
	is, err := e.look(ctx, looked{webhooks: true})
	if err != nil {
		return nil, err
	}
	ours := map[string]bool{} // by id
	for _, n := range needs {
		for _, event := range n.subscribed() {
			_, id, err := e.keptWebhook(ctx, n, event)
			if err != nil {
				return nil, err
			}
			if w := findWebhook(is.webhooks, id, n.webhookName(event)); w != nil {
				jobs, ours[w.ID] = append(jobs, e.disableWebhook(w, n.Blueprint, n.Runbook, event)), true
			}
		}
	}
	return append(jobs, e.strays(is.webhooks, needs, ours)...), nil
}
