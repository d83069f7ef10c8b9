package journal

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

// BenchmarkAccept64 is 64 callers that each wait for their own durable commit.
func BenchmarkAccept64(b *testing.B) {
	s := open(b, dataDir(b))
	event := bytes.Repeat([]byte("x"), 1500)
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for next.Add(1) <= int64(b.N) {
				id := uuid.Must(uuid.NewV7()).String()
				_, _, err := s.Accept(context.Background(), Run{ID: id, Blueprint: "crm", Runbook: "sync", Version: "v1", Delivery: uuid.NewString(), Retention: time.Hour, Event: event})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
}

func BenchmarkSubmitSmall(b *testing.B) {
	s := open(b, dataDir(b))
	const runs = 64
	for i := range runs {
		accept(b, s, newRun(fmt.Sprint("r", i)))
	}
	data := bytes.Repeat([]byte("x"), 300)
	b.ReportAllocs()
	b.ResetTimer()
	slots := make(chan struct{}, 256)
	for i := range b.N {
		slots <- struct{}{}
		n := i / runs
		s.Submit(Write{
			Run: fmt.Sprint("r", i%runs), Put: []Record{{Path: fmt.Sprint("step/", n), Data: data}}, Delete: []string{fmt.Sprint("step/", n-1)},
		}, func(err error) {
			if err != nil {
				b.Error(err)
			}
			<-slots
		})
	}
	for range cap(slots) {
		slots <- struct{}{}
	}
}

// BenchmarkWholeRun accepts and ends a run, 64 at a time.
func BenchmarkWholeRun(b *testing.B) {
	s := open(b, dataDir(b))
	event, history := bytes.Repeat([]byte("x"), 1500), bytes.Repeat([]byte("h"), 2000)
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for next.Add(1) <= int64(b.N) {
				id := uuid.Must(uuid.NewV7()).String()
				if _, _, err := s.Accept(context.Background(), Run{ID: id, Blueprint: "crm", Runbook: "sync", Version: "v1", Delivery: uuid.NewString(), Retention: time.Hour, Event: event}); err != nil {
					b.Error(err)
				}
				if err := s.Commit(context.Background(), Write{Run: id, End: &End{Status: Finished, At: start, Outcome: []byte("{}"), History: history}}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
}

// filled is a store with n runs, one in ten of which has ended when ended is set.
func filled(b testing.TB, n int, ended bool) *Store {
	s := open(b, dataDir(b))
	event := bytes.Repeat([]byte("x"), 200)
	var wg sync.WaitGroup
	per := n / 64
	for g := range 64 {
		wg.Go(func() {
			for i := range per {
				id := uuid.Must(uuid.NewV7()).String()
				_, _, err := s.Accept(context.Background(), Run{ID: id, Blueprint: fmt.Sprint("bp", g%8), Runbook: fmt.Sprint("rb", g), Version: "v1",
					Context: fmt.Sprint("REQ-", i), Delivery: uuid.NewString(), Retention: time.Hour, Event: event})
				if err == nil && ended {
					status, summary := Finished, ""
					if i%10 == 0 {
						status, summary = Failed, "the account answered 503"
					}
					err = s.Commit(context.Background(), Write{Run: id, End: &End{Status: status, At: start, Outcome: []byte("{}"), Summary: summary, History: event}})
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return s
}

func BenchmarkPending100k(b *testing.B) {
	s := filled(b, 100_000, false)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		heads, err := s.Pending(context.Background())
		if err != nil || len(heads) < 99_000 {
			b.Fatal(len(heads), err)
		}
	}
}

func BenchmarkList100k(b *testing.B) {
	s := filled(b, 100_000, true)
	for _, c := range []struct {
		name string
		f    Filter
	}{
		{"newest", Filter{}},
		{"runbook", Filter{Runbook: "rb7"}},
		{"blueprint", Filter{Blueprint: "bp3"}},
		{"failed", Filter{Status: Failed}},
		{"finished", Filter{Status: Finished}},
		{"waiting", Filter{Status: Waiting}},
		{"context", Filter{Context: "REQ-17"}},
		{"text", Filter{Text: "nowhere to be found"}},
		{"since", Filter{Since: start.AddDate(10, 0, 0)}},
		{"deep", Filter{BeforeSeq: 1000}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if _, err := s.List(context.Background(), c.f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
