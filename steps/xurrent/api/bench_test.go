package api

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// allocatedBy is how many bytes a function allocates, in all goroutines.
func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func benchClient(b *testing.B, body string) *Client {
	s := serve(b)
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Ratelimit-Limit", "1000000000")
		w.Header().Set("X-Ratelimit-Remaining", "999999999")
		w.Header().Set("X-Ratelimit-Reset", "4000000000")
		_, _ = io.WriteString(w, body)
	})
	return s.client(b, withPAT)
}

func BenchmarkDoSmall(b *testing.B) {
	c := benchClient(b, `{"data":{"me":{"id":"1"}}}`)
	b.ReportAllocs()
	for b.Loop() {
		must(b, c, me)
	}
}

func BenchmarkDoSmallParallel(b *testing.B) {
	c := benchClient(b, `{"data":{"me":{"id":"1"}}}`)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			must(b, c, me)
		}
	})
}

// A page of 100 records of about 500 bytes.
func BenchmarkDoPage(b *testing.B) {
	record := `{"id":"NG1lLnh1cnJlbnQuY29tL1JlcXVlc3QvMQ","subject":"` + strings.Repeat("word ", 80) + `","requestId":12345}`
	body := `{"data":{"requests":{"nodes":[` + strings.Repeat(record+",", 99) + record + `]}}}`
	c := benchClient(b, body)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		must(b, c, me)
	}
}

func BenchmarkPacer(b *testing.B) {
	p := newPacer(benchClient(b, `{}`).now, 0)
	b.ReportAllocs()
	for b.Loop() {
		t, err := p.acquire(b.Context(), me.Text)
		if err != nil {
			b.Fatal(err)
		}
		t.done(answered{header: http.Header{}})
	}
}
