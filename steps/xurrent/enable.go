package xurrent

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"currant/engine/lang"
	"currant/schema"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// What became of a thing on the account.
const (
	ActionCreated   = "created"
	ActionEnabled   = "enabled"   // it was disabled
	ActionUpdated   = "updated"   // it was otherwise than is needed
	ActionUnchanged = "unchanged" // it was as is needed, and is left alone
)

// Enabled is one thing on the account that triggers need.
type Enabled struct {
	What   string // "webhook policy", "webhook" or "app offering"
	Name   string // of the webhook; the account of the policy; the reference of the offering
	Action string
	ID     string // node id
}

// Enable makes, on the account, what triggers need to receive events (PLATFORM 8.2–8.4): the account's webhook
// policy, a webhook for each event, the addresses in the drafts of app offerings. What is there is used again: the
// policy by the id that is kept, webhooks by the id that is kept or by their name. So it goes on where an earlier
// call has failed, and enabling twice creates nothing. A policy whose key is not known any more is replaced, and
// the webhooks are pointed to the new one.
//
// The policy is kept before a webhook is created, for webhook.verify arrives at once: events must be taken by then.
// It stops at the first error, and tells what was done until then. The errors are those of api.Client.Do, and
// *steps.Error of kind not_found for an app that has no offering; a simulated account gets a draft instead. Calls
// for one account must not overlap.
func (a *Account) Enable(ctx context.Context, kept lang.Kept, needs []Need) ([]Enabled, error) {
	e := &enabling{Account: a, kept: kept, customers: customersOf(kept, a.Provider())}
	err := e.all(ctx, needs)
	return e.done, err
}

// Provider names the account among those whose customers are kept, as Deps.provider does.
func (a *Account) Provider() string { return providerName(a.key.endpoint, a.key.account) }

// simulated says whether the account is a simulated one (Deps.modelled).
func (a *Account) simulated() bool { return a.key.endpoint == "simulated" }

// enabling is one call of Enable.
type enabling struct {
	*Account
	kept      lang.Kept
	customers Customers
	done      []Enabled
}

func (e *enabling) all(ctx context.Context, needs []Need) error {
	set, err := templatesOf(needs)
	if err != nil {
		return err
	}
	// Asked for first: a missing app is the likeliest mistake, and nothing is done then.
	offerings := map[string]*offering{}
	for _, app := range slices.Sorted(maps.Keys(set)) {
		if offerings[app], err = e.findOffering(ctx, app); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(needs, func(n Need) bool { return n.Kind == needConfiguration || len(n.subscribed()) > 0 }) {
		policy, err := e.policy(ctx)
		if err != nil {
			return err
		}
		if err := e.webhooks(ctx, policy, needs); err != nil {
			return err
		}
	}
	// Last, so that what customers install from then on is told to somebody.
	for _, app := range slices.Sorted(maps.Keys(set)) {
		if err := e.setTemplates(ctx, app, offerings[app], set[app]); err != nil {
			return err
		}
	}
	return nil
}

func (e *enabling) note(what, name, action, id string) {
	e.done = append(e.done, Enabled{What: what, Name: name, Action: action, ID: id})
}

// ask runs a query and decodes its data.
func (e *enabling) ask(ctx context.Context, what, text string, variables map[string]any, into any) error {
	vars, err := json.Marshal(variables)
	if err != nil {
		return err
	}
	answer, err := e.client.Do(ctx, api.Request{Text: text, Variables: vars, Read: true})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if json.Unmarshal(answer.Data, into) != nil {
		return steps.Errorf(steps.DecodeError, "%s: the answer cannot be read: another form was expected", what)
	}
	return nil
}

// change runs a mutation and decodes the record of its payload. What is the doing, for errors: "create webhook 'x'".
func (e *enabling) change(ctx context.Context, what, mutation, record, selection string, input map[string]any, into any) error {
	vars, err := json.Marshal(map[string]any{"input": input})
	if err != nil {
		return err
	}
	text := fmt.Sprintf("mutation($input: %s%sInput!) { %s(input: $input) { %s { %s } errors { path message } } }",
		strings.ToUpper(mutation[:1]), mutation[1:], mutation, record, selection)
	answer, err := e.client.Do(ctx, api.Request{Text: text, Variables: vars})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	unreadable := steps.Errorf(steps.DecodeError, "%s: the answer to %s cannot be read: another form was expected", what, mutation)
	var data map[string]map[string]json.RawMessage
	if json.Unmarshal(answer.Data, &data) != nil || data[mutation] == nil {
		return unreadable
	}
	var problems []payloadError
	if raw := data[mutation]["errors"]; raw != nil && json.Unmarshal(raw, &problems) != nil {
		return unreadable
	}
	var failures []schema.PayloadError
	for _, p := range problems {
		failures = append(failures, schema.PayloadError{Message: p.Message, Path: p.Path})
	}
	if message := failed(failures); message != "" {
		return steps.Errorf(steps.MutationError, "%s: %s", what, message)
	}
	if raw := data[mutation][record]; raw == nil || string(raw) == "null" || json.Unmarshal(raw, into) != nil {
		return unreadable
	}
	return nil
}
