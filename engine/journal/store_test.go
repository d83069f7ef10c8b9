package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

var ctx = context.Background()

func TestRunRoundTrip(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	r := Run{
		ID: "0193-a", Blueprint: "crm", Runbook: "sync", Version: "sha", Context: "REQ-1", Group: "g", Status: Waiting, Delivery: "d",
		Origin: "o", Parent: "p", ParentStep: "a.b[1]", Attempt: 3, AcceptedAt: start, StartedAt: start.Add(1), WakeAt: start.Add(2),
		ExpiresAt: start.Add(3), Retention: time.Hour, Event: []byte{0, 1, 2}, Summary: "s",
	}
	got := accept(t, s, r)
	r.Seq = 1
	if d := diff(r, got); d != "" {
		t.Error(d)
	}
	for range 2 {
		back, err := s.Run(ctx, "0193")
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(r, back); d != "" {
			t.Error(d)
		}
		s.Close()
		s = open(t, dir)
	}
	heads, err := s.Pending(ctx)
	want := []Head{{Seq: 1, ID: r.ID, Blueprint: "crm", Runbook: "sync", Version: "sha", Group: "g", Status: Waiting, WakeAt: r.WakeAt, ExpiresAt: r.ExpiresAt, Parent: "p", ParentStep: "a.b[1]"}}
	if d := diff(want, heads); err != nil || d != "" {
		t.Error(err, d)
	}
	// A reader that has nothing but the minimum.
	small := accept(t, s, Run{ID: "x"})
	if small.Status != Queued || small.Attempt != 1 || small.AcceptedAt.IsZero() || small.Seq != 2 {
		t.Errorf("%+v", small)
	}
}

