package sim

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"currant/steps/xurrent/sim/graph"
)

// maxAsync is how many results are remembered; the oldest go first.
const maxAsync = 10_000

// async keeps the results of mutations that are computed later (PLATFORM 4.1).
type async struct {
	clock *clock
	delay time.Duration
	polls int

	mu      sync.Mutex
	results map[string]*asyncResult
	order   []string
}

type asyncResult struct {
	ready   time.Time
	polls   int // that are still to find nothing
	polled  int
	once    sync.Once
	compute func() graph.Response
	body    []byte
}

func newAsync(c *clock, o Options) *async {
	return &async{clock: c, delay: max(0, o.AsyncDelay), polls: o.AsyncPolls, results: map[string]*asyncResult{}}
}

// startAsync is the hook of sim/graph.
func (s *Sim) startAsync(_ string, result func() graph.Response) string {
	return s.baseURL() + pathAsync + s.async.add(result)
}

func (a *async) add(compute func() graph.Response) string {
	id := randomHex(16)
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.order) >= maxAsync {
		delete(a.results, a.order[0])
		a.order = a.order[1:]
	}
	a.results[id] = &asyncResult{ready: a.clock.now().Add(a.delay), polls: a.polls, compute: compute}
	a.order = append(a.order, id)
	return id
}

// poll finds a result; it is not ready where the second answer is false, and known where the third is true. The number is that of
// the polls so far.
func (a *async) poll(id string) (result *asyncResult, polled int, ready, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	result, known = a.results[id]
	if !known {
		return nil, 0, false, false
	}
	result.polled++
	if result.polls > 0 {
		result.polls--
		return result, result.polled, false, true
	}
	return result, result.polled, !a.clock.now().Before(result.ready), true
}

// serveAsync is an expiring link to object storage: it asks for no token and serves nothing, or {}, before the result is there.
func (s *Sim) serveAsync(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		methodNotAllowed(w, http.MethodGet)
		return
	}
	result, polled, ready, known := s.async.poll(strings.TrimPrefix(r.URL.Path, pathAsync))
	switch {
	case !known:
		writeMessage(w, http.StatusNotFound, "Not Found")
	case ready:
		result.once.Do(func() {
			body, err := encodeAnswer(result.compute())
			if err != nil {
				body = []byte(`{"errors":[{"message":"The result is no JSON"}]}`)
			}
			result.body = body
		})
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(result.body)
	case polled%2 == 0:
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	default: // nothing at all
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
	}
}
