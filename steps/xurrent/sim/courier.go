package sim

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Bounds of the courier.
const (
	maxWaiting    = 100_000  // deliveries that wait for their first attempt
	maxDeliveries = 10_000   // remembered ones
	maxRemembered = 64 << 20 // bytes of their data
	maxTryBody    = 1 << 10  // bytes of an answer that an attempt shows
	couriers      = 8        // attempts at a time
)

// States of a delivery.
const (
	stateWaiting   = "waiting"   // for its first or next attempt
	stateDelivered = "delivered" // with a 2xx
	stateFailed    = "failed"    // for good
	stateDropped   = "dropped"   // its webhook went away, or was disabled
)

// attempt is one try of a delivery, as /sim/deliveries shows it.
type attempt struct {
	At     time.Time `json:"at"`
	Status int       `json:"status,omitempty"`
	Body   string    `json:"body,omitempty"`
	Error  string    `json:"error,omitempty"`
}

// courier delivers what webhooks are to be told, and tries again (PLATFORM 6.12).
type courier struct {
	sim    *Sim
	client *http.Client

	mu      sync.Mutex
	waiting []*parcel
	working int
	known   []*parcel
	bytes   int // of the data of known
	closed  bool
	changed chan struct{} // closed and replaced at each change of state
	going   sync.WaitGroup
}

func newCourier(s *Sim) *courier {
	transport := &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second, DisableCompression: true}
	return &courier{sim: s, changed: make(chan struct{}), client: &http.Client{Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// queue takes a delivery on; too many that wait are dropped, and the log says so.
func (c *courier) queue(p *parcel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if len(c.waiting) >= maxWaiting {
		c.sim.log.Error("delivery dropped: too many wait", "account", p.account, "event", p.event)
		return
	}
	if p.state == "" {
		c.remember(p)
	}
	p.state = stateWaiting
	c.waiting = append(c.waiting, p)
	if c.working < couriers {
		c.working++
		c.going.Add(1)
		go c.work()
	}
}

func (c *courier) remember(p *parcel) {
	c.known = append(c.known, p)
	c.bytes += len(p.data)
	n := 0
	for len(c.known)-n > maxDeliveries || c.bytes > maxRemembered {
		c.bytes -= len(c.known[n].data)
		n++
	}
	c.known = slices.Delete(c.known, 0, n)
}

// work delivers until nothing waits.
func (c *courier) work() {
	defer c.going.Done()
	for {
		c.mu.Lock()
		if len(c.waiting) == 0 || c.closed {
			c.working--
			c.mu.Unlock()
			return
		}
		p := c.waiting[0]
		c.waiting = c.waiting[1:]
		c.mu.Unlock()
		c.deliver(p)
	}
}

func (c *courier) deliver(p *parcel) { _, _, _ = c.attempt(c.sim.ctx, p) }

// sendNow makes the first attempt of a delivery at once, outside the queue; further ones follow as they do after those of the queue.
func (c *courier) sendNow(ctx context.Context, p *parcel) (answer received, state string, err error) {
	c.mu.Lock()
	c.remember(p)
	p.state = stateWaiting
	c.mu.Unlock()
	return c.attempt(ctx, p)
}

// attempt makes one attempt of a delivery and settles what becomes of it, which is the state.
func (c *courier) attempt(ctx context.Context, p *parcel) (answer received, state string, err error) {
	s := c.sim
	if p.webhook != "" && !s.hooks.may(p.account, p.webhook, p.event) {
		c.settle(p, stateDropped, nil, 0)
		return received{}, stateDropped, nil
	}
	try := attempt{At: s.clock.now().UTC()}
	answer, err = s.post(ctx, p)
	try.Status, try.Body = answer.status, answer.body[:min(len(answer.body), maxTryBody)]
	if err != nil {
		try.Error = err.Error()
	}
	delivered := err == nil && answer.status >= 200 && answer.status < 300
	s.log.Info("delivery", "account", p.account, "event", p.event, "delivery", p.id, "status", answer.status, "error", try.Error)
	if p.webhook != "" && s.hooks.outcome(p.account, p.webhook, delivered) {
		s.disable(p.account, p.webhook)
	}
	var next time.Duration
	switch tries := len(p.attempts); {
	case delivered:
		state = stateDelivered
	case s.ctx.Err() != nil:
		state = stateDropped
	case tries < len(s.options.RetryDelays):
		state, next = stateWaiting, s.options.RetryDelays[tries]
	default:
		state = stateFailed
	}
	c.settle(p, state, &try, next)
	return answer, state, err
}

// settle notes how an attempt went, and sets the time of the next.
func (c *courier) settle(p *parcel, state string, try *attempt, next time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.state = state
	c.sim.activity.Add(1)
	if try != nil {
		p.attempts = append(p.attempts, *try)
	}
	if state == stateWaiting {
		c.sim.clock.after(next, func() { c.queue(p) })
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// redeliver sends a delivery again at a person's wish: with an id of its own, and that of the first as its origin.
func (c *courier) redeliver(ctx context.Context, id string) (*parcel, received, error) {
	c.mu.Lock()
	i := slices.IndexFunc(c.known, func(p *parcel) bool { return p.id == id })
	if i < 0 {
		c.mu.Unlock()
		return nil, received{}, fmt.Errorf("no delivery %q is remembered: GET /sim/deliveries lists them", id)
	}
	old := c.known[i]
	again := &parcel{id: newUUID(), origin: old.origin, account: old.account, webhook: old.webhook, url: old.url, event: old.event,
		data: old.data, subject: old.subject, object: old.object, seal: old.seal}
	if again.origin == "" {
		again.origin = old.id
	}
	c.mu.Unlock()
	answer, err := c.send(ctx, again)
	return again, answer, err
}

// send makes one attempt at once, outside the queue, and remembers it.
func (c *courier) send(ctx context.Context, p *parcel) (received, error) {
	answer, err := c.sim.post(ctx, p)
	try := attempt{At: c.sim.clock.now().UTC(), Status: answer.status, Body: answer.body[:min(len(answer.body), maxTryBody)]}
	state := stateDelivered
	if err != nil {
		try.Error = err.Error()
	}
	if err != nil || answer.status < 200 || answer.status > 299 {
		state = stateFailed
	}
	c.mu.Lock()
	c.remember(p)
	c.mu.Unlock()
	c.settle(p, state, &try, 0)
	return answer, err
}

// deliveryView is a delivery as /sim/deliveries shows it.
type deliveryView struct {
	Delivery string    `json:"delivery"`
	Origin   string    `json:"origin,omitempty"`
	Account  string    `json:"account"`
	Webhook  string    `json:"webhook,omitempty"`
	Event    string    `json:"event"`
	URL      string    `json:"url"`
	State    string    `json:"state"`
	Attempts []attempt `json:"attempts"`
}

// list gives the remembered deliveries, oldest first, and what to wait on for a change.
func (c *courier) list() ([]deliveryView, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]deliveryView, 0, len(c.known))
	for _, p := range c.known {
		out = append(out, deliveryView{p.id, p.origin, p.account, p.webhook, p.event, p.url, p.state, slices.Clone(p.attempts)})
	}
	return out, c.changed
}

// close gives up what waits and waits for the attempts under way, which the simulated account's context ends.
func (c *courier) close() {
	c.mu.Lock()
	c.closed = true
	c.waiting = nil
	c.mu.Unlock()
	c.going.Wait()
	c.client.CloseIdleConnections()
}
