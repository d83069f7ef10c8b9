package sim

import (
	"context"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"
)

// defaultParallel is how many customers are served at a time.
const defaultParallel = 8

// appAnswer is that of the control endpoints of apps.
type appAnswer struct {
	Installation *installationView `json:"installation,omitempty"`
	Provider     string            `json:"provider,omitempty"`
	figures
}

// figures tell of deliveries: what became of them, and how long that took.
type figures struct {
	Installed  int            `json:"installed,omitempty"` // by an order for many
	Stopped    int            `json:"stopped,omitempty"`   // installations whose rules do not run
	Failures   []string       `json:"failures,omitempty"`  // the first
	Count      int            `json:"count"`               // of deliveries
	Statuses   map[string]int `json:"statuses"`            // how many had which; "0" for none at all, "later" for those that are yet to be sent
	Deliveries []appDelivery  `json:"deliveries"`          // the first
	Took       float64        `json:"took_ms,omitempty"`
	PerSecond  float64        `json:"per_second,omitempty"` // deliveries
	Median     float64        `json:"p50_ms,omitempty"`     // of the time to an answer
	Slow       float64        `json:"p99_ms,omitempty"`
}

// tally counts deliveries. Its methods may be called at the same time.
type tally struct {
	began time.Time // zero where no time is told

	mu    sync.Mutex
	f     figures
	times []time.Duration
}

const maxFailures = 10

func (t *tally) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.f.Failures) < maxFailures {
		t.f.Failures = append(t.f.Failures, err.Error())
	}
}

func (t *tally) installed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.f.Installed++
}

func (t *tally) stopped() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.f.Stopped++
}

func (t *tally) add(all ...appDelivery) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, d := range all {
		t.f.Count++
		if t.f.Statuses == nil {
			t.f.Statuses = map[string]int{}
		}
		if d.later {
			t.f.Statuses["later"]++
		} else {
			t.f.Statuses[strconv.Itoa(d.Status)]++
			t.times = append(t.times, d.took)
		}
		if len(t.f.Deliveries) < maxShown {
			t.f.Deliveries = append(t.f.Deliveries, d)
		}
	}
}

func (t *tally) figures() figures {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.f
	if f.Statuses == nil {
		f.Statuses = map[string]int{}
	}
	if f.Deliveries == nil {
		f.Deliveries = []appDelivery{}
	}
	if t.began.IsZero() || len(t.times) == 0 {
		return f
	}
	took := time.Since(t.began)
	slices.Sort(t.times)
	f.Took, f.PerSecond = milliseconds(took), math.Round(float64(len(t.times))/took.Seconds())
	f.Median, f.Slow = milliseconds(t.times[len(t.times)/2]), milliseconds(t.times[len(t.times)*99/100])
	return f
}

func milliseconds(d time.Duration) float64 { return math.Round(float64(d.Microseconds())) / 1000 }

// spread works on a list, as many at a time as asked, until the context ends. What is far apart in the list may be at the same time.
func spread[T any](ctx context.Context, list []T, parallel int, do func(i int, one T)) {
	if parallel < 1 {
		parallel = defaultParallel
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(parallel, len(list)) {
		workers.Go(func() {
			for i := range next {
				do(i, list[i])
			}
		})
	}
	for i := range list {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
}
