package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"currant/steps/xurrent/sim/graph"
)

// Bounds of /sim/deliver.
const (
	maxCount    = 100_000
	maxParallel = 64
	maxShown    = 1000 // deliveries that the answer lists
)

// deliverOrder is the body of POST /sim/deliver: one delivery, or many alike, of an event to any URL, sent at once.
type deliverOrder struct {
	Account  string         `json:"account"`
	URL      string         `json:"url"`
	Event    string         `json:"event"`
	Name     string         `json:"name"`      // of the webhook; by default the event
	Webhook  string         `json:"webhook"`   // node id of a webhook of the account: its name, URL and signature
	Type     string         `json:"type"`      // of the record; by default the event's
	ID       string         `json:"id"`        // node id of the record, or "latest" (the default)
	Payload  map[string]any `json:"payload"`   // in place of the event's
	Data     map[string]any `json:"data"`      // further top-level fields, in place of their own; null leaves one out
	Unsigned bool           `json:"unsigned"`  // the data as the body
	Policy   string         `json:"policy"`    // id of /sim/policies or node id of a policy; none signs with the account's published key
	Publish  bool           `json:"discovery"` // with a policy: kid and issuer of its published key
	Alg      string         `json:"algorithm"` // without a policy
	Claims   map[string]any `json:"claims"`    // in place of the token's own; null leaves one out
	Header   map[string]any `json:"header"`    // of the token
	Delivery string         `json:"delivery"`  // id; by default a new one
	Origin   string         `json:"origin"`
	Count    int            `json:"count"`    // by default 1
	Parallel int            `json:"parallel"` // at a time, by default 1
}

// sent is one delivery as /sim/deliver answers.
type sent struct {
	Delivery string `json:"delivery"`
	Status   int    `json:"status"`
	Body     string `json:"body"`
	Job      string `json:"job_uuid,omitempty"`
	Error    string `json:"error,omitempty"`
}

// deliverAnswer is that of /sim/deliver: the last delivery, and all of them where there are more.
type deliverAnswer struct {
	sent
	Count      int            `json:"count"`
	Statuses   map[string]int `json:"statuses"` // how many had which; "0" for none at all
	Deliveries []sent         `json:"deliveries,omitempty"`
}

func (s *Sim) controlDeliver(w http.ResponseWriter, r *http.Request) {
	var order deliverOrder
	if !readControl(w, r, &order) {
		return
	}
	p, err := s.packOrder(&order)
	if err != nil {
		controlError(w, http.StatusBadRequest, err)
		return
	}
	all := s.sendAll(r.Context(), p, order)
	answer := deliverAnswer{sent: all[len(all)-1], Count: len(all), Statuses: map[string]int{}}
	for _, one := range all {
		answer.Statuses[strconv.Itoa(one.Status)]++
	}
	if len(all) > 1 {
		answer.Deliveries = all[:min(len(all), maxShown)]
	}
	status := http.StatusOK
	if answer.Statuses["0"] == len(all) {
		status = http.StatusBadGateway
	}
	writeJSON(w, status, answer)
}

