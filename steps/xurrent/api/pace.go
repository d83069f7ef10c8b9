package api

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/http"
	"sync"
	"time"

	"currant/steps"
)

// MaxWait is the longest that Do waits for its turn; a longer wait puts the run back, so that it holds no
// worker.
const MaxWait = 2 * time.Second

const (
	burstSpan = 2 * time.Second // of Config.Burst
	probes    = 4               // requests at once while the limits are not known
	maxHold   = 5 * time.Minute // for which one refusal holds the others back
	maxDelay  = time.Hour       // of a put-back
	// least is the least pause between two that were put back.
	least    = 50 * time.Millisecond
	maxTexts = 512 // whose cost is remembered
)

// pacer sends requests so that the service need not refuse any. As long as much of the account's limits is
// left nothing is delayed; what is left below that is spread evenly over the time to the reset. What is in
// flight counts as used. A nil pacer delays nothing.
type pacer struct {
	now  func() time.Time
	seed maphash.Seed

	mu       sync.Mutex
	rate     window
	cost     window
	answered bool // so the limits are known, or there are none
	inFlight int
	changed  chan struct{} // closed when an answer came
	hold     time.Time     // of a refusal
	promised time.Time     // the latest turn that a put-back was told
	recent   []time.Time   // when the last Burst requests went, a ring
	oldest   int
	costs    map[uint64]float64 // of requests, by the hash of their texts
	typical  float64            // cost of a text not seen before
}

func newPacer(now func() time.Time, burst int) *pacer {
	return &pacer{now: now, seed: maphash.MakeSeed(), changed: make(chan struct{}), costs: map[uint64]float64{},
		typical: 1, recent: make([]time.Time, max(burst, 0))}
}

// turn is a request that may go.
type turn struct {
	p    *pacer
	text uint64
	cost float64
}

// acquire waits until a request may go, for MaxWait at most; then it is a *steps.PutBack with Paced, or the
// context's error. The turn has to be given back by done.
func (p *pacer) acquire(ctx context.Context, text string) (*turn, error) {
	if p == nil {
		return nil, nil
	}
	t := &turn{p: p, text: maphash.String(p.seed, text)}
	begun := p.now()
	for {
		p.mu.Lock()
		now := p.now()
		if p.probing(now) {
			changed := p.changed
			p.mu.Unlock()
			left := MaxWait - now.Sub(begun)
			if left <= 0 {
				return nil, &steps.PutBack{After: MaxWait, Paced: true, Reason: "pacing: the account's limits are not known until the first requests are answered"}
			}
			if err := waitFor(ctx, changed, left); err != nil {
				return nil, err
			}
			continue
		}
		at, back := p.take(now, t)
		p.mu.Unlock()
		if back != nil {
			return nil, back
		}
		if at.After(now) {
			if err := pause(ctx, at.Sub(now)); err != nil {
				t.done(answered{})
				return nil, err
			}
		}
		return t, nil
	}
}

// probing says that it is not known what is left, and that enough requests are under way to tell.
func (p *pacer) probing(now time.Time) bool {
	if p.answered && !p.rate.over(now) && !p.cost.over(now) {
		return false
	}
	most := probes
	if p.rate.known {
		most = max(most, int(p.rate.limit/10))
	}
	return p.inFlight >= most
}

// take reserves a turn within MaxWait, or says when to come back.
func (p *pacer) take(now time.Time, t *turn) (time.Time, *steps.PutBack) {
	t.cost = p.typical
	if c, ok := p.costs[t.text]; ok {
		t.cost = c
	}
	at, why := p.when(now, t.cost)
	if at.Sub(now) > MaxWait {
		at = p.promise(now, at, t.cost)
		return at, &steps.PutBack{After: min(at.Sub(now), maxDelay), Reason: "pacing: " + why, Paced: true}
	}
	_, rateStep := p.rate.turn(now, 1)
	_, costStep := p.cost.turn(now, t.cost)
	p.rate.reserve(at, 1, rateStep)
	p.cost.reserve(at, t.cost, costStep)
	p.inFlight++
	if len(p.recent) > 0 {
		p.recent[p.oldest] = at
		p.oldest = (p.oldest + 1) % len(p.recent)
	}
	return at, nil
}

// promise is a turn after those that others were told to come at, so that not all come at once.
func (p *pacer) promise(now, at time.Time, cost float64) time.Time {
	for _, next := range []time.Time{p.rate.after(p.promised, now, 1), p.cost.after(p.promised, now, cost), p.promised.Add(least)} {
		at = later(at, next)
	}
	p.promised = at
	return at
}

// when is the earliest turn that all limits allow, and what holds it back.
func (p *pacer) when(now time.Time, cost float64) (at time.Time, why string) {
	at = now
	limited := func(until time.Time, reason func() string) {
		if until.After(at) {
			at, why = until, reason()
		}
	}
	a, _ := p.rate.turn(now, 1)
	limited(a, func() string { return p.rate.reason("requests") })
	a, _ = p.cost.turn(now, cost)
	limited(a, func() string { return p.cost.reason("cost points") })
	if len(p.recent) > 0 {
		if a := p.recent[p.oldest]; !a.IsZero() {
			limited(a.Add(burstSpan), func() string { return fmt.Sprintf("%d requests within %s are the most", len(p.recent), burstSpan) })
		}
	}
	limited(p.hold, func() string { return "the service refuses requests until " + clock(p.hold) })
	return at, why
}

func (w *window) reason(what string) string {
	return fmt.Sprintf("%d of %d %s are left until %s", int64(w.remaining), int64(w.limit), what, clock(w.reset))
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05 MST") }

// answered is what came of a request: the zero value is no answer.
type answered struct {
	header     http.Header // nil: there was none
	rate, cost Limit
	refusedFor time.Duration // of a 429
}

// done gives the turn back.
func (t *turn) done(a answered) {
	if t == nil {
		return
	}
	p := t.p
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.inFlight--
	p.rate.inFlight--
	p.cost.inFlight -= t.cost
	if p.inFlight == 0 {
		p.cost.inFlight = 0 // sums of fractions do not come out even
	}
	if a.header == nil {
		// It may have been counted.
		p.rate.remaining--
		p.cost.remaining -= t.cost
	} else {
		p.answered = true
		p.rate.learn(now, a.rate, a.header)
		p.cost.learn(now, a.cost, a.header)
		if a.cost.Cost != nil {
			p.charge(t.text, float64(max(*a.cost.Cost, 0)))
		}
	}
	if until := now.Add(min(a.refusedFor, maxHold)); a.refusedFor > 0 && until.After(p.hold) {
		p.hold = until
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// charge remembers what a text costs: the most of late, for the same text costs more with more records.
func (p *pacer) charge(text uint64, cost float64) {
	const forget = 0.9
	if len(p.costs) >= maxTexts {
		clear(p.costs)
	}
	p.costs[text] = max(cost, p.costs[text]*forget)
	p.typical = max(cost, p.typical*forget, 1)
}

// waitFor waits for a channel to be closed, for a time at most. The error is the context's.
func waitFor(ctx context.Context, changed <-chan struct{}, most time.Duration) error {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-changed:
	case <-t.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
