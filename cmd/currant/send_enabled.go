package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"currant/steps/xurrent"
)

// nobody is the error of a runner that the account does not know.
func (e *appEvents) nobody() error {
	return fmt.Errorf("%s tells nobody at %s of its events: is the blueprint served there, by a runner that works on this account? \"currant dev %s --sim\" does both",
		e.account.about(), e.url, e.dir)
}

// enablingTime is how long a runner that has just started is given to tell the account of its endpoints.
const enablingTime = 10 * time.Second

// awaitEnabled waits until the account knows the endpoint of the runbook.
func (e *appEvents) awaitEnabled(ctx context.Context) error {
	late := time.After(enablingTime)
	for {
		known, err := e.knows(ctx)
		if err != nil || known {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond): // polled: the account tells nobody who asks
		case <-late:
			return e.nobody()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// knows says whether the webhooks of the provider's account, and the app's offering, have the endpoints.
func (e *appEvents) knows(ctx context.Context) (bool, error) {
	var answer struct {
		Webhooks struct {
			Nodes []struct {
				URI      string
				Disabled bool
			}
		}
		AppOfferings struct {
			Nodes []struct{ Reference, WebhookURITemplate, ConfigurationURITemplate string }
		}
	}
	err := e.query(ctx, e.provider, `{
  webhooks(first: 100) { nodes { uri disabled } }
  appOfferings(first: 100) { nodes { reference webhookUriTemplate configurationUriTemplate } }
}`, &answer)
	if err != nil {
		return false, err
	}
	got := map[string]bool{}
	add := func(uri string) {
		address, _, _ := strings.Cut(uri, "?")
		got[address] = true
	}
	for _, hook := range answer.Webhooks.Nodes {
		if !hook.Disabled {
			add(hook.URI)
		}
	}
	for _, o := range answer.AppOfferings.Nodes {
		if o.Reference == e.app {
			add(o.WebhookURITemplate)
			add(o.ConfigurationURITemplate)
		}
	}
	for _, address := range e.endpoints() {
		if !got[address] {
			return false, nil
		}
	}
	return true, nil
}

// endpoints are those that the account must know before a customer may come: the runbook's own, and that of the
// app's rules, for an installation is given what the offering has when it is made.
func (e *appEvents) endpoints() []string {
	own := []string{e.url}
	base := strings.TrimSuffix(e.url, "/inbound/"+e.rb.Blueprint.Name+"/"+e.rb.Name)
	for _, rb := range e.rb.Blueprint.Runbooks {
		need, ok := xurrent.NeedOf(rb.Trigger, base)
		if ok && rb.Enabled && need.Kind == "automation_webhook" && slices.Contains(need.AppReferences, e.app) {
			own = append(own, need.Endpoint)
		}
	}
	return own
}
