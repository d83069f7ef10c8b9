package sim

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"currant/steps/xurrent/sim/graph"
)

// Events of apps (PLATFORM 7.3 to 7.5).
const (
	eventSecrets = "app_instance.secrets-update"
	eventCreate  = "app_instance.create"
	eventUpdate  = "app_instance.update"
	eventDelete  = "app_instance.delete"
	eventRule    = "automation_rule"
)

// Parts of a secrets delivery (PLATFORM 7.3).
const (
	partApplication   = "application"
	partAuthorization = "authorization_application"
	partPolicy        = "policy"
	partSecrets       = "secrets"
)

// parts are the parts of a secrets delivery in the order in which they come when each is sent by itself.
var parts = []string{partApplication, partAuthorization, partPolicy, partSecrets}

// appDelivery is a delivery as the control endpoints of apps answer.
type appDelivery struct {
	sent
	Event    string   `json:"event"`
	Customer string   `json:"customer"`
	URL      string   `json:"url"`
	Parts    []string `json:"parts,omitempty"` // of a secrets delivery
	State    string   `json:"state"`

	later bool // it is yet to be sent
	took  time.Duration
}

// letter is a delivery of an app with what the answer shows of it.
type letter struct {
	*parcel
	customer string
	parts    []string
}

// instancePayload is that of PLATFORM 7.4.
func (s *Sim) instancePayload(in *installation, record map[string]any, updated bool) map[string]any {
	p := map[string]any{}
	s.appPayload(in.provider, occurrence{id: in.id, record: record}, p)
	offering, _ := p["app_offering"].(map[string]any)
	offering["updated"] = updated
	return p
}

// secretsPayload is that of PLATFORM 7.3 with some parts.
func (s *Sim) secretsPayload(in *installation, values map[string]any, names []string) map[string]any {
	line, offering := s.lines.Add(1), in.offering()
	p := map[string]any{"audit_line_id": line, "audit_line_nodeID": sampleNode("AuditLine", line), "customer_account_id": in.customer.ID(),
		"app_offering": map[string]any{"reference": in.app, "id": graph.Number(offering), "nodeID": offering}}
	for _, name := range names {
		p[name] = values[name]
	}
	return p
}

// policyPart is the policy of the app's webhook in a secrets delivery.
func (s *Sim) policyPart(in *installation, issuer bool) map[string]any {
	record, _ := in.customer.Get("WebhookPolicy", in.policy)
	hook, _ := in.customer.Get("Webhook", in.webhook)
	p := map[string]any{"nodeID": in.policy, "audience": record["jwtAudience"], "algorithm": strings.ToUpper(text(record, "jwtAlg")),
		"public_key": text(record, graph.FieldPublicKey)}
	if issuer {
		discovery, _ := hook["openidConnectDiscovery"].(bool)
		p["issuer"] = s.issuerOf(in.customer.ID(), sealing{policy: in.policy, discovery: discovery})
	}
	return p
}

// letters are the deliveries of an app's event: to the address of the order, or else to each active webhook of the provider account
// for the event and the app.
func (s *Sim) letters(in *installation, event string, payload map[string]any, parts []string) ([]letter, error) {
	what := occurrence{event: event, typ: "AppInstance", id: in.id, payload: payload, person: in.person, by: in.customer}
	if url := in.to.url(event); url != "" {
		p, err := s.pack(in.provider, s.describe(in.provider, sampleNode("Webhook", 1), event, what))
		if err != nil {
			return nil, err
		}
		p.url, p.seal = url, sealing{policy: in.to.policy}
		return []letter{{p, in.customer.ID(), parts}}, nil
	}
	var all []letter
	for _, id := range s.hooks.listening(in.provider.ID(), event, in.app) {
		record, ok := in.provider.Get("Webhook", id)
		if !ok {
			continue
		}
		p, err := s.pack(in.provider, s.describe(in.provider, id, first(text(record, "name"), event), what))
		if err != nil {
			return nil, err
		}
		p.webhook, p.url = id, text(record, "uri")
		all = append(all, letter{p, in.customer.ID(), parts})
	}
	return all, nil
}

// secretsLetters are the deliveries of secrets: one with all parts, or one for each part.
func (s *Sim) secretsLetters(in *installation, values map[string]any, split bool) ([]letter, error) {
	var names []string
	for _, name := range parts {
		if values[name] != nil {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	groups := [][]string{names}
	if split {
		groups = slices.Collect(slices.Chunk(names, 1))
	}
	var all []letter
	for _, group := range groups {
		some, err := s.letters(in, eventSecrets, s.secretsPayload(in, values, group), group)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// tellIssuer sends the policy of an app's webhook again where the service has another address than when the provider was told: the
// issuer of the policy begins with it.
func (s *Sim) tellIssuer(ctx context.Context, in *installation) error {
	if !s.apps.outdatedIssuer(in, s.baseURL()) {
		return nil
	}
	all, err := s.secretsLetters(in, map[string]any{partPolicy: s.policyPart(in, true)}, false)
	s.postLetters(ctx, all)
	return err
}

// postLetters sends letters at once, one after the other. What fails is tried again later, as every delivery is.
func (s *Sim) postLetters(ctx context.Context, all []letter) []appDelivery {
	out := make([]appDelivery, 0, len(all))
	for _, l := range all {
		out = append(out, s.postLetter(ctx, l))
	}
	return out
}

func (s *Sim) postLetter(ctx context.Context, l letter) appDelivery {
	began := time.Now()
	answer, state, err := s.courier.sendNow(ctx, l.parcel)
	d := l.shown(state)
	d.took = time.Since(began)
	d.Status, d.Body, d.Job = answer.status, answer.body[:min(len(answer.body), maxTryBody)], answer.job
	switch {
	case err != nil:
		d.Error = err.Error()
	case state == stateDropped:
		d.Error = "the webhook is disabled, or not confirmed yet"
	}
	return d
}

func (l letter) shown(state string) appDelivery {
	return appDelivery{sent: sent{Delivery: l.id}, Event: l.event, Customer: l.customer, URL: l.url, Parts: l.parts, State: state}
}

// sendOrdered sends the letters of a change and those of its secrets in the order that was asked for.
func (s *Sim) sendOrdered(ctx context.Context, change, secrets []letter, when timing) []appDelivery {
	switch {
	case when.never:
		return s.postLetters(ctx, change)
	case when.before:
		out := s.postLetters(ctx, secrets)
		return append(out, s.postLetters(ctx, change)...)
	case when.with:
		var first, second []appDelivery
		var both sync.WaitGroup
		both.Go(func() { first = s.postLetters(ctx, change) })
		second = s.postLetters(ctx, secrets)
		both.Wait()
		return append(first, second...)
	case when.late > 0:
		out := s.postLetters(ctx, change)
		for _, l := range secrets {
			s.clock.after(when.late, func() { s.courier.queue(l.parcel) })
			d := l.shown(stateWaiting)
			d.later = true
			out = append(out, d)
		}
		return out
	}
	out := s.postLetters(ctx, change)
	return append(out, s.postLetters(ctx, secrets)...)
}
