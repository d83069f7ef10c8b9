package sim

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"currant/steps/xurrent/sim/graph"
)

// account placeholder in templates (PLATFORM 7.5): replaced by the customer's id.
const placeholder = "{account}"

// webhookPlaceholder is the app's own webhook in the actions of its rules (PLATFORM 7.5).
const webhookPlaceholder = "{app_offering_webhook}"

// offeringOf finds the offering of a reference: its latest published version, or else its draft, which is made on the fly where
// there is none.
func offeringOf(a *graph.Account, reference string) map[string]any {
	var found map[string]any
	for _, o := range a.All("AppOffering") {
		if published, _ := o["published"].(bool); text(o, "reference") == reference && (found == nil || published) {
			found = o
		}
	}
	if found != nil {
		return found
	}
	fields := map[string]any{"name": reference, "reference": reference, "published": false, "latest": true,
		"scopes": []string{a.Arrange("AppOfferingScope", map[string]any{"effect": "allow", "grantType": grantClient})}}
	if services := a.All("ServiceInstance"); len(services) > 0 {
		fields["serviceInstance"] = text(services[0], "id")
	}
	found, _ = a.Get("AppOffering", a.Arrange("AppOffering", fields))
	return found
}

// plan is what the installations of one order have in common.
type plan struct {
	order    *installOrder
	provider *graph.Account
	offering map[string]any
	template string // of the webhook's URI, "" where the app has none
	grants   map[string][]string
	rules    []map[string]any // of the offering
}

// planOf prepares an order that is checked.
func (s *Sim) planOf(provider *graph.Account, o *installOrder) *plan {
	s.apps.planning.Lock()
	defer s.apps.planning.Unlock()
	p := &plan{order: o, provider: provider, offering: offeringOf(provider, o.App)}
	p.template = first(o.To.Automation, text(p.offering, "webhookUriTemplate"))
	p.grants = grantsOf(provider, p.offering)
	if o.Grants != nil {
		known := p.grants
		p.grants = map[string][]string{}
		for _, grant := range o.Grants {
			p.grants[grant] = known[grant]
		}
	}
	for _, rule := range provider.All("AppOfferingAutomationRule") {
		if related(rule, "appOffering") == text(p.offering, "id") {
			p.rules = append(p.rules, rule)
		}
	}
	slices.SortStableFunc(p.rules, func(a, b map[string]any) int { return cmp.Compare(whole(a["position"]), whole(b["position"])) })
	return p
}

// filled is a template for one customer. A webhook's address names a customer in any case (PLATFORM 7.5).
func filled(template, customer string) string {
	if strings.Contains(template, placeholder) || strings.Contains(template, "customer_account_id=") || template == "" {
		return strings.ReplaceAll(template, placeholder, customer)
	}
	separator := "?"
	if strings.Contains(template, "?") {
		separator = "&"
	}
	return template + separator + "customer_account_id=" + customer
}

// provision makes an installation: the record in the provider account, and webhook policy, webhook, rules and OAuth applications in
// the customer account (PLATFORM 7.2 step 5). Nothing is sent. Its error is a place that is taken, or a policy that cannot be made.
func (s *Sim) provision(ctx context.Context, p *plan, customer *graph.Account) (*installation, error) {
	o := p.order
	in := &installation{provider: p.provider, customer: customer, app: o.App, to: o.To,
		applications: map[string]*application{}}
	if !s.apps.reserve(in.key()) {
		return nil, fmt.Errorf("the app %s is installed for %s already: /sim/update changes the installation, /sim/remove removes it", o.App, customer.ID())
	}
	if p.template != "" {
		if err := s.provisionWebhook(ctx, p, in); err != nil {
			s.apps.release(in.key())
			return nil, err
		}
	}
	in.person = firstPerson(customer)
	for grant, scopes := range p.grants {
		in.applications[grant] = s.newApplication(in, grant, scopes)
	}
	fields := map[string]any{"appOffering": p.offering["id"], "customerAccount": customer.ID(), "enabledByCustomer": true,
		"disabled": o.Disabled, "suspended": false, "customFields": merged(nil, forCustomer(o.CustomFields, customer.ID()))}
	in.id = p.provider.Arrange("AppInstance", fields)
	s.provisionRules(p, in)
	s.apps.add(in)
	s.settleSwitches(in)
	return in, nil
}

