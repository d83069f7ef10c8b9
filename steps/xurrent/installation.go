package xurrent

import (
	"encoding/json"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// installation is the arguments that say which installation of an app is meant.
type installation struct {
	CustomerAccountID string `hcl:"customer_account_id,optional" doc:"The customer's account; by default the trigger's."`
	AppReference      string `hcl:"app_reference,optional" doc:"The app's reference; by default the trigger's."`
}

// checkInstallation reports a step that says no installation where its trigger has none either.
func checkInstallation(c *steps.Check) (diags hcl.Diagnostics) {
	if c.Scope == nil {
		return nil
	}
	trigger, ok := c.Scope.Lookup("trigger")
	if !ok || !trigger.Type().IsObjectType() {
		return nil
	}
	for _, name := range []string{"customer_account_id", "app_reference"} {
		if c.Body.Attr(name) == nil && !trigger.Type().HasAttribute(name) {
			diags = append(diags, lang.Error(c.Body.Range, "Missing argument",
				"The argument %q is required here: this runbook's trigger has none to take it from.", name))
		}
	}
	return diags
}

// of completes the installation from the run's trigger (PLATFORM 7.7).
func (i installation) of(c *steps.Call) (installation, error) {
	for _, arg := range []struct {
		name string
		to   *string
	}{{"customer_account_id", &i.CustomerAccountID}, {"app_reference", &i.AppReference}} {
		if *arg.to != "" {
			continue
		}
		v, ok := steps.Known(c.Trigger, arg.name)
		if !ok || v.Type() != cty.String || v.AsString() == "" {
			return i, steps.Errorf(steps.InputError, "%s is empty, and the trigger of this run has none to take it from", arg.name)
		}
		*arg.to = v.AsString()
	}
	return i, nil
}

// customersFor is what the runner keeps of the customers of an account.
func (d Deps) customersFor(c *steps.Call) (Customers, error) {
	account, err := accountOf(c)
	if err != nil {
		return Customers{}, err
	}
	if c.Kept == nil {
		return Customers{}, steps.Errorf(steps.InternalError, "this runner keeps nothing of customers")
	}
	at := account.client.Endpoints()
	provider, err := d.provider(cty.ObjectVal(map[string]cty.Value{"account_id": cty.StringVal(account.key.account),
		"graphql_endpoint": cty.StringVal(at.GraphQL), "oauth2_endpoint": cty.StringVal(at.Token)}))
	if err != nil {
		return Customers{}, err
	}
	return customersOf(c.Kept, provider), nil
}

// What a customer's account sends may still be on its way (PLATFORM 7.2): the step looks again every
// awaitPause, maxAwaits times at most (LANGUAGE section 5), and as soon as something has come.
const (
	awaitPause = time.Minute
	maxAwaits  = 60
)

// awaiting is what a step that waits so leaves from one look to the next. It counts by itself, for answers
// 429 put the run back too. The short names are part of the stored format.
type awaiting struct {
	Times int       `json:"n"`
	Until time.Time `json:"u,omitzero"` // an earlier look is a hint's, and does not count
}

// await is the answer of a step that has not found what it needs yet. kept begins the keys of kept values that may
// bring it; "" where it is none of these.
func await(c *steps.Call, kept, missing string) error {
	var w awaiting
	if c.Cursor != nil {
		if err := json.Unmarshal(c.Cursor, &w); err != nil {
			return steps.Errorf(steps.InternalError, "how often the step has waited: %s", err)
		}
	}
	if !c.Now.Before(w.Until) {
		if w.Times >= maxAwaits {
			return steps.Errorf(steps.NotFoundError, "%s (looked %d times, every %s)", missing, w.Times+1, lang.FormatDuration(awaitPause))
		}
		w.Times, w.Until = w.Times+1, c.Now.Add(awaitPause)
	}
	cursor, err := json.Marshal(w)
	if err != nil {
		return err
	}
	return &steps.Park{Until: w.Until, Cursor: cursor, Kept: kept, Reason: missing}
}
