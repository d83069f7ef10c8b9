package sim

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"currant/steps/xurrent/sim/graph"
)

const (
	eventVerify     = "webhook.verify"
	verifyCodeLife  = 24 * time.Hour // PLATFORM 6.9
	failuresAllowed = 20             // in a row, until a webhook is disabled (PLATFORM 6.12)
)

// changed is told of every change in the records.
func (s *Sim) changed(c graph.Change) {
	if c.Type == "Webhook" {
		s.webhookChanged(c)
		return
	}
	if in := s.apps.instance(c.ID); in != nil {
		s.settleSwitches(in)
	}
	if s.hooks.none(c.Account) {
		return
	}
	a := s.world.Account(c.Account)
	for _, event := range eventsOf(c) {
		o := occurrenceOf(a, c, event)
		reference := ""
		if c.Type == "AppInstance" {
			offering, _ := a.Get("AppOffering", related(o.record, "appOffering"))
			reference = text(offering, "reference")
		}
		for _, id := range s.hooks.listening(c.Account, event, reference) {
			s.notify(a, id, o)
		}
	}
}

// webhookChanged keeps the subscribers; a new one, and one that has a new address, has to be confirmed (PLATFORM 6.9).
func (s *Sim) webhookChanged(c graph.Change) {
	s.hooks.mu.Lock()
	list := s.hooks.byAccount[c.Account]
	if c.Action == graph.ActionDelete {
		delete(list, c.ID)
		s.hooks.mu.Unlock()
		return
	}
	if list == nil {
		list = map[string]*webhook{}
		s.hooks.byAccount[c.Account] = list
	}
	w := list[c.ID]
	if w == nil {
		w = &webhook{account: c.Account, id: c.ID}
		list[c.ID] = w
	}
	disabled, _ := c.After["disabled"].(bool)
	uri := text(c.After, "uri")
	if w.disabled && !disabled {
		w.failures = 0
	}
	ask := !disabled && (uri != w.uri || !w.active && w.disabled)
	if uri != w.uri {
		w.active = false
	}
	w.event, w.uri, w.disabled, w.references = text(c.After, "event"), uri, disabled, texts(c.After["appOfferingReferences"])
	if !ask {
		s.hooks.mu.Unlock()
		return
	}
	s.hooks.mu.Unlock()
	s.askToConfirm(s.world.Account(c.Account), c.ID, c.Person)
}

// askToConfirm sends webhook.verify with a new code.
func (s *Sim) askToConfirm(a *graph.Account, id, person string) {
	s.hooks.mu.Lock()
	w := s.hooks.byAccount[a.ID()][id]
	if w == nil {
		s.hooks.mu.Unlock()
		return
	}
	w.code, w.expires = randomHex(16), s.clock.now().Add(verifyCodeLife)
	callback := fmt.Sprintf("%s/webhooks/%d/verify?code=%s&expires_at=%d", s.accountURL(a.ID()), graph.Number(id), w.code, w.expires.Unix())
	s.hooks.mu.Unlock()
	record, _ := a.Get("Webhook", id)
	s.notify(a, id, occurrence{event: eventVerify, typ: "Webhook", id: id, record: record, person: person,
		payload: map[string]any{"callback": callback}})
}

// texts is a list of texts, in whichever form a record has it.
func texts(v any) []string {
	switch list := v.(type) {
	case []string:
		return list
	case []any:
		var out []string
		for _, e := range list {
			if t, ok := e.(string); ok {
				out = append(out, t)
			}
		}
		return out
	}
	return nil
}

// serveVerify is the callback of webhook.verify: who calls it proves that the deliveries arrive.
func (s *Sim) serveVerify(w http.ResponseWriter, r *http.Request, account, number string) {
	code, until := r.URL.Query().Get("code"), r.URL.Query().Get("expires_at")
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	for id, hook := range s.hooks.byAccount[account] {
		if strconv.FormatInt(graph.Number(id), 10) != number {
			continue
		}
		switch {
		case subtle.ConstantTimeCompare([]byte(code), []byte(hook.code)) != 1 || until != strconv.FormatInt(hook.expires.Unix(), 10):
			writeMessage(w, http.StatusForbidden, "The code is not that of the last verification")
		case !s.clock.now().Before(hook.expires):
			writeMessage(w, http.StatusForbidden, "The code has expired")
		default:
			hook.active = true
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write([]byte("The webhook is verified.\n"))
		}
		return
	}
	writeMessage(w, http.StatusNotFound, "Not Found")
}

// notify queues the delivery of an occurrence to a webhook.
func (s *Sim) notify(a *graph.Account, id string, o occurrence) {
	record, ok := a.Get("Webhook", id)
	if !ok {
		return
	}
	name := text(record, "name")
	if name == "" {
		name = text(record, "event")
	}
	p, err := s.pack(a, s.describe(a, id, name, o))
	if err != nil {
		s.log.Error("delivery", "account", a.ID(), "event", o.event, "error", err)
		return
	}
	p.webhook, p.url = id, text(record, "uri")
	s.courier.queue(p)
}

// disable switches a webhook off, as an update by the account itself.
func (s *Sim) disable(account, id string) {
	a, ok := s.existing(account)
	if !ok {
		return
	}
	a.Execute(context.Background(), graph.Caller{}, graph.Request{
		Query:     "mutation($id:ID!){webhookUpdate(input:{id:$id,disabled:true}){errors{message}}}",
		Variables: map[string]any{"id": id}})
	s.log.Warn("webhook disabled after too many failures", "account", account, "webhook", id)
}
