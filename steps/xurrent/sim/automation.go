package sim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// ruleOrder is the body of POST /sim/automation: a rule of an app runs in the customer account and calls the app's webhook
// (PLATFORM 7.5), once or many times.
type ruleOrder struct {
	Provider  string         `json:"provider"`
	App       string         `json:"app"`
	Customer  string         `json:"customer"`  // none of both: every customer who has the app
	Customers []string       `json:"customers"` // in place of customer
	Payload   map[string]any `json:"payload"`
	Rule      string         `json:"rule"`      // name; by default the first rule that calls a webhook
	URL       string         `json:"url"`       // in place of the webhook's own, with {account}
	Person    string         `json:"person"`    // node id of a person of the customer account; by default who installed the app
	Count     int            `json:"count"`     // of all deliveries, spread over the customers; by default one for each
	Parallel  int            `json:"parallel"`  // customers at a time, by default 8: the deliveries of one come one after the other
	NumberAs  string         `json:"number_as"` // field of the payload that counts a customer's deliveries of this order, from 1
}

// controlAutomation answers POST /sim/automation.
func (s *Sim) controlAutomation(w http.ResponseWriter, r *http.Request) {
	var o ruleOrder
	if !readControl(w, r, &o) {
		return
	}
	all, status, err := s.checkRule(&o)
	if err != nil {
		controlError(w, status, err)
		return
	}
	t := tally{began: time.Now()}
	spread(r.Context(), all, o.Parallel, func(i int, in *installation) {
		times := o.Count / len(all)
		if i < o.Count%len(all) {
			times++
		}
		if err := s.runRule(r.Context(), in, &o, times, &t); err != nil {
			t.fail(err)
		}
	})
	f := t.figures()
	if len(all) == 1 && f.Count == 0 {
		switch {
		case f.Stopped > 0:
			record, _ := all[0].provider.Get("AppInstance", all[0].id)
			controlError(w, http.StatusConflict, fmt.Errorf("the rules of the app %s do not run for %s: the installation is %s",
				o.App, all[0].customer.ID(), first(switchedOff(record), "removed")))
		case len(f.Failures) > 0:
			controlError(w, http.StatusBadRequest, errors.New(f.Failures[0]))
		default:
			writeJSON(w, http.StatusOK, appAnswer{figures: f})
		}
		return
	}
	writeJSON(w, http.StatusOK, appAnswer{figures: f})
}

// checkRule completes an order and finds its installations; the status is that of its error.
func (s *Sim) checkRule(o *ruleOrder) (all []*installation, status int, err error) {
	if err := checkURL("url", strings.ReplaceAll(o.URL, placeholder, "acme")); err != nil {
		return nil, http.StatusBadRequest, err
	}
	switch {
	case o.App == "":
		return nil, http.StatusBadRequest, errors.New("app is missing: the offering's reference")
	case o.Count < 0 || o.Count > maxCount || o.Parallel < 0 || o.Parallel > maxParallel:
		return nil, http.StatusBadRequest, fmt.Errorf("count goes up to %d and parallel up to %d", maxCount, maxParallel)
	}
	if o.Customer != "" {
		o.Customers = []string{o.Customer}
	}
	for _, customer := range o.Customers {
		in, err := s.named(o.Provider, customer, o.App)
		if err != nil {
			return nil, http.StatusNotFound, err
		}
		all = append(all, in)
	}
	if len(o.Customers) == 0 {
		all = s.apps.find(o.Provider, "", o.App)
	}
	if len(all) == 0 {
		return nil, http.StatusNotFound, fmt.Errorf("no customer has the app %s: POST /sim/install installs it", o.App)
	}
	if o.Count == 0 {
		o.Count = len(all)
	}
	return all, 0, nil
}

// runRule runs a rule of one installation some times, one after the other, unless a switch of the installation is off.
func (s *Sim) runRule(ctx context.Context, in *installation, o *ruleOrder, times int, t *tally) error {
	if in.webhook == "" {
		return fmt.Errorf("the app %s has no webhook at %s: its offering has no webhookUriTemplate, and deliver_to of /sim/install named no automation",
			o.App, in.customer.ID())
	}
	rule, err := s.ruleOf(in, o.Rule)
	if err != nil {
		return err
	}
	person := first(o.Person, in.person)
	if _, found := in.customer.Get("Person", person); !found {
		return fmt.Errorf("the account %s has no person %q", in.customer.ID(), person)
	}
	if err := s.tellIssuer(ctx, in); err != nil {
		return err
	}
	for n := range times {
		if in.stopped.Load() {
			t.stopped()
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		hook, found := in.customer.Get("Webhook", in.webhook)
		if !found {
			t.stopped()
			return nil
		}
		payload := maps.Clone(o.Payload)
		if payload == nil {
			payload = map[string]any{}
		}
		if o.NumberAs != "" {
			payload[o.NumberAs] = n + 1
		}
		p, err := s.pack(in.customer, s.describe(in.customer, in.webhook, text(hook, "name"),
			occurrence{event: eventRule, typ: "AutomationRule", id: rule, payload: payload, person: person}))
		if err != nil {
			return err
		}
		p.webhook, p.url = in.webhook, text(hook, "uri")
		if o.URL != "" {
			p.url = filled(o.URL, in.customer.ID())
		}
		t.add(s.postLetter(ctx, letter{parcel: p, customer: in.customer.ID()}))
	}
	return nil
}

// ruleOf finds the rule that calls the app's webhook. An app without rules gets one that calls it on every note.
func (s *Sim) ruleOf(in *installation, name string) (string, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	var names []string
	chosen := ""
	for _, id := range in.rules {
		rule, found := in.customer.Get("AutomationRule", id)
		if !found {
			continue
		}
		names = append(names, text(rule, "name"))
		if name != "" && text(rule, "name") != name {
			continue
		}
		if name != "" || callsWebhook(rule) {
			return id, nil
		}
		chosen = first(chosen, id)
	}
	switch {
	case name != "" && len(names) == 0:
		return "", fmt.Errorf("the app %s has no rules", in.app)
	case name != "":
		return "", fmt.Errorf("the app %s has no rule %q, but %s", in.app, name, strings.Join(names, ", "))
	case chosen != "":
		return chosen, nil
	}
	hook, _ := in.customer.Get("Webhook", in.webhook)
	in.rules = append(in.rules, in.customer.Arrange("AutomationRule", map[string]any{"name": "A note was added", "generic": "request",
		"trigger": "on note added", "condition": "true", "disabled": in.stopped.Load(), fieldInstance: in.id,
		"actions": []any{map[string]any{"name": "call", "value": "call webhook '" + text(hook, "name") + "' with payload ''"}}}))
	return in.rules[len(in.rules)-1], nil
}

func callsWebhook(rule map[string]any) bool {
	actions, _ := rule["actions"].([]any)
	for _, e := range actions {
		action, _ := e.(map[string]any)
		if strings.HasPrefix(strings.TrimSpace(text(action, "value")), "call webhook") {
			return true
		}
	}
	return false
}