// packOrder checks an order and makes its first delivery.
func (s *Sim) packOrder(o *deliverOrder) (*parcel, error) {
	a, ok := s.Account(o.Account)
	if !ok {
		return nil, fmt.Errorf("account must be the id of an account, such as \"acme\", and is %q", o.Account)
	}
	seal := sealing{plain: o.Unsigned, discovery: o.Publish, algorithm: o.Alg, claims: o.Claims, header: o.Header}
	if o.Webhook != "" {
		record, found := a.Get("Webhook", o.Webhook)
		if !found {
			return nil, fmt.Errorf("the account %s has no webhook %q", o.Account, o.Webhook)
		}
		o.URL, o.Event, o.Name = first(o.URL, text(record, "uri")), first(o.Event, text(record, "event")), first(o.Name, text(record, "name"))
		o.Policy = first(o.Policy, related(record, "webhookPolicy"))
		if on, _ := record["openidConnectDiscovery"].(bool); on {
			seal.discovery = true
		} else if o.Policy == "" {
			seal.plain = true
		}
	}
	seal.policy = o.Policy
	if o.Policy != "" {
		if _, found := a.Get("WebhookPolicy", o.Policy); !found {
			return nil, fmt.Errorf("the account %s has no webhook policy %q: POST /sim/policies makes one", o.Account, o.Policy)
		}
	}
	if u, err := url.Parse(o.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("url must be an http or https URL and is %q", o.URL)
	}
	if o.Count == 0 {
		o.Count = 1
	}
	if o.Count < 0 || o.Count > maxCount || o.Parallel < 0 || o.Parallel > maxParallel {
		return nil, fmt.Errorf("count goes up to %d and parallel up to %d", maxCount, maxParallel)
	}
	return s.packEvent(a, o, seal)
}

func (s *Sim) packEvent(a *graph.Account, o *deliverOrder, seal sealing) (*parcel, error) {
	if o.Event == "" {
		return nil, errors.New("event is missing, such as \"request.create\"")
	}
	what, err := sample(a, *o)
	if err != nil {
		return nil, err
	}
	p, err := s.pack(a, s.describe(a, first(o.Webhook, sampleNode("Webhook", 1)), first(o.Name, o.Event), what))
	if err != nil {
		return nil, err
	}
	if o.Data != nil {
		var fields map[string]any
		if err := json.Unmarshal(p.data, &fields); err != nil {
			return nil, err
		}
		maps.Copy(fields, o.Data)
		maps.DeleteFunc(fields, func(_ string, v any) bool { return v == nil })
		if p.data, err = json.Marshal(fields); err != nil {
			return nil, err
		}
	}
	p.url, p.seal, p.origin = o.URL, seal, o.Origin
	if o.Delivery != "" {
		p.id = o.Delivery
	}
	if _, err := s.body(p); err != nil {
		return nil, err
	}
	return p, nil
}

// sample finds the record that an ordered event is about.
func sample(a *graph.Account, o deliverOrder) (occurrence, error) {
	what := occurrence{event: o.Event, typ: first(o.Type, typeOf(o.Event)), payload: o.Payload}
	if what.typ == "" {
		if o.ID != "" && o.ID != "latest" {
			return what, fmt.Errorf("the event %s names no type of record: give type with id", o.Event)
		}
		if what.payload == nil {
			what.payload = map[string]any{}
		}
		return what, nil
	}
	switch {
	case o.ID == "" || o.ID == "latest":
		if all := a.All(what.typ); len(all) > 0 {
			what.record = all[len(all)-1]
		}
	default:
		var found bool
		if what.record, found = a.Get(what.typ, o.ID); !found {
			return what, fmt.Errorf("the account %s has no %s %q", a.ID(), what.typ, o.ID)
		}
	}
	what.id = text(what.record, "id")
	what.previous = map[string]any{"status": "declined"}
	if notes, ok := what.record["notes"].([]any); ok && len(notes) > 0 {
		note, _ := notes[len(notes)-1].(map[string]any)
		what.note = text(note, "id")
	}
	return what, nil
}

// sendAll sends as many as ordered, each with an id of its own.
func (s *Sim) sendAll(ctx context.Context, p *parcel, o deliverOrder) []sent {
	all := make([]sent, o.Count)
	next := make(chan int)
	var workers sync.WaitGroup
	for range max(1, o.Parallel) {
		workers.Go(func() {
			for i := range next {
				one := *p
				if i > 0 {
					one.id = newUUID()
				}
				answer, err := s.courier.send(ctx, &one)
				all[i] = sent{Delivery: one.id, Status: answer.status, Body: answer.body, Job: answer.job}
				if err != nil {
					all[i].Error = err.Error()
				}
			}
		})
	}
	for i := range o.Count {
		next <- i
	}
	close(next)
	workers.Wait()
	return all
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