func TestAcceptKnown(t *testing.T) {
	s := open(t, dataDir(t))
	first := accept(t, s, newRun("a"))
	again := newRun("b")
	again.Delivery = "d-a"
	got, fresh, err := s.Accept(ctx, again)
	if err != nil || fresh || got.ID != "a" || string(got.Event) != string(first.Event) {
		t.Errorf("the same delivery: %+v %v %v", got, fresh, err)
	}
	if got, fresh, err := s.Accept(ctx, newRun("a")); err != nil || fresh || got.Seq != first.Seq {
		t.Errorf("the same run: %+v %v %v", got, fresh, err)
	}
	for i, r := range []Run{{ID: "c", Blueprint: "other", Runbook: "sync", Delivery: "d-a"}, {ID: "d", Blueprint: "crm", Runbook: "other", Delivery: "d-a"}, {ID: "e"}, {ID: "f"}} {
		if got := accept(t, s, r); got.Seq != int64(i)+2 {
			t.Errorf("%s is number %d", r.ID, got.Seq)
		}
	}
	finish(t, s, "a")
	if _, fresh, err := s.Accept(ctx, again); err != nil || fresh {
		t.Error("the delivery of an ended run is forgotten", err)
	}
	for _, bad := range []Run{{}, {ID: "x", Status: Finished}, {ID: "x", Status: "odd"}} {
		if _, _, err := s.Accept(ctx, bad); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
}

// Many that bring the same delivery at once: one run.
func TestD1SameDeliveryAtOnce(t *testing.T) {
	s := open(t, dataDir(t))
	var wg sync.WaitGroup
	fresh := make(chan bool, 64)
	for i := range 64 {
		wg.Go(func() {
			r := newRun(fmt.Sprint("r", i))
			r.Delivery = "same"
			_, ok, err := s.Accept(ctx, r)
			if err != nil {
				t.Error(err)
			}
			fresh <- ok
		})
	}
	wg.Wait()
	close(fresh)
	n := 0
	for ok := range fresh {
		if ok {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d runs of one delivery", n)
	}
}

func TestWriteRecords(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	accept(t, s, newRun("a"))
	accept(t, s, newRun("b"))
	big := bytes.Repeat([]byte("big"), 50<<10)
	put := func(paths ...string) (out []Record) {
		for _, p := range paths {
			out = append(out, Record{p, []byte("data of " + p)})
		}
		return out
	}
	commit(t, s, Write{Run: "b", Put: append(put("x"), Record{"y", big})})
	for _, c := range []struct {
		name string
		w    Write
		want []Record
	}{
		{"put", Write{Put: put("a", "a.1", "a.2", "b", "b.1", "\xff\xff1")}, put("a", "a.1", "a.2", "b", "b.1", "\xff\xff1")},
		{"delete unknown", Write{Delete: []string{"nothing", "no*"}}, put("a", "a.1", "a.2", "b", "b.1", "\xff\xff1")},
		{"delete one", Write{Delete: []string{"a"}}, put("a.1", "a.2", "b", "b.1", "\xff\xff1")},
		{"delete prefix", Write{Delete: []string{"a.*"}}, put("b", "b.1", "\xff\xff1")},
		{"delete before put", Write{Delete: []string{"b*"}, Put: put("b.3")}, put("b.3", "\xff\xff1")},
		{"delete last bytes", Write{Delete: []string{"\xff\xff*"}}, put("b.3")},
		{"replace", Write{Put: []Record{{"b.3", []byte("new")}}}, []Record{{"b.3", []byte("new")}}},
		{"blob", Write{Put: []Record{{"b.3", big}, {"c", big}}}, []Record{{"b.3", big}, {"c", big}}},
		{"no blob", Write{Put: []Record{{"b.3", nil}}}, []Record{{"b.3", nil}, {"c", big}}},
		{"all", Write{Delete: []string{"*"}}, nil},
	} {
		c.w.Run = "a"
		commit(t, s, c.w)
		for range 2 {
			got, err := s.Records(ctx, "a")
			if err != nil {
				t.Fatal(err)
			}
			if d := diff(c.want, got); d != "" {
				t.Fatalf("%s: %s", c.name, d)
			}
			if c.name == "blob" || c.name == "put" { // what the writer remembers must not matter
				s.Close()
				mustVerify(t, dir)
				s = open(t, dir)
			}
		}
	}
	if _, err := s.Blob(ctx, shaOf(big)); err != nil {
		t.Error("the blob another run needs is gone:", err)
	}
	finish(t, s, "b")
	if _, err := s.Blob(ctx, shaOf(big)); !errors.Is(err, ErrNotFound) {
		t.Error("a blob nobody needs is still there:", err)
	}
	mustVerify(t, dir)
}

func TestWriteUpdateEndWake(t *testing.T) {
	now := start.Add(time.Hour)
	s := openWith(t, dataDir(t), Options{Now: func() time.Time { return now }})
	accept(t, s, newRun("parent"))
	accept(t, s, newRun("child"))
	commit(t, s, Write{Run: "parent", Update: &Update{Status: Running, StartedAt: start}})
	commit(t, s, Write{Run: "parent", Update: &Update{WakeAt: start.Add(9 * time.Hour)}})
	r, err := s.Run(ctx, "parent")
	if err != nil || r.Status != Running || !r.StartedAt.Equal(start) || !r.WakeAt.Equal(start.Add(9*time.Hour)) {
		t.Fatalf("%+v %v", r, err)
	}
	commit(t, s, Write{Run: "parent", Update: &Update{Status: Waiting}})
	commit(t, s, Write{Run: "child", Put: []Record{{"a", nil}}, Logs: []LogLine{{At: start, Level: "info", Step: "s", Message: "one"}, {Message: "two", Data: []byte("{}")}}})
	history := bytes.Repeat([]byte("history "), 4000)
	commit(t, s, Write{Run: "child", Logs: []LogLine{{Message: "three"}}, Wake: []string{"parent", "unknown"},
		End: &End{Status: Failed, At: now, Outcome: []byte("broke"), Summary: "it broke", History: history}})
	if r, err = s.Run(ctx, "parent"); err != nil || r.Status != Waiting || !r.WakeAt.Equal(now) {
		t.Errorf("%+v %v", r, err)
	}
	if r, err = s.Run(ctx, "child"); err != nil || r.Status != Failed || !r.EndedAt.Equal(now) || string(r.Outcome) != "broke" || r.Summary != "it broke" {
		t.Errorf("%+v %v", r, err)
	}
	if recs, err := s.Records(ctx, "child"); err != nil || len(recs) != 0 {
		t.Error(recs, err)
	}
	if h, err := s.History(ctx, "child"); err != nil || !bytes.Equal(h, history) {
		t.Error(len(h), err)
	}
	if _, err := s.History(ctx, "parent"); !errors.Is(err, ErrNotEnded) {
		t.Error(err)
	}
	logs, err := s.Logs(ctx, "child", 1)
	want := []LogLine{{Seq: 2, Message: "two", Data: []byte("{}")}, {Seq: 3, Message: "three"}}
	if d := diff(want, logs); err != nil || d != "" {
		t.Error(err, d)
	}
	for _, c := range []struct {
		w    Write
		want error
	}{
		{Write{Run: "child", Put: []Record{{"a", nil}}}, ErrEnded},
		{Write{Run: "nobody", Put: []Record{{"a", nil}}}, ErrNotFound},
		{Write{Run: "par"}, ErrNotFound}, // no short ids for writes
		{Write{}, nil},
		{Write{Run: "parent", Update: &Update{Status: Finished}}, nil},
		{Write{Run: "parent", End: &End{Status: Running, At: now}}, nil},
		{Write{Run: "parent", End: &End{Status: Failed}}, nil},
	} {
		if err := s.Commit(ctx, c.w); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c.w, err)
		}
	}
}

