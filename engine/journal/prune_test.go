package journal

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestD14Prune(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	for _, v := range []string{"v1", "v2", "v3"} {
		if err := s.PutVersion(ctx, v, "crm", []byte("text "+v)); err != nil {
			t.Fatal(err)
		}
	}
	const ended, unfinished = 200, 5
	for i := range ended {
		r := newRun(fmt.Sprint("e", i))
		r.Version = "v1"
		accept(t, s, r)
		w := Write{Run: r.ID, End: &End{Status: Finished, At: start.Add(time.Duration(i) * time.Second), History: []byte("h")}}
		if i == 0 {
			w.Logs = make([]LogLine, 3*stepLogs+1)
		}
		s.Submit(w, nil)
	}
	for i := range unfinished {
		r := newRun(fmt.Sprint("u", i))
		r.Version = "v2"
		accept(t, s, r)
		commit(t, s, Write{Run: r.ID, Put: []Record{{"p", make([]byte, 70<<10)}}, Update: &Update{Status: []Status{Queued, Running, Waiting, Held, Held}[i]}})
	}
	far := start.AddDate(10, 0, 0)
	if n, err := s.Prune(ctx, start, 1000); n != 0 || err != nil {
		t.Fatalf("before the time: %d %v", n, err)
	}
	if n, err := s.Prune(ctx, start.Add(time.Hour+9*time.Second), 1000); n != 10 || err != nil {
		t.Fatalf("the first ten: %d %v", n, err)
	}
	if n, err := s.Prune(ctx, far, 100); n != 100 || err != nil {
		t.Fatalf("a limit of 100: %d %v", n, err)
	}
	if _, err := s.Version(ctx, "v1"); err != nil {
		t.Error("a text that runs refer to is gone:", err)
	}
	if n, err := s.Prune(ctx, far, 1000); n != ended-110 || err != nil {
		t.Fatalf("the rest: %d %v", n, err)
	}
	runs, err := s.List(ctx, Filter{})
	if err != nil || len(runs) != unfinished {
		t.Fatal(len(runs), err)
	}
	if _, err := s.Version(ctx, "v1"); !errors.Is(err, ErrNotFound) {
		t.Error("a text nobody needs:", err)
	}
	for _, v := range []string{"v2", "v3"} { // a run needs one, the present the other
		if text, err := s.Version(ctx, v); err != nil || string(text) != "text "+v {
			t.Error(string(text), err)
		}
	}
	report, err := Verify(dir)
	if err != nil || report.Err() != nil {
		t.Fatal(err, report.Err())
	}
	for _, table := range []string{"ending", "log"} {
		if n := report.Rows[table]; n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
	// The delivery may come again; numbers do not, not even after a restart.
	for i := range unfinished {
		finish(t, s, fmt.Sprint("u", i))
	}
	if n, err := s.Prune(ctx, far, 1000); n != unfinished || err != nil {
		t.Fatal(n, err)
	}
	s.Close()
	s = open(t, dir)
	if r := accept(t, s, newRun("e0")); r.Seq != ended+unfinished+1 {
		t.Errorf("number %d is given again", r.Seq)
	}
}

// Others are served between the steps of a long prune.
func TestD14SmallSteps(t *testing.T) {
	s := open(t, dataDir(t))
	r := newRun("a")
	accept(t, s, r)
	commit(t, s, Write{Run: "a", Logs: make([]LogLine, 5*stepLogs), End: &End{Status: Failed, At: start}})
	for i := range 3 * stepRuns {
		r := newRun(fmt.Sprint("r", i))
		accept(t, s, r)
		s.Submit(Write{Run: r.ID, End: &End{Status: Failed, At: start.Add(1)}}, nil)
	}
	for step := 0; ; step++ {
		var n, before, after int64
		var more bool
		err := s.do(ctx, func(w *writer) error {
			count := func() int64 {
				runs, _ := w.c.scalar(ctx, "SELECT (SELECT count(*) FROM run)+(SELECT count(*) FROM log)")
				return num(runs)
			}
			before = count()
			runs, again, err := w.pruneStep(start.AddDate(1, 0, 0), stepRuns)
			n, more, after = int64(runs), again, count()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if gone := before - after; gone > stepLogs+stepRuns {
			t.Fatalf("step %d deletes %d rows", step, gone)
		}
		if !more {
			if after != 0 || n != 0 {
				t.Fatalf("%d rows are left", after)
			}
			return
		}
	}
}
