package xurrent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	ActionDisabled  = "disabled"  // nothing needs it any more
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
// the webhooks are pointed to the new one. EnablePlan tells beforehand what it would do. An answer 429 or 503 is waited
// for.
//
// The policy is kept before a webhook is created, for webhook.verify arrives at once: events must be taken by then.
// It stops at the first error, and tells what was done until then. The errors are those of api.Client.Do, and
// *steps.Error of kind not_found for an app that has no offering; a simulated account gets a draft instead. Calls
// for one account must not overlap.
func (a *Account) Enable(ctx context.Context, kept lang.Kept, needs []Need) ([]Enabled, error) {
	e := a.enabling(kept)
	jobs, err := e.decide(ctx, needs)
	if err != nil {
		return nil, err
	}
	return e.carryOut(ctx, jobs)
}

// EnablePlan tells what Enable would do, in its order, with all that it would leave as it is. It reads the account
// and what is kept, and changes neither. The errors are those of Enable before it changes anything.
func (a *Account) EnablePlan(ctx context.Context, kept lang.Kept, needs []Need) ([]Wanted, error) {
	return wanted(a.enabling(kept).decide(ctx, needs))
}

// Disable disables, on the account, the webhooks that Enable has made (PLATFORM 8.4). Their ids stay kept, and the
// policy stays as it is, so that Enable brings them back. A webhook that is not there any more is no error. The
// addresses in app offerings stay. It stops at the first error, and tells what was done until then.
func (a *Account) Disable(ctx context.Context, kept lang.Kept, needs []Need) ([]Enabled, error) {
	e := a.enabling(kept)
	jobs, err := e.decideDisable(ctx, needs)
	if err != nil {
		return nil, err
	}
	return e.carryOut(ctx, jobs)
}

// DisablePlan tells what Disable would do, as EnablePlan does of Enable.
func (a *Account) DisablePlan(ctx context.Context, kept lang.Kept, needs []Need) ([]Wanted, error) {
	return wanted(a.enabling(kept).decideDisable(ctx, needs))
}

// Provider names the account among those whose customers are kept, as Deps.provider does.
func (a *Account) Provider() string { return providerName(a.key.endpoint, a.key.account) }

// simulated says whether the account is a simulated one (Deps.modelled).
func (a *Account) simulated() bool { return a.key.endpoint == "simulated" }

// enabling is one call of Enable, or of one of those beside it.
type enabling struct {
	*Account
	kept      lang.Kept
	customers Customers
	policy    string // node id, once the account has it
}

func (a *Account) enabling(kept lang.Kept) *enabling {
	return &enabling{Account: a, kept: kept, customers: customersOf(kept, a.Provider())}
}

// job is one thing that is wanted, and the way to it.
type job struct {
	Wanted
	// do changes the account, and gives the node id; nil where nothing is to be done.
	do func(ctx context.Context) (id string, err error)
}

// carryOut does jobs in their order.
func (e *enabling) carryOut(ctx context.Context, jobs []job) (done []Enabled, err error) {
	for _, j := range jobs {
		is := Enabled{What: j.What, Name: j.Name, Action: became[j.Action], ID: j.ID}
		if j.do != nil {
			switch is.ID, err = j.do(ctx); {
			case errors.Is(err, errGone):
				is.Action, err = ActionUnchanged, nil
			case is.ID != "": // something was done, whatever came after it
			case err != nil:
				return done, err
			}
		}
		if done = append(done, is); err != nil {
			return done, err
		}
	}
	return done, nil
}

// became is what an action leads to.
var became = map[string]string{ActionCreate: ActionCreated, ActionEnable: ActionEnabled, ActionUpdate: ActionUpdated,
	ActionDisable: ActionDisabled, ActionUnchanged: ActionUnchanged}

// errGone is what a job answers that has found nothing to change any more.
var errGone = errors.New("it is gone")

// do makes a request, and waits where the service asks for it.
func (e *enabling) do(ctx context.Context, r api.Request) (answer *api.Answer, err error) {
	err = api.Patiently(ctx, e.Waits, func() error {
		answer, err = e.client.Do(ctx, r)
		return err
	})
	return answer, err
}

// ask runs a query and decodes its data.
func (e *enabling) ask(ctx context.Context, what, text string, variables map[string]any, into any) error {
	vars, err := json.Marshal(variables)
	if err != nil {
		return err
	}
	answer, err := e.do(ctx, api.Request{Text: text, Variables: vars, Read: true})
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
	answer, err := e.do(ctx, api.Request{Text: text, Variables: vars})
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
