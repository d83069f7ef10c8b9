package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Bounds of the record of requests.
const (
	maxRecords     = 10_000
	maxRecordBytes = 16 << 20
	maxRecordBody  = 64 << 10 // kept of one body
)

// recorded is one request that the simulated account was asked, as /sim/requests shows it. It holds no secret: bearers and
// client secrets are replaced.
type recorded struct {
	Number  int64             `json:"number"`
	At      time.Time         `json:"at"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Query   string            `json:"query,omitempty"`
	Account string            `json:"account,omitempty"`
	Header  map[string]string `json:"header"`
	Body    string            `json:"body,omitempty"`   // its beginning
	Fields  []string          `json:"fields,omitempty"` // names of an upload's form fields, in order
	Size    int64             `json:"size"`             // of the body, bytes
	// Operations are the root fields of GraphQL that were executed, in order.
	Operations []string `json:"operations,omitempty"`
	Status     int      `json:"status"` // 0: the connection ended without an answer
	Fault      string   `json:"fault,omitempty"`
	RequestID  string   `json:"request_id,omitempty"`
	Took       float64  `json:"took_ms"`
}

// recorder keeps the last requests.
type recorder struct {
	mu      sync.Mutex
	entries []recorded
	bytes   int
	last    int64
	dropped int64
	counts  map[string]int // of operations, those of dropped entries among them
	added   chan struct{}  // closed and replaced at each addition
}

func newRecorder() *recorder { return &recorder{added: make(chan struct{}), counts: map[string]int{}} }

func (c *recorder) add(e recorded) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	e.Number = c.last
	c.entries = append(c.entries, e)
	c.bytes += len(e.Body)
	for _, name := range e.Operations {
		c.counts[name]++
	}
	n := 0
	for len(c.entries)-n > maxRecords || c.bytes > maxRecordBytes {
		c.bytes -= len(c.entries[n].Body)
		n++
	}
	c.dropped += int64(n)
	c.entries = c.entries[n:]
	close(c.added)
	c.added = make(chan struct{})
}

func (c *recorder) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries, c.bytes, c.dropped = nil, 0, 0
	clear(c.counts)
}

// operations says how often each root field of GraphQL was executed.
func (c *recorder) operations() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}

// find gives the entries after a number whose path begins so, and what to wait on where there is none.
func (c *recorder) find(since int64, path string) (found []recorded, last, dropped int64, added <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found = []recorded{}
	for _, e := range c.entries {
		if e.Number > since && strings.HasPrefix(e.Path, path) {
			found = append(found, e)
		}
	}
	return found, c.last, c.dropped, c.added
}

// await is find, once there is something or the context ends.
func (c *recorder) await(ctx context.Context, since int64, path string) (found []recorded, last, dropped int64) {
	for {
		found, last, dropped, added := c.find(since, path)
		if len(found) > 0 {
			return found, last, dropped
		}
		select {
		case <-added:
		case <-ctx.Done():
			return found, last, dropped
		}
	}
}

// begin is the record of a request before its answer.
func begin(r *http.Request, account string, body []byte, at time.Time) recorded {
	e := recorded{At: at.UTC(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Account: account,
		Header: map[string]string{}, Size: int64(len(body))}
	for name, values := range r.Header {
		e.Header[strings.ToLower(name)] = shownHeader(name, values)
	}
	if r.URL.Path == pathToken {
		e.Body = shownForm(body)
	} else {
		e.Body = string(body[:min(len(body), maxRecordBody)])
	}
	return e
}

func shownHeader(name string, values []string) string {
	switch name {
	case "Authorization":
		scheme, secret, _ := strings.Cut(strings.Join(values, ", "), " ")
		return scheme + " " + fingerprint(secret)
	case "Cookie", "Proxy-Authorization":
		return fingerprint(strings.Join(values, ", "))
	}
	return strings.Join(values, ", ")
}

// shownForm is a token request without its secret, fields in the order in which they came.
func shownForm(body []byte) string {
	fields := strings.Split(string(body[:min(len(body), maxRecordBody)]), "&")
	for i, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "grant_type", "client_id", "scope":
		default:
			if plain, err := url.QueryUnescape(value); err == nil {
				value = plain
			}
			fields[i] = name + "=" + fingerprint(value)
		}
	}
	return strings.Join(fields, "&")
}

// fingerprint stands for a secret: equal secrets have equal ones.
func fingerprint(secret string) string {
	if secret == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(secret))
	return "[secret " + hex.EncodeToString(sum[:4]) + "]"
}
