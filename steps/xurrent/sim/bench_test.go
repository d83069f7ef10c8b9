package sim

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkPage reads pages of 100 people over HTTP, one after the other.
func BenchmarkPage(b *testing.B) {
	s, err := New(Options{RateLimit: 1 << 30, CostLimit: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	server := httptest.NewServer(s)
	defer server.Close()
	body := `{"query":"{people(first:100){totalCount pageInfo{hasNextPage endCursor} nodes{id name primaryEmail jobTitle timeZone disabled createdAt updatedAt source sourceID}}}"}`
	for b.Loop() {
		req, err := http.NewRequest(http.MethodPost, server.URL+"/graphql", strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		req.Header = http.Header{"Content-Type": {"application/json"}, "X-Xurrent-Account": {"acme"}, "Authorization": {"Bearer pat-1"}}
		resp, err := server.Client().Do(req)
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != 200 || n < 1000 {
			b.Fatal(err, resp.StatusCode, n)
		}
	}
}

// BenchmarkDeliver signs a delivery (ES256).
func BenchmarkDeliver(b *testing.B) {
	s, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	s.SetBase("http://127.0.0.1:1")
	p, err := s.packOrder(&deliverOrder{Account: "acme", URL: "http://127.0.0.1:1", Event: "request.create"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.body(p); err != nil {
			b.Fatal(err)
		}
	}
}
