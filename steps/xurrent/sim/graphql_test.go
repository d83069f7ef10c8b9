package sim

import (
	"compress/gzip"
	"io"
	"strings"
	"sync"
	"testing"
)

func TestGraphQLDoor(t *testing.T) {
	s := start(t, Options{Credentials: map[string]string{"me": "secret"}})
	good := []string{"Content-Type", "application/json", "X-Xurrent-Account", "acme", "Authorization", "Bearer pat-x"}
	query := `{"query":"{me{id}}"}`
	s.do("POST", "/graphql", query, good...).is(t, 200, `"me"`)
	s.do("POST", "/graphql", query, append(good, "Content-Type", "application/json; charset=utf-8")...).is(t, 200)
	s.do("POST", "/graphql", query, append(good, "X-Xurrent-Account", "", "X-4me-Account", "acme")...).is(t, 200)
	s.do("POST", "/graphql", query, append(good, "Authorization", "bearer "+s.token("me", "secret"))...).is(t, 200)
	s.do("POST", "/graphql", `{"query":"query A{me{id}} query B{me{name}}","operationName":"B","variables":{}}`, good...).is(t, 200, `"name"`)

	for name, c := range map[string]struct {
		method, body string
		header       []string
		status       int
		text         string
	}{
		"no account":       {"POST", query, []string{"X-Xurrent-Account", ""}, 400, `{"message":"Invalid x-xurrent-account header"}`},
		"odd account":      {"POST", query, []string{"X-Xurrent-Account", "a/b"}, 400, `{"message":"Invalid x-xurrent-account header"}`},
		"no token":         {"POST", query, []string{"Authorization", ""}, 401, "access token"},
		"basic":            {"POST", query, []string{"Authorization", "Basic pat-x"}, 401, "access token"},
		"unknown token":    {"POST", query, []string{"Authorization", "Bearer sim-token-0"}, 401, "access token"},
		"unknown pat":      {"POST", query, []string{"Authorization", "Bearer other"}, 401, "access token"},
		"get":              {"GET", "", nil, 405, "POST"},
		"content type":     {"POST", query, []string{"Content-Type", "text/plain"}, 415, "application/json"},
		"no json":          {"POST", "query", nil, 400, "not the JSON"},
		"a list":           {"POST", "[" + query + "]", nil, 400, "not the JSON"},
		"two values":       {"POST", query + query, nil, 400, "more than one"},
		"no query":         {"POST", `{"variables":{}}`, nil, 400, "no query"},
		"too large":        {"POST", `{"query":"` + strings.Repeat(" ", maxBody) + `"}`, nil, 413, "larger"},
		"a graphql error":  {"POST", `{"query":"{me{nmae}}"}`, nil, 200, `"errors":[{"message":"Field 'nmae' doesn't exist on type 'Person'"`},
		"a hostile number": {"POST", `{"query":"{me{id}}","variables":{"n":1e99999}}`, nil, 200, `"me"`},
	} {
		t.Run(name, func(t *testing.T) {
			s.do(c.method, "/graphql", c.body, append(append([]string{}, good...), c.header...)...).is(t, c.status, c.text)
		})
	}
}

func TestGzipWhenAsked(t *testing.T) {
	s := start(t, Options{})
	plain := s.query("{people(first:20){nodes{id name}}}")
	plain.head(t, "Content-Encoding", "")
	small := s.query("{people(first:20){nodes{id name}}}", "Accept-Encoding", "br, gzip;q=0.5")
	small.head(t, "Content-Encoding", "gzip")
	z, err := gzip.NewReader(strings.NewReader(small.body))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil || string(b) != plain.body {
		t.Errorf("unzipped: %v, %s", err, b)
	}
	if len(small.body) >= len(plain.body) {
		t.Errorf("%d bytes zipped, %d plain", len(small.body), len(plain.body))
	}
	s.query("{people(first:20){nodes{id name}}}", "Accept-Encoding", "gzip;q=0").head(t, "Content-Encoding", "")
}

func TestManyAtOnce(t *testing.T) {
	s := start(t, Options{RateLimit: 50})
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 5 {
				a, err := s.try("POST", "/graphql", `{"query":"{people(first:5){nodes{id}}}"}`, "Content-Type", "application/json",
					"X-Xurrent-Account", "acme", "Authorization", "Bearer pat-1", "Accept-Encoding", "gzip")
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				statuses[a.status]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if statuses[200] != 50 || statuses[429] != 30 {
		t.Errorf("statuses %v instead of 50 times 200 and 30 times 429", statuses)
	}
}

func TestUnknownPaths(t *testing.T) {
	s := start(t, Options{})
	for _, path := range []string{"/", "/nothing", "/async/0", "/storage/x", "/accounts/", "/accounts/acme", "/accounts/ACME/.well-known/openid-configuration"} {
		s.do("GET", path, "").is(t, 404)
	}
	s.do("DELETE", "/rest/v1/requests/1", "").is(t, 400, "x-xurrent-account")
	s.do("DELETE", "/rest/v1/requests/1", "", "X-Xurrent-Account", "acme", "Authorization", "Bearer pat-1").is(t, 404)
	s.query("{me{id}}").is(t, 200)
}
