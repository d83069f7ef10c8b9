package sim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"currant/steps/xurrent/sim/graph"
)

// installOrder is the body of POST /sim/install: an app is installed for one customer, or for many alike.
type installOrder struct {
	Provider     string         `json:"provider"`  // account; by default the one that has the offering
	App          string         `json:"app"`       // reference of the offering, which is made on the fly where there is none
	Customer     string         `json:"customer"`  // account
	Customers    []string       `json:"customers"` // in place of customer
	Count        int            `json:"count"`     // in place of customers: CUSTOMER-1, CUSTOMER-2, …
	Parallel     int            `json:"parallel"`  // customers at a time, by default 8
	Secrets      map[string]any `json:"secrets"`   // what the customer types, texts; {account} becomes the customer's id, here and in custom_fields
	CustomFields map[string]any `json:"custom_fields"`
	Disabled     bool           `json:"disabled"`      // as an app with a configuration page is at first
	Delay        string         `json:"secrets_delay"` // "", "before", "with" or "never" the installation's own event, or how long after it: "5s"
	Split        bool           `json:"split"`         // each part of the secrets in a delivery of its own
	NoIssuer     bool           `json:"no_issuer"`     // the policy that is sent lacks its issuer
	Verify       bool           `json:"verify"`        // the app's webhook is inactive until it has confirmed a webhook.verify, sent after the secrets
	Grants       []string       `json:"grants"`        // of the OAuth applications, in place of those of the offering's scopes
	To           destined       `json:"deliver_to"`    // addresses in place of webhooks of the provider account
	Policy       string         `json:"policy"`        // signs what goes to deliver_to: id of /sim/policies
}

// timing says when secrets are sent.
type timing struct {
	before, with, never bool
	late                time.Duration // of simulated time
}

func timingOf(delay string) (timing, error) {
	switch delay {
	case "":
		return timing{}, nil
	case "before":
		return timing{before: true}, nil
	case "with":
		return timing{with: true}, nil
	case "never":
		return timing{never: true}, nil
	}
	d, err := time.ParseDuration(delay)
	if err != nil || d <= 0 {
		return timing{}, fmt.Errorf("secrets_delay is \"before\", \"with\", \"never\" or a duration above 0 such as \"5s\", and is %q", delay)
	}
	return timing{late: d}, nil
}

// checkURL refuses what no delivery can be sent to; "" is left out.
func checkURL(name, text string) error {
	if u, err := url.Parse(text); text != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("%s must be an http or https URL and is %q", name, text)
	}
	return nil
}

// check completes an order and finds its provider.
func (o *installOrder) check(s *Sim) (provider *graph.Account, when timing, err error) {
	when, err = timingOf(o.Delay)
	err = errors.Join(err, checkURL("deliver_to.secrets", o.To.Secrets), checkURL("deliver_to.installation", o.To.Installation),
		checkURL("deliver_to.automation", o.To.Automation))
	switch {
	case err != nil:
		return nil, when, err
	case o.App == "" || len(o.App) > 161:
		return nil, when, fmt.Errorf("app must be the reference of an offering, up to 161 characters, and is %q", o.App)
	case o.Count < 0 || o.Count > maxCustomers || len(o.Customers) > maxCustomers:
		return nil, when, fmt.Errorf("an app is installed for up to %d customers at once", maxCustomers)
	case o.Parallel < 0 || o.Parallel > maxParallel:
		return nil, when, fmt.Errorf("parallel goes up to %d", maxParallel)
	case (o.To.Secrets != "" || o.To.Installation != "") && o.Policy == "":
		return nil, when, errors.New("policy is missing: what goes to deliver_to is signed by a policy of the provider account; POST /sim/policies makes one")
	}
	for _, grant := range o.Grants {
		if grant != grantClient && grant != grantAuthorization {
			return nil, when, fmt.Errorf("grants are %q and %q, and one is %q", grantClient, grantAuthorization, grant)
		}
	}
	if o.Count > 0 {
		if len(o.Customers) > 0 || !validAccount(o.Customer) {
			return nil, when, errors.New("count needs customer, the beginning of the accounts' ids, and not customers")
		}
		for i := range o.Count {
			o.Customers = append(o.Customers, fmt.Sprintf("%s-%d", o.Customer, i+1))
		}
	} else if len(o.Customers) == 0 {
		o.Customers = []string{o.Customer}
	}
	for _, id := range o.Customers {
		if !validAccount(id) {
			return nil, when, fmt.Errorf("customer must be the id of an account, such as \"acme\", and is %q", id)
		}
	}
	if provider, err = s.providerOf(o.Provider, o.App); err != nil {
		return nil, when, err
	}
	if o.Policy != "" {
		if _, found := provider.Get("WebhookPolicy", o.Policy); !found {
			return nil, when, fmt.Errorf("the account %s has no webhook policy %q: POST /sim/policies makes one", provider.ID(), o.Policy)
		}
	}
	o.To.policy = o.Policy
	return provider, when, nil
}

// maxCustomers is how many customers one order installs an app for.
const maxCustomers = 10_000

