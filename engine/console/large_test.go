package console

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"currant/engine/journal"
)

// fill puts ended runs into the store.
func fill(r *rig, n int) {
	r.t.Helper()
	s, ctx := r.e.Store(), context.Background()
	version := r.c.runbookOf("shop", "greet").Blueprint.Digest
	begun := time.Now().Add(-time.Duration(n) * time.Second)
	const writers = 64
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < n; i += writers {
				id, at := ids(1_000_000+i), begun.Add(time.Duration(i)*time.Second)
				_, _, err := s.Accept(ctx, journal.Run{ID: id, Blueprint: "shop", Runbook: []string{"greet", "order"}[i%2], Version: version, Context: fmt.Sprint("REQ-", i%5000),
					Delivery: id, Status: journal.Queued, Attempt: 1, AcceptedAt: at, Retention: 1000 * time.Hour, Event: []byte(`{"value":{"name":"Ann"}}`)})
				if err == nil {
					end := &journal.End{Status: journal.Finished, At: at.Add(time.Second), Outcome: []byte("{}"), History: []byte("{}")}
					if i%10 == 0 {
						end.Status, end.Summary = journal.Failed, "pay: the account answered 503"
					}
					err = s.Commit(ctx, journal.Write{Run: id, End: end})
				}
				if err != nil {
					r.t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// A store of many runs is listed, searched and paged without a wait, and a run of 5,000 iterations has a page of
// moderate size. CURRANT_LONG=1 does it with 100,000 runs.
func TestManyRuns(t *testing.T) {
	runs, iterations := 3000, 5000
	if long {
		runs = 100_000
	}
	r := newRig(t, shop, nil)
	fill(r, runs)
	loop := storedLoop(r, ids(9), iterations, iterations)
	v := r.visitor()
	older := v.page("/runs")
	older = strings.ReplaceAll(older[strings.LastIndex(older, `<a href="/runs?before=`)+len(`<a href="`):], "&amp;", "&")
	older = older[:strings.IndexByte(older, '"')]
	for _, c := range []struct {
		name, path, holds string
		most              time.Duration
		size              int
	}{
		{"first page", "/runs", "greet", 200 * time.Millisecond, 150 << 10},
		{"second page", older, "greet", 200 * time.Millisecond, 150 << 10},
		{"last page", "/runs?before=40", "greet", 200 * time.Millisecond, 150 << 10},
		{"text search", "/runs?text=nowhere+to+be+found", "No run fits.", time.Second, 50 << 10},
		{"text search that finds", "/runs?text=answered+503", "answered 503", 300 * time.Millisecond, 150 << 10},
		{"by status", "/runs?status=failed", "503", 200 * time.Millisecond, 150 << 10},
		{"by runbook", "/runs?runbook=shop%2Forder", "order", 200 * time.Millisecond, 150 << 10},
		{"by context", "/runs?context=REQ-17", shortID(ids(1_000_017)), 200 * time.Millisecond, 150 << 10},
		{"run of 5,000 iterations", "/runs/" + loop, "4919 ok", 2 * time.Second, 300 << 10},
		{"next iterations", "/runs/" + loop + "?w=lines.line:200", "201–240 of 5000", 2 * time.Second, 300 << 10},
		{"its log", "/runs/" + loop + "/logs", "5\u202F000 lines", time.Second, 300 << 10},
		{"about", "/about", "ever accepted", 500 * time.Millisecond, 50 << 10},
		{"metrics", "/metrics", fmt.Sprintf(`currant_runs_accepted_total %d`, runs+1), 500 * time.Millisecond, 50 << 10},
	} {
		best, size := time.Hour, 0
		for range 5 {
			begun := time.Now()
			size = len(v.page(c.path, c.holds))
			best = min(best, time.Since(begun))
		}
		t.Logf("%-24s %7.1f ms %5d KiB", c.name, float64(best.Microseconds())/1000, size>>10)
		if best > c.most && !raceOn || size > c.size {
			t.Errorf("%s: %v and %d bytes are more than %v and %d", c.name, best, size, c.most, c.size)
		}
	}
}
