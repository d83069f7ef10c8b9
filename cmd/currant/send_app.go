package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/steps"
	"currant/steps/xurrent"
)

// isAppTrigger says whether the events of a trigger are those of an app that customers install.
func isAppTrigger(t *ingress.Trigger) bool {
	return slices.Contains([]string{"secrets_changed", "installation_changed", "automation_webhook", "configuration"}, t.Kind.Name)
}

// sampleCustomer is who installs an app where nobody is named.
const sampleCustomer = "acme"

// appAnswer is what the simulated account tells of an order about an installation.
type appAnswer struct {
	Deliveries []struct {
		delivered
		Event string `json:"event"`
		URL   string `json:"url"`
		State string `json:"state"`
	} `json:"deliveries"`
}

// appEvents lets a simulated account do what makes it send the events of an app's trigger.
type appEvents struct {
	*sending
	app            string // reference
	provider       string // account
	installed      []string
	secrets        map[string]string
	fields         map[string]any
	customerIsFree bool // no customer was named
}

// fromApp lets the simulated account send an event of an app's trigger: a customer installs the app, changes or
// removes it, or one of its rules calls.
func (s *sending) fromApp(ctx context.Context) (d delivered, err error) {
	kind := s.rb.Trigger.Kind.Name
	if s.event != "" && kind != "installation_changed" {
		return d, usagef("--event is for webhooks and changes of installations; the trigger of runbook %q is of kind %q", s.rb.Name, kind)
	}
	if s.account == nil {
		return d, usagef("events of a trigger of kind %q are signed by the account that they come from. Let a simulated account send them: start the runner with \"currant dev --sim\", "+
			"or name the account with --sim=URL. Without a runner, \"currant run %s --input FILE\" runs the runbook with such an event's content", kind, s.rb.Name)
	}
	e := &appEvents{sending: s, customerIsFree: s.customer == ""}
	if e.customerIsFree {
		s.customer = sampleCustomer
	}
	if e.app, err = appOf(s.rb); err != nil {
		return d, err
	}
	if e.provider, err = accountOf(s.rb); err != nil {
		return d, err
	}
	e.secrets, e.fields = typedBy(s.rb.Blueprint)
	if err := e.awaitEnabled(ctx); err != nil {
		return d, err
	}
	if err := e.look(ctx); err != nil {
		return d, err
	}
	switch kind {
	case "secrets_changed":
		return e.secretsChanged(ctx)
	case "installation_changed":
		return e.installationChanged(ctx)
	case "automation_webhook":
		return e.called(ctx)
	}
	return e.configured(ctx)
}

// appOf is the app whose events a trigger takes: the first where it takes those of several, and one of the
// blueprint's name where it takes those of any.
func appOf(rb *compile.Runbook) (string, error) {
	need, ok := xurrent.NeedOf(rb.Trigger, "")
	if ok && len(need.AppReferences) == 0 && (need.Kind == "secrets_changed" || need.Kind == "installation_changed") {
		return rb.Blueprint.Name, nil
	}
	if !ok || len(need.AppReferences) == 0 {
		return "", invalidf("runbook %q (%s:%d): its trigger names no app; give it an app_reference", rb.Name, rb.Range.Filename, rb.Range.Start.Line)
	}
	return need.AppReferences[0], nil
}

// look finds out which customers have the app.
func (e *appEvents) look(ctx context.Context) error {
	var answer struct {
		Installations []struct {
			Customer string `json:"customer"`
		} `json:"installations"`
	}
	query := url.Values{"provider": {e.provider}, "app": {e.app}}
	if err := controlSim(ctx, http.MethodGet, e.account.url+"/sim/installations?"+query.Encode(), nil, &answer); err != nil {
		return err
	}
	for _, in := range answer.Installations {
		e.installed = append(e.installed, in.Customer)
	}
	return nil
}

func (e *appEvents) has() bool { return slices.Contains(e.installed, e.customer) }

// control asks a control endpoint of the simulated account about the customer's installation.
func (e *appEvents) control(ctx context.Context, endpoint string, more map[string]any, answer any) error {
	in := map[string]any{"provider": e.provider, "app": e.app, "customer": e.customer}
	maps.Copy(in, more)
	return controlSim(ctx, http.MethodPost, e.account.url+"/sim/"+endpoint, in, answer)
}

// order asks a control endpoint; the event that came of it is the one that went to the
// runbook.
func (e *appEvents) order(ctx context.Context, endpoint string, more map[string]any) (d delivered, err error) {
	var answer appAnswer
	if err := e.control(ctx, endpoint, more, &answer); err != nil {
		return d, err
	}
	for _, sent := range slices.Backward(answer.Deliveries) {
		if address, _, _ := strings.Cut(sent.URL, "?"); address != e.url {
			continue
		}
		if sent.Status == 0 {
			return sent.delivered, unreached(fmt.Errorf("%s: %s", sent.Event, first(sent.Error, "it is "+sent.State)))
		}
		var accepted struct {
			Job string `json:"job_uuid"`
		}
		if json.Unmarshal([]byte(sent.Body), &accepted) == nil {
			sent.Job = accepted.Job
		}
		return sent.delivered, nil
	}
	return d, e.nobody()
}

