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

// BenchmarkNew makes a simulated service with one account that is asked a question, as each blueprint test does.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s, err := New(Options{})
		if err != nil {
			b.Fatal(err)
		}
		a, _ := s.Account("acme")
		if a.Records() == 0 {
			b.Fatal("no records")
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStart does so behind a server.
func BenchmarkStart(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		r, err := Start(b.Context(), "127.0.0.1:0", Options{})
		if err != nil {
			b.Fatal(err)
		}
		if a, _ := r.Sim.Account("acme"); a.Records() == 0 {
			b.Fatal("no records")
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
