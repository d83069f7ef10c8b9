package sim

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"currant/steps/xurrent/sim/graph"
)

const (
	eventVerify     = "webhook.verify"
	verifyCodeLife  = 24 * time.Hour // PLATFORM 6.9
	failuresAllowed = 20             // in a row, until a webhook is disabled (PLATFORM 6.12)
)

// webhook is what the service knows of a webhook beside its record.
type webhook struct {
	account, id string
	event, uri  string
	references  []string // app offerings, none for all
	disabled    bool
	active      bool // confirmed by its callback
	code        string
	expires     time.Time // of the code
	failures    int       // in a row
}

// webhooks are the subscribers of all accounts.
type webhooks struct {
	mu        sync.Mutex
	byAccount map[string]map[string]*webhook
}

func newWebhooks() *webhooks { return &webhooks{byAccount: map[string]map[string]*webhook{}} }

// none says whether an account has no subscribers at all, the usual case.
func (h *webhooks) none(account string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.byAccount[account]) == 0
}

// listening are the node ids of the active webhooks for an event, in order.
func (h *webhooks) listening(account, event, appReference string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var ids []string
	for id, w := range h.byAccount[account] {
		if w.active && !w.disabled && w.event == event && (appReference == "" || len(w.references) == 0 || slices.Contains(w.references, appReference)) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// may says whether a delivery may still go to a webhook.
func (h *webhooks) may(account, id, event string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.byAccount[account][id]
	return w != nil && !w.disabled && (w.active || event == eventVerify)
}

// outcome counts failures in a row; it is true when the webhook has just had too many.
func (h *webhooks) outcome(account, id string, delivered bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.byAccount[account][id]
	if w == nil {
		return false
	}
	if delivered {
		w.failures = 0
		return false
	}
	w.failures++
	return w.failures == failuresAllowed
}

// changed is told of every change in the records.
func (s *Sim) changed(c graph.Change) {
	if c.Type == "Webhook" {
		s.webhookChanged(c)
		return
	}
	if s.hooks.none(c.Account) {
		return
	}
	a := s.world.Account(c.Account)
	for _, event := range eventsOf(c) {
		reference := ""
		if c.Type == "AppInstance" && c.After != nil {
			offering, _ := a.Get("AppOffering", related(c.After, "appOffering"))
			reference = text(offering, "reference")
		}
		for _, id := range s.hooks.listening(c.Account, event, reference) {
			s.notify(a, id, occurrenceOf(a, c, event))
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
	w.code, w.expires = randomHex(16), s.clock.now().Add(verifyCodeLife)
	number := strconv.FormatInt(graph.Number(c.ID), 10)
	callback := fmt.Sprintf("%s/webhooks/%s/verify?code=%s&expires_at=%d", s.accountURL(c.Account), number, w.code, w.expires.Unix())
	s.hooks.mu.Unlock()

	s.notify(s.world.Account(c.Account), c.ID, occurrence{event: eventVerify, typ: "Webhook", id: c.ID, record: c.After, person: c.Person,
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

// webhookView is a subscriber as /sim/state shows it.
type webhookView struct {
	Account  string `json:"account"`
	ID       string `json:"id"`
	Number   int64  `json:"number"`
	Event    string `json:"event"`
	URI      string `json:"uri"`
	Active   bool   `json:"active"`
	Disabled bool   `json:"disabled"`
	Failures int    `json:"failures"`
}

func (h *webhooks) list() []webhookView {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := []webhookView{}
	for account, list := range h.byAccount {
		for id, w := range list {
			out = append(out, webhookView{account, id, graph.Number(id), w.event, w.uri, w.active, w.disabled, w.failures})
		}
	}
	slices.SortFunc(out, func(a, b webhookView) int { return strings.Compare(a.Account+" "+a.ID, b.Account+" "+b.ID) })
	return out
}