// typed is what the customer types, as the blueprint's config steps ask for it. The secrets come first.
func (e *appEvents) typed() map[string]any {
	return map[string]any{"secrets": e.secrets, "custom_fields": e.fields, "secrets_delay": "before"}
}

// install installs the app for the customer.
func (e *appEvents) install(ctx context.Context) (delivered, error) {
	e.installed = append(e.installed, e.customer)
	return e.order(ctx, "install", e.typed())
}

// prepare installs the app where it is not, for an event of its installation. That nobody listens to the
// installation itself is no error.
func (e *appEvents) prepare(ctx context.Context) error {
	if e.has() {
		return nil
	}
	e.installed = append(e.installed, e.customer)
	return e.control(ctx, "install", e.typed(), nil)
}

// secretsChanged lets a new customer come, or one who is there enter the secrets again.
func (e *appEvents) secretsChanged(ctx context.Context) (delivered, error) {
	if !e.has() {
		e.what = fmt.Sprintf("the secrets of %s, who has installed %s,", e.customer, e.app)
		return e.install(ctx)
	}
	e.what = fmt.Sprintf("renewed secrets of %s for %s", e.customer, e.app)
	return e.order(ctx, "update", map[string]any{"secrets": e.secrets, "renew": []string{"application"}})
}

// installationChanged makes the event that is asked for, or else the first that the trigger takes.
func (e *appEvents) installationChanged(ctx context.Context) (d delivered, err error) {
	need, _ := xurrent.NeedOf(e.rb.Trigger, "")
	taken := need.Events
	if v, ok := steps.Known(e.rb.Trigger.Args, "events"); ok {
		taken = nil
		for _, event := range v.AsValueSlice() {
			taken = append(taken, event.AsString())
		}
	}
	event := e.event
	if event == "" {
		event = taken[0]
	}
	if !slices.Contains(taken, event) {
		return d, usagef("runbook %q takes no %s; its events are %s", e.rb.Name, event, strings.Join(taken, ", "))
	}
	e.what = fmt.Sprintf("%s of %s for %s", event, e.app, e.customer)
	switch event {
	case "app_instance.create":
		for n := 2; e.customerIsFree && e.has(); n++ {
			e.customer = fmt.Sprintf("%s-%d", sampleCustomer, n)
			e.what = fmt.Sprintf("%s of %s for %s", event, e.app, e.customer)
		}
		return e.install(ctx)
	case "app_instance.update":
		if err := e.prepare(ctx); err != nil {
			return d, err
		}
		return e.order(ctx, "update", map[string]any{"offering_updated": true, "custom_fields": e.fields})
	}
	if err := e.prepare(ctx); err != nil {
		return d, err
	}
	return e.order(ctx, "remove", nil)
}

// called lets a rule of the app call its webhook.
func (e *appEvents) called(ctx context.Context) (d delivered, err error) {
	if err := e.prepare(ctx); err != nil {
		return d, err
	}
	payload := map[string]any{}
	if e.content != nil {
		raw, err := e.payload()
		if err != nil {
			return d, err
		}
		if err := json.Unmarshal(raw, &payload); err != nil {
			return d, invalidf("--file %s: %w", e.file, err)
		}
	} else if payload, err = e.ruleSample(ctx); err != nil {
		return d, err
	}
	e.what = fmt.Sprintf("a call of an automation rule of %s at %s", e.app, e.customer)
	return e.order(ctx, "automation", map[string]any{"payload": payload})
}

// configured lets the customer come to the configuration page. The answer is that of where they end.
func (e *appEvents) configured(ctx context.Context) (d delivered, err error) {
	if err := e.prepare(ctx); err != nil {
		return d, err
	}
	var answer struct {
		URLs    []string `json:"urls"`
		Status  int      `json:"status"`
		Error   string   `json:"error"`
		Enabled bool     `json:"enabled"`
	}
	if err := e.control(ctx, "configure", nil, &answer); err != nil {
		return d, err
	}
	if answer.Error != "" {
		return d, unreached(fmt.Errorf("%s", answer.Error))
	}
	e.what = fmt.Sprintf("%s's browser, which ends at page %d of its way,", e.customer, len(answer.URLs))
	d.Status, d.Body = answer.Status, "the installation is disabled"
	if answer.Enabled {
		d.Body = "the installation is enabled"
	}
	return d, nil
}

// first is the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
