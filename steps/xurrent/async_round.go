package xurrent

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// maxRoundBytes is how much of bodies a round gathers before it hands over what it has.
const maxRoundBytes = 4 << 20

// polled is where an async step stands between rounds. The short names are part of the stored format.
type polled struct {
	Rounds int       `json:"i"`           // that found nothing (PLATFORM 4.2)
	Done   []byte    `json:"d,omitempty"` // one bit per address whose result has been handed over
	From   int       `json:"f,omitempty"` // where the round goes on that was broken off
	Next   time.Time `json:"t,omitzero"`  // no poll before it
}

func (p *polled) done(i int) bool { return i/8 < len(p.Done) && p.Done[i/8]&(1<<(i%8)) != 0 }

func (p *polled) finish(i int) {
	for len(p.Done) <= i/8 {
		p.Done = append(p.Done, 0)
	}
	p.Done[i/8] |= 1 << (i % 8)
}

// pending are the addresses still to be polled, from one on.
func (p *polled) pending(from, n int) (out []int) {
	for i := from; i < n; i++ {
		if !p.done(i) {
			out = append(out, i)
		}
	}
	return out
}

// round polls what is not ready yet, in order, and gives what has become ready as a page. Where nothing has, the
// step is parked until the next round; a round that is refused (429, 503) goes on where it was.
func (p *poller) round(ctx context.Context, c *steps.Call, a asyncArgs) (steps.Page, error) {
	if a.BackoffTime < minBackoff { // it was not known when the blueprint was checked
		return steps.Page{}, steps.Errorf(steps.InputError, "backoff_time is %s; the shortest pause is 1s", lang.FormatDuration(a.BackoffTime))
	}
	var at polled
	if c.Cursor != nil {
		if err := json.Unmarshal(c.Cursor, &at); err != nil {
			return steps.Page{}, steps.Errorf(steps.InternalError, "the place of the round: %s", err)
		}
	}
	if c.Now.Before(at.Next) {
		return steps.Page{}, parked(&at, waitingText)
	}
	account, _ := c.Connection.(*Account) // there may be none
	r := &round{poller: p, account: account, urls: a.URLs, todo: at.pending(at.From, len(a.URLs)), ready: map[int]cty.Value{}, stop: len(a.URLs)}
	r.run(ctx)
	if err := ctx.Err(); err != nil {
		return steps.Page{}, steps.Errorf(steps.CancelledError, "the polls were given up")
	}
	if len(r.ready) == 0 && r.failed != nil && r.refused == 0 {
		return steps.Page{}, r.failed
	}
	pg := r.page(c, &at)
	left := len(at.pending(0, len(a.URLs)))
	switch {
	case r.refused > 0:
		at.From, at.Next = r.stop, c.Now.Add(r.refused)
	case r.stop < len(a.URLs): // full, or an error: it counts when there is nothing else to hand over
		at.From, at.Next = r.stop, time.Time{}
	default:
		at.From, at.Next = 0, c.Now.Add(a.BackoffTime+jitter(a.BackoffTime))
	}
	if len(pg.Items) == 0 && left > 0 {
		return steps.Page{}, fruitless(&at, r, a.MaxIterations)
	}
	if left > 0 {
		next, err := json.Marshal(at)
		if err != nil {
			return steps.Page{}, err
		}
		pg.Next = next
	}
	return pg, nil
}

// jitter keeps the polls of many runs apart: up to a tenth of the pause is added.
func jitter(pause time.Duration) time.Duration { return rand.N(pause/10 + 1) }

const waitingText = "Data not available yet"

// fruitless ends a round that has found nothing.
func fruitless(at *polled, r *round, most int) error {
	if at.Rounds++; at.Rounds >= most {
		return steps.Errorf(steps.TimeoutError, "Maximum iterations (%d) reached without finding data", most)
	}
	if r.refused > 0 {
		return parked(at, r.why)
	}
	return parked(at, waitingText)
}

func parked(at *polled, why string) error {
	cursor, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return &steps.Park{Until: at.Next, Cursor: cursor, Reason: why}
}

// round is one round of polls.
type round struct {
	*poller
	account *Account // of the step, or nil
	urls    []string
	todo    []int

	mu      sync.Mutex // guards what follows
	size    int        // bytes of the bodies that are ready
	ready   map[int]cty.Value
	stop    int           // where the next round goes on: the first that was refused, has failed or was not polled
	failed  error         // of the address at stop
	refused time.Duration // how long to wait, where one was refused
	why     string        // it was
}

// run polls, some at once.
func (r *round) run(ctx context.Context) {
	var wg sync.WaitGroup
	for range min(pollsOfRound, len(r.todo)) {
		wg.Go(func() {
			for i, ok := r.take(); ok; i, ok = r.take() {
				r.settle(i, r.poll(ctx, r.account, r.urls, i))
			}
		})
	}
	wg.Wait()
}

// take is the next address; none where the round is broken off.
func (r *round) take() (int, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.todo) == 0 || r.stop < len(r.urls) {
		return 0, false
	}
	i := r.todo[0]
	if r.size >= maxRoundBytes {
		r.stop = i
		return 0, false
	}
	r.todo = r.todo[1:]
	return i, true
}

// settle takes in what a poll came to.
func (r *round) settle(i int, p poll) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.refused > 0 {
		r.refused, r.why = max(r.refused, p.refused), p.why
	}
	switch {
	case p.refused > 0 || p.err != nil:
		if i < r.stop {
			r.stop, r.failed = i, p.err
		}
	case p.body != cty.NilVal:
		r.ready[i] = p.body
		r.size += p.size
	}
}

// page are the results that have become ready, in the order of their addresses.
func (r *round) page(c *steps.Call, at *polled) steps.Page {
	pg := steps.Page{Summary: cty.NullVal(cty.DynamicPseudoType)}
	list, marks := steps.Arg(c.Args, "urls").Unmark()
	addresses := lang.Elements(list)
	for i := range r.urls {
		body, ok := r.ready[i]
		if !ok {
			continue
		}
		at.finish(i)
		pg.Items = append(pg.Items, cty.ObjectVal(map[string]cty.Value{
			"url": addresses[i].WithMarks(marks), "body": withoutSecrets(body, c.Secrets)}))
	}
	return pg
}