func TestReopen(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	a := accept(t, s, newRun("a"))
	if _, err := s.Reopen(ctx, "a", time.Time{}, nil, nil); !errors.Is(err, ErrNotEnded) {
		t.Error(err)
	}
	finish(t, s, "a")
	r, err := s.Reopen(ctx, "a", time.Time{}, []Record{{"keep", []byte("1")}, {"drop.1", nil}, {"gone", nil}}, []string{"drop*", "gone"})
	if err != nil || r.Attempt != 2 || r.Status != Queued || r.Seq != a.Seq {
		t.Fatal(r, err)
	}
	back, err := s.Run(ctx, "a")
	if d := diff(r, back); err != nil || d != "" {
		t.Error(err, d)
	}
	recs, err := s.Records(ctx, "a")
	if d := diff([]Record{{"keep", []byte("1")}}, recs); err != nil || d != "" {
		t.Error(err, d)
	}
	if heads, err := s.Pending(ctx); err != nil || len(heads) != 1 {
		t.Error(heads, err)
	}
	if n, err := s.Prune(ctx, start.AddDate(1, 0, 0), 10); n != 0 || err != nil {
		t.Error(n, err)
	}
	mustVerify(t, dir)
	finish(t, s, "a")
	mustVerify(t, dir)
}

// Submit keeps the order, also with what is submitted from an answer.
func TestSubmitOrder(t *testing.T) {
	s := open(t, dataDir(t))
	accept(t, s, newRun("a"))
	const n = 2000
	var order []int
	var wg sync.WaitGroup
	wg.Add(n + 1)
	for i := range n {
		s.Submit(Write{Run: "a", Put: []Record{{"p", fmt.Append(nil, i)}}}, func(err error) {
			if err != nil {
				t.Error(err)
			}
			order = append(order, i)
			if i == 0 {
				s.Submit(Write{Run: "a", Put: []Record{{"q", nil}}}, func(error) { wg.Done() })
			}
			wg.Done()
		})
	}
	wg.Wait()
	for i, got := range order {
		if i != got {
			t.Fatalf("answer %d is that of write %d", i, got)
		}
	}
	if recs, err := s.Records(ctx, "a"); err != nil || string(recs[0].Data) != fmt.Sprint(n-1) {
		t.Error(recs, err)
	}
}

