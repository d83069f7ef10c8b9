package sim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// noon is when the tests' clocks begin; they stand still but for Advance.
var noon = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

// service is a simulated account behind a server, with a client of it.
type service struct {
	*testing.T
	sim  *Sim
	base string
}

func start(t *testing.T, o Options) *service {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	s.SetBase(server.URL)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return &service{T: t, sim: s, base: server.URL}
}

// answer is what the service answered.
type answer struct {
	status int
	header http.Header
	body   string
}

// try makes one request on a connection of its own; the body's end may fail.
func (s *service) try(method, path, body string, header ...string) (answer, error) {
	s.Helper()
	address := path
	if strings.HasPrefix(path, "/") {
		address = s.base + path
	}
	req, err := http.NewRequestWithContext(s.Context(), method, address, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(b)}, err
}

// do is try where nothing may fail.
func (s *service) do(method, path, body string, header ...string) answer {
	s.Helper()
	a, err := s.try(method, path, body, header...)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// query asks GraphQL with a personal access token.
func (s *service) query(text string, header ...string) answer {
	s.Helper()
	b, err := json.Marshal(map[string]string{"query": text})
	if err != nil {
		s.Fatal(err)
	}
	return s.do("POST", "/graphql", string(b), append([]string{"Content-Type", "application/json", "X-Xurrent-Account", "acme", "Authorization", "Bearer pat-1"}, header...)...)
}

// control asks an endpoint under /sim/ and reads its answer.
func (s *service) control(method, path string, in any, out any) answer {
	s.Helper()
	body := ""
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			s.Fatal(err)
		}
		body = string(b)
	}
	a := s.do(method, path, body, "Content-Type", "application/json")
	if a.status > 299 {
		s.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	if out != nil {
		a.decode(s.T, out)
	}
	return a
}

func (a answer) decode(t *testing.T, out any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), out); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
}

func (a answer) is(t *testing.T, status int, parts ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status %d instead of %d: %s", a.status, status, a.body)
	}
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			t.Errorf("the body lacks %q: %s", part, a.body)
		}
	}
}

func (a answer) head(t *testing.T, name, want string) {
	t.Helper()
	if got := a.header.Get(name); got != want {
		t.Errorf("%s is %q instead of %q", name, got, want)
	}
}

// token fetches an access token.
func (s *service) token(id, secret string) string {
	s.Helper()
	a := s.do("POST", "/oauth/token", url.Values{"client_id": {id}, "client_secret": {secret}, "grant_type": {"client_credentials"}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded")
	a.is(s.T, 200)
	var out struct {
		AccessToken string `json:"access_token"`
	}
	a.decode(s.T, &out)
	return out.AccessToken
}

// delivered is one request that a receiver got.
type delivered struct {
	header http.Header
	body   []byte
	query  string
}

// receiver is a webhook's address: it answers by a function of the number of requests so far.
type receiver struct {
	URL string
	got chan delivered

	mu sync.Mutex
	n  int
}

func receive(t *testing.T, answer func(n int) int) *receiver {
	t.Helper()
	r := &receiver{got: make(chan delivered, 1000)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.n++
		status := answer(r.n)
		r.mu.Unlock()
		w.WriteHeader(status)
		_, _ = w.Write([]byte("answer"))
		r.got <- delivered{req.Header, bytes.Clone(body), req.URL.RawQuery}
	}))
	t.Cleanup(server.Close)
	r.URL = server.URL + "/hook"
	return r
}

func always(status int) func(int) int { return func(int) int { return status } }

func (r *receiver) next(t *testing.T) delivered {
	t.Helper()
	select {
	case d := <-r.got:
		return d
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was delivered in 10 s")
		return delivered{}
	}
}
