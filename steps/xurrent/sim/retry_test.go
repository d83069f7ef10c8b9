package sim

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// Deliveries that fail are tried again at growing intervals, with one id and a new token each time, and then given up.
func TestRetries(t *testing.T) {
	s := start(t, Options{RetryDelays: []time.Duration{time.Minute, time.Hour}})
	r := receive(t, func(n int) int {
		if n == 1 {
			return 200
		}
		return 500
	})
	s.subscribe(r, "request.create", "es256", false)
	s.confirm(r.next(t))
	s.request("x")
	var tokens, ids []string
	for i, wait := range []time.Duration{0, time.Minute, time.Hour} {
		if wait > 0 {
			awaitTimers(t, s.sim, 1)
			s.sim.Advance(wait - time.Second)
			if len(r.got) > 0 {
				t.Fatalf("attempt %d came early", i+1)
			}
			s.sim.Advance(time.Second)
		}
		d := r.next(t)
		tokens, ids = append(tokens, string(d.body)), append(ids, d.header.Get("X-Xurrent-Delivery"))
	}
	if ids[0] != ids[1] || ids[1] != ids[2] || tokens[0] == tokens[1] || tokens[1] == tokens[2] {
		t.Errorf("ids %v, tokens %v", ids, tokens)
	}
	var out struct{ Deliveries []deliveryView }
	s.control("GET", "/sim/deliveries?event=request.create&state=failed&wait=10s", nil, &out)
	if len(out.Deliveries) != 1 || len(out.Deliveries[0].Attempts) != 3 || out.Deliveries[0].Attempts[2].Status != 500 {
		t.Errorf("deliveries: %+v", out.Deliveries)
	}
}

func TestWebhookIsDisabledAfterTwentyFailures(t *testing.T) {
	s := start(t, Options{RetryDelays: []time.Duration{}})
	r := receive(t, func(n int) int {
		if n == 1 || n == 12 {
			return 204
		}
		return 404
	})
	sub := s.subscribe(r, "request.create", "", false)
	s.confirm(r.next(t))
	for i := range 10 + 1 + 20 { // ten failures, one success that forgives them, twenty failures
		s.request(fmt.Sprint(i))
		r.next(t)
		state, count := stateFailed, i+1
		switch {
		case i == 10:
			state, count = stateDelivered, 1
		case i > 10:
			count = i
		}
		s.control("GET", fmt.Sprintf("/sim/deliveries?event=request.create&state=%s&count=%d&wait=10s", state, count), nil, nil)
	}
	var out struct{ Deliveries []deliveryView }
	s.control("GET", "/sim/deliveries?event=request.create&state=failed&count=30&wait=10s", nil, &out)
	if len(out.Deliveries) != 30 {
		t.Errorf("%d failed instead of 30", len(out.Deliveries))
	}
	a, _ := s.sim.Account("acme")
	if record, _ := a.Get("Webhook", sub.id); record["disabled"] != true {
		t.Errorf("the webhook is not disabled: %v", record)
	}
	s.request("nobody hears")
	if len(r.got) > 0 {
		t.Error("a disabled webhook was told")
	}
	var hook struct{ ID string }
	s.mutate("webhookUpdate", "webhook", "id", map[string]any{"id": sub.id, "disabled": false}, &hook)
	if state := s.sim.hooks.list(); state[0].Failures != 0 || state[0].Disabled || !state[0].Active {
		t.Errorf("enabled again: %+v", state)
	}
}

func TestRedeliveryNamesItsOrigin(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, always(200))
	s.subscribe(r, "request.create", "", false)
	s.confirm(r.next(t))
	s.request("x")
	first := r.next(t).header.Get("X-Xurrent-Delivery")
	origin := first
	for range 2 { // of the original, and of the redelivery
		var out struct{ Delivery, Origin string }
		s.control("POST", "/sim/redeliver", map[string]string{"delivery": first}, &out)
		d := r.next(t)
		if got := d.header.Get("X-Xurrent-Delivery-Origin"); got != origin || out.Origin != origin {
			t.Errorf("the origin is %q instead of %q", got, origin)
		}
		if got := d.header.Get("X-Xurrent-Delivery"); got == first || got != out.Delivery {
			t.Errorf("the redelivery has the id %q", got)
		}
		first = out.Delivery
	}
	if a := s.do("POST", "/sim/redeliver", `{"delivery":"none"}`, "Content-Type", "application/json"); a.status != http.StatusNotFound {
		t.Errorf("an unknown delivery: %d", a.status)
	}
}