// providerOf finds the provider account of an app: the one named, the one with its offering, or the one that listens to installations.
func (s *Sim) providerOf(id, app string) (*graph.Account, error) {
	if id != "" {
		a, ok := s.Account(id)
		if !ok {
			return nil, fmt.Errorf("provider must be the id of an account, such as \"acme\", and is %q", id)
		}
		return a, nil
	}
	s.mu.Lock()
	var accounts []string
	for account := range s.accounts {
		accounts = append(accounts, account)
	}
	s.mu.Unlock()
	slices.Sort(accounts)
	var listening []*graph.Account
	for _, account := range accounts {
		a := s.world.Account(account)
		if slices.ContainsFunc(a.All("AppOffering"), func(o map[string]any) bool { return text(o, "reference") == app }) {
			return a, nil
		}
		if len(s.hooks.listening(account, eventSecrets, app)) > 0 {
			listening = append(listening, a)
		}
	}
	if len(listening) != 1 {
		return nil, fmt.Errorf("provider is missing: no account has an offering with the reference %q", app)
	}
	return listening[0], nil
}

// controlInstall answers POST /sim/install.
func (s *Sim) controlInstall(w http.ResponseWriter, r *http.Request) {
	var o installOrder
	if !readControl(w, r, &o) {
		return
	}
	provider, when, err := o.check(s)
	if err != nil {
		controlError(w, http.StatusBadRequest, err)
		return
	}
	p := s.planOf(provider, &o)
	if len(o.Customers) == 1 {
		in, all, err := s.install(r.Context(), p, when, o.Customers[0])
		if err != nil {
			controlError(w, http.StatusConflict, err)
			return
		}
		t := tally{}
		t.add(all...)
		writeJSON(w, http.StatusCreated, appAnswer{Installation: s.view(in), figures: t.figures()})
		return
	}
	t := tally{began: time.Now()}
	spread(r.Context(), o.Customers, o.Parallel, func(_ int, customer string) {
		_, all, err := s.install(r.Context(), p, when, customer)
		if err != nil {
			t.fail(err)
			return
		}
		t.installed()
		t.add(all...)
	})
	writeJSON(w, http.StatusCreated, appAnswer{Provider: provider.ID(), figures: t.figures()})
}

// install makes one installation and sends what is told of it.
func (s *Sim) install(ctx context.Context, p *plan, when timing, id string) (*installation, []appDelivery, error) {
	customer, ok := s.Account(id)
	if !ok {
		return nil, nil, fmt.Errorf("there are too many accounts for %q", id)
	}
	in, err := s.provision(ctx, p, customer)
	if err != nil {
		return nil, nil, err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	record, _ := in.provider.Get("AppInstance", in.id)
	values := map[string]any{}
	if app := in.applications[grantClient]; app != nil {
		values[partApplication] = app.delivered()
	}
	if app := in.applications[grantAuthorization]; app != nil {
		values[partAuthorization] = app.delivered()
	}
	if in.policy != "" {
		values[partPolicy] = s.policyPart(in, !p.order.NoIssuer)
		if !p.order.NoIssuer && !when.never {
			s.apps.toldIssuer(in, s.baseURL())
		}
	}
	if len(p.order.Secrets) > 0 {
		values[partSecrets] = forCustomer(p.order.Secrets, customer.ID())
	}
	secrets, err := s.secretsLetters(in, values, p.order.Split)
	if err != nil {
		return nil, nil, err
	}
	change, err := s.letters(in, eventCreate, s.instancePayload(in, record, false), nil)
	if err != nil {
		return nil, nil, err
	}
	all := s.sendOrdered(ctx, change, secrets, when)
	if p.order.Verify && in.webhook != "" {
		s.askToConfirm(customer, in.webhook, in.person)
	}
	return in, all, nil
}

// installationView is an installation as the control endpoints show it. It has no secret.
type installationView struct {
	Provider   string            `json:"provider"`
	Customer   string            `json:"customer"`
	App        string            `json:"app"`
	Instance   string            `json:"app_instance"`
	Webhook    string            `json:"webhook,omitempty"`
	URL        string            `json:"webhook_url,omitempty"`
	Policy     string            `json:"policy,omitempty"`
	Clients    map[string]string `json:"clients"`           // client ids by grant
	Stopped    string            `json:"stopped,omitempty"` // which switches stop it
	CustomerIs string            `json:"customer_url"`
}

func (s *Sim) view(in *installation) *installationView {
	record, _ := in.provider.Get("AppInstance", in.id)
	v := &installationView{Provider: in.provider.ID(), Customer: in.customer.ID(), App: in.app, Instance: in.id, Webhook: in.webhook,
		Policy: in.policy, Clients: map[string]string{}, Stopped: switchedOff(record), CustomerIs: s.accountURL(in.customer.ID())}
	if in.webhook != "" {
		hook, _ := in.customer.Get("Webhook", in.webhook)
		v.URL = text(hook, "uri")
	}
	s.apps.mu.Lock()
	defer s.apps.mu.Unlock()
	for grant, app := range in.applications {
		v.Clients[grant] = app.clientID
	}
	return v
}

// named finds one installation by the ids of an order.
func (s *Sim) named(provider, customer, app string) (*installation, error) {
	if customer == "" || app == "" {
		return nil, errors.New("customer and app are missing: the account's id and the offering's reference")
	}
	found := s.apps.find(provider, customer, app)
	if len(found) == 1 {
		return found[0], nil
	}
	if len(found) > 1 {
		return nil, fmt.Errorf("the app %s of several providers is installed for %s: give provider", app, customer)
	}
	others := []string{}
	for _, in := range s.apps.find("", customer, "") {
		others = append(others, in.app)
	}
	if len(others) > 0 {
		return nil, fmt.Errorf("the app %s is not installed for %s, which has %s", app, customer, strings.Join(others, ", "))
	}
	return nil, fmt.Errorf("the app %s is not installed for %s: POST /sim/install installs it", app, customer)
}
