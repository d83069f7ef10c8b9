package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Kinds of faults that are no status.
const (
	faultReset    = "reset"    // the connection is reset (RST) instead of an answer
	faultClose    = "close"    // the connection is closed without an answer
	faultSlow     = "slow"     // the answer comes late
	faultDrip     = "drip"     // the answer comes in ten pieces, each late
	faultTruncate = "truncate" // Content-Length says more than is sent
	faultJSON     = "json"     // 200 with a body that is no JSON
	faultEmpty    = "empty"    // 200 with no body
	faultRefuse   = "refuse"   // the mutation named by operation does nothing; its payload has an error
)

var faultKinds = []string{faultReset, faultClose, faultSlow, faultDrip, faultTruncate, faultJSON, faultEmpty, faultRefuse}

const maxFaults = 1000

// fault is one rule of how requests go wrong. Empty matches match everything.
type fault struct {
	ID         int        `json:"id"`
	Path       string     `json:"path,omitempty"`      // beginning of the path
	Operation  string     `json:"operation,omitempty"` // a part of the GraphQL body; of refuse, the mutation's name
	Account    string     `json:"account,omitempty"`
	Method     string     `json:"method,omitempty"`
	Skip       int        `json:"skip,omitempty"`  // matching requests that go well first
	Times      int        `json:"times,omitempty"` // 0 is once, below 0 is for ever
	Kind       string     `json:"kind"`            // a status from 400 to 599, or one of faultKinds
	RetryAfter retryAfter `json:"retry_after,omitempty"`
	Delay      string     `json:"delay,omitempty"` // a duration: of slow in all, of drip for each piece
	Handled    bool       `json:"handled,omitempty"`
	Body       string     `json:"body,omitempty"`    // in place of the usual text
	Field      string     `json:"field,omitempty"`   // of refuse: what the error is about, such as trigger
	Message    string     `json:"message,omitempty"` // of refuse: the error

	delay time.Duration
}

// retryAfter is the header's text: seconds, a date or anything else, or "date+30s" for the date in 30 seconds.
type retryAfter string

// UnmarshalJSON takes a number too.
func (t *retryAfter) UnmarshalJSON(b []byte) error {
	var n json.Number
	if err := json.Unmarshal(b, &n); err == nil {
		*t = retryAfter(n)
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("retry_after must be a number or text")
	}
	*t = retryAfter(s)
	return nil
}

// at is the header at a time.
func (t retryAfter) at(now time.Time) string {
	if ahead, ok := strings.CutPrefix(string(t), "date+"); ok {
		if d, err := time.ParseDuration(ahead); err == nil {
			return now.Add(d).UTC().Format(http.TimeFormat)
		}
	}
	return string(t)
}

// check completes a rule and says what is wrong with it.
func (f *fault) check() error {
	if f.Kind == "" {
		return fmt.Errorf("a fault needs its kind: a status such as 503, or one of %s", strings.Join(faultKinds, ", "))
	}
	if f.status() == 0 && !slices.Contains(faultKinds, f.Kind) {
		return fmt.Errorf("%q is no kind of fault: use a status from 400 to 599, or one of %s", f.Kind, strings.Join(faultKinds, ", "))
	}
	if strings.ContainsAny(string(f.RetryAfter), "\r\n") {
		return fmt.Errorf("retry_after must be one line")
	}
	if f.Kind == faultRefuse && f.Operation == "" {
		return fmt.Errorf("refuse needs operation: the name of a mutation, such as requestUpdate")
	}
	if f.Kind != faultRefuse && (f.Field != "" || f.Message != "") {
		return fmt.Errorf("field and message are of refuse, not of %s", f.Kind)
	}
	f.delay = time.Second
	if f.Delay != "" {
		d, err := time.ParseDuration(f.Delay)
		if err != nil || d < 0 || d > time.Hour {
			return fmt.Errorf("the delay %q is no duration up to 1h, such as \"2s\"", f.Delay)
		}
		f.delay = d
	}
	if f.Times == 0 {
		f.Times = 1
	}
	return nil
}

// status is that of a fault that is one, else 0.
func (f *fault) status() int {
	n, err := strconv.Atoi(f.Kind)
	if err != nil || n < 400 || n > 599 {
		return 0
	}
	return n
}

// handles says whether the request does its work before the answer is spoiled.
func (f *fault) handles() bool {
	switch f.Kind {
	case faultSlow, faultDrip, faultTruncate:
		return true
	}
	return f.Handled
}

// headerFault reads the request's own wish: `X-Sim-Fault: 429; retry_after=3; delay=1s; handled`.
func headerFault(text string) (*fault, error) {
	kind, rest, _ := strings.Cut(text, ";")
	f := &fault{Kind: strings.TrimSpace(kind)}
	for rest != "" {
		var word string
		word, rest, _ = strings.Cut(rest, ";")
		name, value, _ := strings.Cut(strings.TrimSpace(word), "=")
		switch name {
		case "retry_after":
			f.RetryAfter = retryAfter(value)
		case "delay":
			f.Delay = value
		case "handled":
			f.Handled = true
		case "":
		default:
			return nil, fmt.Errorf("X-Sim-Fault knows retry_after, delay and handled, not %q", name)
		}
	}
	if f.Kind == faultRefuse {
		return nil, fmt.Errorf("X-Sim-Fault cannot refuse a mutation: POST /sim/faults can")
	}
	return f, f.check()
}

// faults are the rules in force.
type faults struct {
	mu    sync.Mutex
	rules []*fault
	last  int
}

func (s *faults) add(f *fault) error {
	if err := f.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rules) >= maxFaults {
		return fmt.Errorf("there are %d faults already: DELETE /sim/faults first", maxFaults)
	}
	s.last++
	f.ID = s.last
	s.rules = append(s.rules, f)
	return nil
}

func (s *faults) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

func (s *faults) list() []fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]fault, 0, len(s.rules))
	for _, f := range s.rules {
		out = append(out, *f)
	}
	return out
}

// pick finds the first rule that matches and uses it up by one. The operation is looked for in the body of GraphQL.
func (s *faults) pick(r *http.Request, account string, body []byte) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.rules {
		if f.Kind != faultRefuse && f.matches(r, account, body) && s.due(i) {
			return f
		}
	}
	return nil
}

// due counts a match of a rule, and says whether it is one that goes wrong. It goes through rules in order: who is told
// true stops there, for a rule that is used up is gone.
func (s *faults) due(i int) bool {
	f := s.rules[i]
	if f.Skip > 0 {
		f.Skip--
		return false
	}
	if f.Times > 0 {
		left := *f
		if left.Times--; left.Times == 0 {
			s.rules = slices.Delete(s.rules, i, i+1)
		} else {
			s.rules[i] = &left
		}
	}
	return true
}

// refuse finds the rule that refuses a mutation in an account, and uses it up by one.
func (s *faults) refuse(account, mutation string) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.rules {
		if f.Kind == faultRefuse && f.Operation == mutation && (f.Account == "" || f.Account == account) && s.due(i) {
			return f
		}
	}
	return nil
}

func (f *fault) matches(r *http.Request, account string, body []byte) bool {
	return strings.HasPrefix(r.URL.Path, f.Path) &&
		(f.Account == "" || f.Account == account) &&
		(f.Method == "" || strings.EqualFold(f.Method, r.Method)) &&
		(f.Operation == "" || strings.Contains(string(body), f.Operation))
}
