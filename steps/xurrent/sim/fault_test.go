package sim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A rule is used up as often as it says, where it matches, and not elsewhere.
func TestFaultRules(t *testing.T) {
	s := start(t, Options{})
	s.control("POST", "/sim/faults", map[string]any{"path": "/graphql", "operation": "people", "kind": "503", "skip": 2, "times": 2}, nil)
	people := "{people(first:1){nodes{id}}}"
	for i, want := range []int{200, 200, 503, 503, 200} {
		s.query("{me{id}}").is(t, 200)
		if got := s.query(people).status; got != want {
			t.Errorf("request %d: %d instead of %d", i, got, want)
		}
	}
	s.control("POST", "/sim/faults", map[string]any{"account": "widgets", "method": "post", "kind": "500", "times": -1}, nil)
	for range 3 {
		s.query(people).is(t, 200)
		s.query(people, "X-Xurrent-Account", "widgets").is(t, 500, "Internal Server Error")
	}
	var list struct{ Faults []fault }
	s.control("GET", "/sim/faults", nil, &list)
	if len(list.Faults) != 1 || list.Faults[0].Account != "widgets" {
		t.Errorf("faults in force: %+v", list.Faults)
	}
	s.control("DELETE", "/sim/faults", nil, nil)
	s.query(people, "X-Xurrent-Account", "widgets").is(t, 200)
}

func TestP18RetryAfterForms(t *testing.T) {
	s := start(t, Options{})
	for asked, want := range map[string]string{
		`120`: "120", `"120"`: "120", `0`: "0", `"soon"`: "soon", `""`: "", `-5`: "-5",
		`"date+90s"`: noon.Add(90 * time.Second).Format(http.TimeFormat), `"date+-90s"`: noon.Add(-90 * time.Second).Format(http.TimeFormat),
	} {
		for _, kind := range []string{"429", "503"} {
			s.control("POST", "/sim/faults", map[string]any{"kind": kind, "retry_after": json.RawMessage(asked)}, nil)
			a := s.query("{me{id}}")
			if a.status != 429 && a.status != 503 {
				t.Errorf("%s: status %d", asked, a.status)
			}
			a.head(t, "Retry-After", want)
		}
	}
	a := s.query("{me{id}}", "X-Sim-Fault", "429; retry_after=7")
	a.is(t, 429, "Too many")
	a.head(t, "Retry-After", "7")
	s.query("{me{id}}").is(t, 200)
	s.query("{me{id}}", "X-Sim-Fault", "429; retry=7").is(t, 400, "retry_after")
	s.query("{me{id}}", "X-Sim-Fault", "teapot").is(t, 400, "kind of fault")
}

func TestFaultEndsConnection(t *testing.T) {
	s := start(t, Options{})
	_, err := s.try("POST", "/graphql", "{}", "X-Sim-Fault", "reset")
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("reset: %v", err)
	}
	_, err = s.try("POST", "/graphql", "{}", "X-Sim-Fault", "close")
	if !errors.Is(err, io.EOF) {
		t.Errorf("close: %v", err)
	}
	a, err := s.try("POST", "/graphql", `{"query":"{people(first:20){nodes{id}}}"}`, "X-Sim-Fault", "truncate", "Content-Type", "application/json",
		"X-Xurrent-Account", "acme", "Authorization", "Bearer pat-1")
	if !errors.Is(err, io.ErrUnexpectedEOF) || a.status != 200 || !strings.Contains(a.body, `"people"`) {
		t.Errorf("truncate: %v, %+v", err, a)
	}
	a = s.query("{me{id}}", "X-Sim-Fault", "json")
	if a.is(t, 200); json.Valid([]byte(a.body)) {
		t.Errorf("json: %s", a.body)
	}
	a = s.query("{me{id}}", "X-Sim-Fault", "empty")
	if a.is(t, 200); a.body != "" {
		t.Errorf("empty: %s", a.body)
	}
	a = s.do("POST", "/oauth/token", "", "X-Sim-Fault", "502")
	a.is(t, 502, "Bad Gateway")
}

// With "handled" the work is done although the answer is lost: what a runner may not do twice is there.
func TestFaultAfterTheWork(t *testing.T) {
	s := start(t, Options{})
	count := func() string { return s.query("{requests(view:all){totalCount}}").body }
	create := `{"query":"mutation{requestCreate(input:{subject:\"x\",category:incident}){request{id} errors{message}}}"}`
	header := []string{"Content-Type", "application/json", "X-Xurrent-Account", "acme", "Authorization", "Bearer pat-1"}
	before := count()
	if _, err := s.try("POST", "/graphql", create, append(header, "X-Sim-Fault", "reset")...); err == nil {
		t.Error("the connection was not reset")
	}
	if got := count(); got != before {
		t.Errorf("a refused request did its work: %s, %s", before, got)
	}
	if _, err := s.try("POST", "/graphql", create, append(header, "X-Sim-Fault", "reset; handled")...); err == nil {
		t.Error("the connection was not reset")
	}
	if got := count(); got == before {
		t.Errorf("the work was not done: %s", got)
	}
}

// Slow answers wait by the simulated clock.
func TestFaultSlow(t *testing.T) {
	s := start(t, Options{})
	for _, kind := range []string{"slow; delay=1h", "drip; delay=6m"} {
		came := make(chan answer)
		go func() { came <- s.query("{me{id}}", "X-Sim-Fault", kind) }()
		for range 10 {
			awaitTimers(t, s.sim, 1)
			select {
			case a := <-came:
				t.Fatalf("%s: answered early: %+v", kind, a)
			default:
			}
			if strings.HasPrefix(kind, "slow") {
				s.sim.Advance(time.Hour)
				break
			}
			s.sim.Advance(6 * time.Minute)
		}
		a := <-came
		a.is(t, 200, `"me"`)
	}
}

// awaitTimers waits until so many timers of the simulated clock are set.
func awaitTimers(t *testing.T, s *Sim, n int) {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		s.clock.mu.Lock()
		set, more := len(s.clock.timers), s.clock.set
		s.clock.mu.Unlock()
		if set >= n {
			return
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("%d timers instead of %d after 10 s", set, n)
		}
	}
}

// Close ends a slow answer.
func TestCloseEndsSlowAnswers(t *testing.T) {
	s := start(t, Options{})
	ended := make(chan error)
	go func() {
		_, err := s.try("GET", "/introspect", "", "X-Sim-Fault", "slow; delay=1h")
		ended <- err
	}()
	awaitTimers(t, s.sim, 1)
	if err := s.sim.Close(); err != nil {
		t.Error(err)
	}
	<-ended
}