// Close stores what is queued; later calls are told.
func TestD13CloseFlushes(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	accept(t, s, newRun("a"))
	answers := make(chan error, 1000)
	for i := range 1000 {
		s.Submit(Write{Run: "a", Put: []Record{{fmt.Sprint(i), nil}}}, func(err error) { answers <- err })
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if err := <-answers; err != nil {
			t.Fatal(err)
		}
	}
	s.Submit(Write{Run: "a"}, func(err error) { answers <- err })
	if err := <-answers; !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := s.Run(ctx, "a"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error("closing twice:", err)
	}
	s = open(t, dir)
	if recs, err := s.Records(ctx, "a"); err != nil || len(recs) != 1000 {
		t.Error(len(recs), err)
	}
}

// An operation that fails half-way takes nothing with it and leaves nothing behind.
func TestFailureStaysAlone(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	for _, id := range []string{"a", "b", "c"} {
		accept(t, s, newRun(id))
	}
	if err := s.do(ctx, func(w *writer) error {
		_, err := w.c.exec("CREATE TRIGGER sabotage BEFORE INSERT ON log WHEN new.message='bad' BEGIN SELECT RAISE(ABORT, 'sabotage'); END")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	gate := make(chan struct{})
	s.Submit(Write{Run: "a"}, func(error) { <-gate }) // so that the next three are one batch
	answers := map[string]error{}
	var wg sync.WaitGroup
	for _, id := range []string{"a", "b", "c"} {
		wg.Add(1)
		message := "good"
		if id == "b" {
			message = "bad"
		}
		s.Submit(Write{Run: id, Put: []Record{{"p", nil}}, Logs: []LogLine{{Message: message}}}, func(err error) { answers[id] = err; wg.Done() })
	}
	close(gate)
	wg.Wait()
	if answers["a"] != nil || answers["c"] != nil || answers["b"] == nil {
		t.Fatal(answers)
	}
	for id, want := range map[string]int{"a": 1, "b": 0, "c": 1} {
		recs, err := s.Records(ctx, id)
		if err != nil || len(recs) != want {
			t.Error(id, recs, err)
		}
	}
	mustVerify(t, dir)
}

func TestSchedulesAndFire(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	a := Schedule{Blueprint: "crm", Reference: "a", Runbook: "sync", Spec: []byte("daily"), Input: []byte("{}"), NextAt: start, Dynamic: true}
	b := Schedule{Blueprint: "crm", Reference: "b"}
	for _, sc := range []Schedule{b, a, a} {
		if err := s.PutSchedule(ctx, sc); err != nil {
			t.Fatal(err)
		}
	}
	a.LastAt, a.NextAt = start, start.Add(24*time.Hour)
	runs, err := s.Fire(ctx, a, []Run{newRun("1"), newRun("2")})
	if err != nil || len(runs) != 2 || runs[1].Seq != 2 {
		t.Fatal(runs, err)
	}
	if runs, err = s.Fire(ctx, a, []Run{newRun("2"), newRun("3")}); err != nil || len(runs) != 1 || runs[0].ID != "3" {
		t.Fatal(runs, err)
	}
	got, err := s.Schedules(ctx)
	if d := diff([]Schedule{a, b}, got); err != nil || d != "" {
		t.Error(err, d)
	}
	if err := s.DeleteSchedule(ctx, "crm", "a"); err != nil {
		t.Error(err)
	}
	if err := s.DeleteSchedule(ctx, "crm", "a"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.Fire(ctx, a, []Run{newRun("4")}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err := s.Run(ctx, "4"); !errors.Is(err, ErrNotFound) {
		t.Error("a run of a deleted schedule:", err)
	}
	mustVerify(t, dir)
}
