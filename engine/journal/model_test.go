package journal

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model is what the store should be: maps.
type model struct {
	runs    map[string]*modelRun
	lastSeq int64
}

type modelRun struct {
	run     Run
	records map[string][]byte
	logs    []LogLine
	history []byte
}

var paths = []string{"a", "a.b", "a.b[0]", "a.b[1].c", "ab", "b"}

func drawRecords(t *rapid.T) []Record {
	var out []Record
	for _, p := range rapid.SliceOfN(rapid.SampledFrom(paths), 0, 4).Draw(t, "put") {
		size := rapid.SampledFrom([]int{0, 1, 300, blobFrom - 1, blobFrom, 100 << 10}).Draw(t, "size")
		var data []byte
		if size > 0 {
			data = bytes.Repeat([]byte{byte(rapid.IntRange(0, 2).Draw(t, "byte"))}, size)
		}
		out = append(out, Record{p, data})
	}
	return out
}

// The store answers like the model after any sequence of operations, restarts included.
func TestModel(t *testing.T) {
	// Each case syncs the disk a hundred times.
	checks := flag.Lookup("rapid.checks")
	if !long && checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set("15"); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(t *rapid.T) { checkModel(t) })
}

func checkModel(t *rapid.T) {
	dir := tempDir(t)
	now := start
	options := Options{Now: func() time.Time { return now }}
	s, err := Open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { s.Close() }()
	m := model{runs: map[string]*modelRun{}}
	ids := []string{"r0", "r1", "r2", "r3"}
	anyID := rapid.SampledFrom(ids)
	t.Repeat(map[string]func(*rapid.T){
		"accept": func(t *rapid.T) {
			r := newRun(anyID.Draw(t, "id"))
			r.Delivery = rapid.SampledFrom([]string{"", "d0", "d1"}).Draw(t, "delivery")
			r.Retention = rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "retention")
			want := ""
			for id, known := range m.runs {
				if r.Delivery != "" && known.run.Delivery == r.Delivery {
					want = id
				}
			}
			if want == "" && m.runs[r.ID] != nil {
				want = r.ID
			}
			got, fresh, err := s.Accept(ctx, r)
			if err != nil {
				t.Fatal(err)
			}
			if fresh != (want == "") || !fresh && got.ID != want {
				t.Fatalf("fresh %v, %s instead of %s", fresh, got.ID, want)
			}
			if !fresh {
				return
			}
			if got.Seq <= m.lastSeq {
				t.Fatalf("number %d after %d", got.Seq, m.lastSeq)
			}
			m.lastSeq = got.Seq
			m.runs[r.ID] = &modelRun{run: got, records: map[string][]byte{}}
		},
		"write": func(t *rapid.T) {
			w := Write{Run: anyID.Draw(t, "id"), Put: drawRecords(t)}
			w.Delete = rapid.SliceOfN(rapid.SampledFrom([]string{"a", "a*", "a.b*", "a.b[1].c", "nothing", "*"}), 0, 2).Draw(t, "delete")
			for i := range rapid.IntRange(0, 2).Draw(t, "logs") {
				w.Logs = append(w.Logs, LogLine{At: now, Level: "info", Message: fmt.Sprint("line ", i)})
			}
			if rapid.Bool().Draw(t, "update") {
				w.Update = &Update{Status: rapid.SampledFrom([]Status{"", Running, Waiting, Held}).Draw(t, "status")}
				if rapid.Bool().Draw(t, "wakes") {
					w.Update.WakeAt = now.Add(time.Hour)
				}
			}
			if rapid.IntRange(0, 3).Draw(t, "end") == 0 {
				w.End = &End{Status: rapid.SampledFrom([]Status{Finished, Failed, Cancelled}).Draw(t, "ended"), At: now,
					Outcome: []byte("o"), Summary: "s", History: bytes.Repeat([]byte("h"), rapid.SampledFrom([]int{1, 9000}).Draw(t, "history"))}
			}
			if rapid.Bool().Draw(t, "wake") {
				w.Wake = []string{anyID.Draw(t, "wake id")}
			}
			err := s.Commit(ctx, w)
			r := m.runs[w.Run]
			switch {
			case r == nil:
				if !errors.Is(err, ErrNotFound) {
					t.Fatalf("unknown run: %v", err)
				}
				return
			case r.run.Status.Ended():
				if !errors.Is(err, ErrEnded) {
					t.Fatalf("ended run: %v", err)
				}
				return
			case err != nil:
				t.Fatal(err)
			}
			m.write(r, w, now)
		},
		"reopen": func(t *rapid.T) {
			id := anyID.Draw(t, "id")
			put := drawRecords(t)
			got, err := s.Reopen(ctx, id, time.Time{}, put, []string{"a.b*"})
			r := m.runs[id]
			switch {
			case r == nil:
				if !errors.Is(err, ErrNotFound) {
					t.Fatal(err)
				}
				return
			case !r.run.Status.Ended():
				if !errors.Is(err, ErrNotEnded) {
					t.Fatal(err)
				}
				return
			case err != nil:
				t.Fatal(err)
			}
			r.run = got
			r.history = nil
			for _, p := range put {
				if !strings.HasPrefix(p.Path, "a.b") {
					r.records[p.Path] = p.Data
				}
			}
		},
		"prune": func(t *rapid.T) {
			now = now.Add(30 * time.Second)
			want := 0
			maps.DeleteFunc(m.runs, func(_ string, r *modelRun) bool {
				due := r.run.Status.Ended() && !r.run.EndedAt.Add(r.run.Retention).After(now)
				if due {
					want++
				}
				return due
			})
			if n, err := s.Prune(ctx, now, 100); err != nil || n != want {
				t.Fatalf("%d pruned instead of %d: %v", n, want, err)
			}
		},
		"restart": func(t *rapid.T) {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			report, err := Verify(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := report.Err(); err != nil {
				t.Fatal(err)
			}
			if s, err = Open(dir, options); err != nil {
				t.Fatal(err)
			}
		},
		"": func(t *rapid.T) { m.compare(t, s, ids) },
	})
}

