package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"currant/engine/outbound"
	"currant/steps"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Canaries: they may go on the wire and must not come out anywhere.
const (
	secretCanary = "s3cr3t/canary+Of==The-client"
	tokenCanary  = "tok-canary-5f0e2c9b"
	patCanary    = "pat-canary-77aa11bb"
)

// loopback lets the tests' own servers be called.
func loopback() outbound.Policy {
	return outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
}

// sent is a request that the fake service saw.
type sent struct {
	method, path string
	header       http.Header
	body         string
}

// service is a fake Xurrent: handlers by path, and what they were sent.
type service struct {
	*httptest.Server
	mu       sync.Mutex
	requests []sent
	handlers map[string]http.HandlerFunc
}

func serve(t testing.TB) *service {
	t.Helper()
	s := &service{handlers: map[string]http.HandlerFunc{
		"/graphql": answer(http.StatusOK, `{"data":{"me":{"id":"1"}}}`),
		"/token":   answer(http.StatusOK, `{"access_token":"`+tokenCanary+`","token_type":"bearer","expires_in":3600}`),
	}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.handle))
	t.Cleanup(s.Close)
	return s
}

func (s *service) handle(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.requests = append(s.requests, sent{r.Method, r.URL.Path, r.Header.Clone(), string(body)})
	h := s.handlers[r.URL.Path]
	s.mu.Unlock()
	if h == nil {
		http.NotFound(w, r)
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	h(w, r)
}

func (s *service) on(path string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers[path] = h
}

// to are the requests to a path.
func (s *service) to(path string) (out []sent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		if r.path == path {
			out = append(out, r)
		}
	}
	return out
}

func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func (s *service) config() Config {
	return Config{
		AccountID: "wna-it", ClientID: "the-id", ClientSecret: secretCanary,
		GraphQLEndpoint: s.URL + "/graphql", OAuth2Endpoint: s.URL + "/token", RESTEndpoint: s.URL + "/rest",
		Outbound: loopback(),
	}
}

// client is a client of the service, changed by edit, closed at the end.
func (s *service) client(t testing.TB, edit ...func(*Config)) *Client {
	t.Helper()
	c := s.config()
	for _, e := range edit {
		e(&c)
	}
	return opened(t, c)
}

func opened(t testing.TB, c Config) *Client {
	t.Helper()
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func withPAT(c *Config) { c.PersonalAccessToken = patCanary }

var me = Request{Text: "query { me { id } }", Read: true}

func must(t testing.TB, c *Client, r Request) *Answer {
	t.Helper()
	a, err := c.Do(context.Background(), r)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return a
}

// failed is a step's error of a kind.
func failed(t testing.TB, err error, kind steps.ErrorKind, texts ...string) *steps.Error {
	t.Helper()
	e, ok := err.(*steps.Error) // the engine does not look inside errors
	if !ok {
		t.Fatalf("want an error of kind %s, got %T: %v", kind, err, err)
	}
	if e.Kind != kind {
		t.Errorf("want kind %s, got %v", kind, e)
	}
	for _, text := range texts {
		if !strings.Contains(e.Message, text) {
			t.Errorf("want %q in %q", text, e.Message)
		}
	}
	return e
}

func putBack(t testing.TB, err error) *steps.PutBack {
	t.Helper()
	p, ok := err.(*steps.PutBack)
	if !ok {
		t.Fatalf("want a put-back, got %T: %v", err, err)
	}
	return p
}

// clockAt is a clock that a test moves.
type clockAt struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clockAt { return &clockAt{at: time.Now()} }

func (c *clockAt) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clockAt) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// silent fails where a text holds one of the canaries in some form.
func silent(t testing.TB, what, text string, more ...string) {
	t.Helper()
	set := outbound.NewSecrets(append(more, secretCanary, tokenCanary, patCanary)...)
	if set.Contains([]byte(text)) {
		t.Errorf("%s holds a secret: %s", what, text)
	}
}

func textOf(err error) string {
	if err == nil {
		return ""
	}
	var b strings.Builder
	for ; err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(&b, "%s\n%+v\n", err, err)
	}
	return b.String()
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}
