package sim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// BenchmarkCustomers installs an app for 1,000 customers, which sends 2,000 deliveries, and lets their rules send 20,000, each signed
// (ES256), over HTTP to a receiver that reads them.
func BenchmarkCustomers(b *testing.B) {
	const customers, deliveries = 1000, 20_000
	for b.Loop() {
		s, err := New(Options{})
		if err != nil {
			b.Fatal(err)
		}
		server := httptest.NewServer(s)
		s.SetBase(server.URL)
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
		order := func(path string, in, out any) time.Duration {
			began := time.Now()
			body, err := json.Marshal(in)
			if err != nil {
				b.Fatal(err)
			}
			resp, err := http.Post(server.URL+path, "application/json", bytes.NewReader(body))
			if err != nil {
				b.Fatal(err)
			}
			defer resp.Body.Close()
			if err := json.NewDecoder(resp.Body).Decode(out); err != nil || resp.StatusCode > 299 {
				b.Fatal(path, resp.StatusCode, err)
			}
			return time.Since(began)
		}
		var policy struct{ ID string }
		order("/sim/policies", map[string]any{"account": "acme"}, &policy)
		var out told
		took := order("/sim/install", map[string]any{"provider": "acme", "app": "a", "customer": "c", "count": customers, "policy": policy.ID,
			"secrets": map[string]any{"k": "v"}, "deliver_to": map[string]string{"secrets": receiver.URL, "installation": receiver.URL, "automation": receiver.URL}}, &out)
		if out.Installed != customers || out.Statuses["200"] != 2*customers {
			b.Fatalf("%d installed, %v", out.Installed, out.Statuses)
		}
		b.ReportMetric(customers/took.Seconds(), "installations/s")
		took = order("/sim/automation", map[string]any{"app": "a", "count": deliveries, "parallel": 16, "payload": map[string]any{"text": "a note"}, "number_as": "nr"}, &out)
		if out.Statuses["200"] != deliveries {
			b.Fatalf("%v", out.Statuses)
		}
		b.ReportMetric(deliveries/took.Seconds(), "deliveries/s")
		b.ReportMetric(out.P99, "p99-ms")
		receiver.Close()
		server.Close()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