func (m *model) write(r *modelRun, w Write, now time.Time) {
	for _, e := range w.Delete {
		maps.DeleteFunc(r.records, func(p string, _ []byte) bool { return matches(p, []string{e}) })
	}
	for _, p := range w.Put {
		r.records[p.Path] = p.Data
	}
	for _, l := range w.Logs {
		l.Seq = int64(len(r.logs) + 1)
		r.logs = append(r.logs, l)
	}
	if u := w.Update; u != nil {
		if u.Status != "" {
			r.run.Status = u.Status
		}
		r.run.WakeAt = u.WakeAt
	}
	if e := w.End; e != nil {
		r.run.Status, r.run.EndedAt, r.run.Outcome, r.run.Summary, r.run.WakeAt = e.Status, e.At, e.Outcome, e.Summary, time.Time{}
		r.history = e.History
		clear(r.records)
	}
	for _, id := range w.Wake {
		if other := m.runs[id]; other != nil && other.run.Status == Waiting {
			other.run.WakeAt = now
		}
	}
}

func (m *model) compare(t *rapid.T, s *Store, ids []string) {
	var pending []int64
	for _, id := range ids {
		want := m.runs[id]
		got, err := s.Run(ctx, id)
		if want == nil {
			if !errors.Is(err, ErrNotFound) {
				t.Fatalf("%s: %v", id, err)
			}
			continue
		}
		if d := diff(want.run, got); err != nil || d != "" {
			t.Fatalf("%s: %v %s", id, err, d)
		}
		var records []Record
		for _, p := range slices.Sorted(maps.Keys(want.records)) {
			records = append(records, Record{p, want.records[p]})
		}
		gotRecords, err := s.Records(ctx, id)
		if d := diff(records, gotRecords); err != nil || d != "" {
			t.Fatalf("%s: %v %s", id, err, d)
		}
		gotLogs, err := s.Logs(ctx, id, 0)
		if d := diff(want.logs, gotLogs); err != nil || d != "" {
			t.Fatalf("%s: %v %s", id, err, d)
		}
		history, err := s.History(ctx, id)
		if !want.run.Status.Ended() {
			pending = append(pending, want.run.Seq)
		} else if err != nil || !bytes.Equal(history, want.history) {
			t.Fatalf("%s: history of %d bytes, %v", id, len(history), err)
		}
	}
	heads, err := s.Pending(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, h := range heads {
		got = append(got, h.Seq)
	}
	slices.Sort(pending)
	if !slices.Equal(got, pending) {
		t.Fatalf("unfinished: %v instead of %v", got, pending)
	}
	all, err := s.List(ctx, Filter{})
	if err != nil || len(all) != len(m.runs) {
		t.Fatalf("%d runs instead of %d, %v", len(all), len(m.runs), err)
	}
}