func (s *Sim) provisionWebhook(ctx context.Context, p *plan, in *installation) error {
	policy, err := makePolicy(ctx, in.customer, text(p.offering, "policyJwtAlg"), text(p.offering, "policyJwtAudience"),
		int(whole(p.offering["policyJwtClaimExpiresIn"])))
	if err != nil {
		return fmt.Errorf("the webhook policy of the customer %s: %w", in.customer.ID(), err)
	}
	discovery, _ := p.offering["openidConnectDiscovery"].(bool)
	in.policy = policy.ID
	in.webhook = in.customer.Arrange("Webhook", map[string]any{"name": text(p.offering, "name"), "event": eventRule, "disabled": false,
		"uri": filled(p.template, in.customer.ID()), "webhookPolicy": policy.ID, "openidConnectDiscovery": discovery})
	record, _ := in.customer.Get("Webhook", in.webhook)
	s.hooks.adopt(in.customer.ID(), record, !p.order.Verify)
	return nil
}

// updateToOffering brings an installation to the offering's latest published version, or to its draft where there is none: the
// webhook's address, the rules and the scopes in the customer account.
func (s *Sim) updateToOffering(in *installation) {
	p := s.planOf(in.provider, &installOrder{App: in.app, To: in.to})
	in.provider.Arrange("AppInstance", map[string]any{"id": in.id, "appOffering": p.offering["id"]})
	if in.webhook != "" && p.template != "" {
		uri := filled(p.template, in.customer.ID())
		in.customer.Arrange("Webhook", map[string]any{"id": in.webhook, "uri": uri})
		s.hooks.moveTo(in.customer.ID(), in.webhook, uri)
	}
	for _, rule := range in.rules {
		in.customer.Withdraw("AutomationRule", rule)
	}
	in.rules = nil
	s.provisionRules(p, in)
	s.apps.mu.Lock()
	defer s.apps.mu.Unlock()
	for grant, app := range in.applications {
		if scopes, granted := p.grants[grant]; granted {
			app.scopes = scopes
		}
	}
}

// provisionRules makes the offering's rules in the customer account.
func (s *Sim) provisionRules(p *plan, in *installation) {
	name := text(p.offering, "name")
	for _, rule := range p.rules {
		actions, _ := rule["actions"].([]any)
		actions = slices.Clone(actions)
		for i, e := range actions {
			action, _ := e.(map[string]any)
			action = maps.Clone(action)
			action["value"] = strings.ReplaceAll(text(action, "value"), webhookPlaceholder, name)
			actions[i] = action
		}
		in.rules = append(in.rules, in.customer.Arrange("AutomationRule", map[string]any{"name": rule["name"], "generic": rule["generic"],
			"trigger": rule["trigger"], "condition": rule["condition"], "description": rule["description"], "position": rule["position"],
			"expressions": rule["expressions"], "actions": actions, "disabled": in.stopped.Load(), fieldInstance: in.id}))
	}
}

// merged sets the custom fields that are given and leaves the others; null takes one away.
func merged(record map[string]any, fields map[string]any) []map[string]any {
	out := []map[string]any{}
	list, _ := record["customFields"].([]any)
	for _, e := range list {
		field, _ := e.(map[string]any)
		if _, given := fields[text(field, "id")]; !given {
			out = append(out, field)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(fields)) {
		if fields[id] != nil {
			out = append(out, map[string]any{"id": id, "value": fields[id]})
		}
	}
	return out
}

// forCustomer fills the customer's id into texts that ask for it.
func forCustomer(values map[string]any, customer string) map[string]any {
	out := make(map[string]any, len(values))
	for name, v := range values {
		if t, ok := v.(string); ok {
			v = strings.ReplaceAll(t, placeholder, customer)
		}
		out[name] = v
	}
	return out
}
