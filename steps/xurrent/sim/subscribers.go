package sim

import (
	"slices"
	"strings"
	"sync"
	"time"

	"currant/steps/xurrent/sim/graph"
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

// adopt takes on the webhook of an installation; active is one that needs not be confirmed.
func (h *webhooks) adopt(account string, record map[string]any, active bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.byAccount[account]
	if list == nil {
		list = map[string]*webhook{}
		h.byAccount[account] = list
	}
	id := text(record, "id")
	list[id] = &webhook{account: account, id: id, event: text(record, "event"), uri: text(record, "uri"), active: active}
}

// switchTo disables a webhook, or enables it.
func (h *webhooks) switchTo(account, id string, disabled bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.byAccount[account][id]; w != nil {
		w.disabled, w.failures = disabled, 0
	}
}

// moveTo gives a webhook another address, which the service itself has chosen.
func (h *webhooks) moveTo(account, id, uri string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w := h.byAccount[account][id]; w != nil {
		w.uri = uri
	}
}

// relocate writes another beginning into the addresses of webhooks, as [graph.World.Relocate] does.
func (h *webhooks) relocate(from, to string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, list := range h.byAccount {
		for _, w := range list {
			w.uri = strings.ReplaceAll(w.uri, from, to)
		}
	}
}

// forget drops a webhook that is deleted.
func (h *webhooks) forget(account, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.byAccount[account], id)
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
