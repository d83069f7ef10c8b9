package journal

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func signed(id, delivery, nonce string, at time.Time) Run {
	r := newRun(id)
	r.Delivery, r.Nonce, r.AcceptedAt, r.NonceUntil = delivery, nonce, at, at.Add(2*time.Minute)
	return r
}

// 1,000 nonces, each 8 times at once under deliveries of its own, are 1,000 runs; the other 7 are told of the replay.
func TestJ11NonceStartsOneRun(t *testing.T) {
	s := open(t, dataDir(t))
	const tokens, copies = 1000, 8
	var fresh, replayed atomic.Int64
	var wg sync.WaitGroup
	for i := range tokens {
		for j := range copies {
			wg.Go(func() {
				_, ok, err := s.Accept(ctx, signed(fmt.Sprintf("r%d-%d", i, j), fmt.Sprintf("d%d-%d", i, j), fmt.Sprint("n", i), start))
				switch {
				case err == nil && ok:
					fresh.Add(1)
				case errors.Is(err, ErrReplayed):
					replayed.Add(1)
				default:
					t.Errorf("%d-%d: fresh=%v, %v", i, j, ok, err)
				}
			})
		}
	}
	wg.Wait()
	if fresh.Load() != tokens || replayed.Load() != tokens*(copies-1) {
		t.Errorf("%d runs, %d replays", fresh.Load(), replayed.Load())
	}
}

// A repeated delivery is answered with the first run; the same nonce elsewhere is another event.
func TestJ11NonceAndDelivery(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	first := accept(t, s, signed("a", "d1", "n1", start))
	again, fresh, err := s.Accept(ctx, signed("b", "d1", "n1", start))
	if err != nil || fresh || again.ID != first.ID {
		t.Fatalf("repeated: %s %v %v", again.ID, fresh, err)
	}
	if _, _, err := s.Accept(ctx, signed("c", "d2", "n1", start)); !errors.Is(err, ErrReplayed) {
		t.Fatalf("replayed: %v", err)
	}
	// J12: the delivery is known, so the new nonce starts nothing and is not used up.
	again, fresh, err = s.Accept(ctx, signed("e", "d1", "n2", start))
	if err != nil || fresh || again.ID != first.ID {
		t.Fatalf("known delivery: %s %v %v", again.ID, fresh, err)
	}
	accept(t, s, signed("f", "d3", "n2", start))
	other := signed("g", "d1", "n1", start)
	other.Runbook = "another"
	accept(t, s, other)
	none := newRun("h") // without a nonce, as often as one likes
	accept(t, s, none)
	s.Close()
	mustVerify(t, dir)
	s = open(t, dir)
	if _, _, err := s.Accept(ctx, signed("i", "d4", "n1", start)); !errors.Is(err, ErrReplayed) {
		t.Fatalf("after a restart: %v", err)
	}
}

// A nonce is kept until its time is over, however long its run is kept; without a time, for good.
func TestJ11NonceTime(t *testing.T) {
	s := open(t, dataDir(t))
	accept(t, s, signed("a", "d1", "n1", start))
	forever := signed("b", "d2", "n2", start)
	forever.NonceUntil = time.Time{}
	accept(t, s, forever)
	for _, id := range []string{"a", "b"} {
		commit(t, s, Write{Run: id, End: &End{Status: Finished, At: start.Add(-24 * time.Hour)}})
	}
	if n, err := s.Prune(ctx, start.Add(2*time.Minute), 10); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	late := start.Add(2 * time.Minute)
	if _, _, err := s.Accept(ctx, signed("c", "d3", "n1", late)); !errors.Is(err, ErrReplayed) {
		t.Errorf("at the end of its time: %v", err)
	}
	accept(t, s, signed("d", "d4", "n1", late.Add(time.Nanosecond)))
	if _, err := s.Prune(ctx, start.Add(time.Hour), 10); err != nil {
		t.Fatal(err)
	}
	report, err := Verify(filepath.Dir(s.file))
	if err != nil || report.Err() != nil || report.Rows["nonce"] != 1 {
		t.Fatal(report.Rows["nonce"], err, report.Err())
	}
	if _, _, err := s.Accept(ctx, signed("e", "d5", "n2", start.AddDate(50, 0, 0))); !errors.Is(err, ErrReplayed) {
		t.Errorf("one for good: %v", err)
	}
}

// A damaged row is found.
func TestD4NonceDamage(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	accept(t, s, signed("a", "d1", "n1", start))
	s.Close()
	mustVerify(t, dir)
	for _, set := range []string{"nonce='n2'", "run='b'", "until=until+1", "until=NULL", "runbook='x'"} {
		c, err := connect(filepath.Join(dir, fileName), readWrite, "", writerPragmas)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.script(ctx, "CREATE TEMP TABLE old AS SELECT * FROM nonce; UPDATE nonce SET "+set); err != nil {
			t.Fatal(err)
		}
		if r, err := Verify(dir); err != nil || r.Err() == nil {
			t.Errorf("%s: not found (%v)", set, err)
		}
		if err := c.script(ctx, "DELETE FROM nonce; INSERT INTO nonce SELECT * FROM old"); err != nil {
			t.Fatal(err)
		}
		c.close()
	}
	mustVerify(t, dir)
}

// A folder of the format before has no nonces, and is upgraded with its runs.
func TestD12UpgradeToNonces(t *testing.T) {
	scripts, err := migrations(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	dir := dataDir(t)
	s := openWith(t, dir, Options{migrations: scripts[:1]})
	accept(t, s, newRun("a"))
	s.Close()
	s = open(t, dir)
	if _, err := s.Run(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	accept(t, s, signed("b", "d1", "n1", start))
	mustVerify(t, dir)
}

// Any order of deliveries, nonces, times and prunings gives what a small model gives.
func TestJ11NonceModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := Open(tempDir(t), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		now := start
		until, deliveries := map[string]time.Time{}, map[string]string{}
		for i := range rapid.IntRange(1, 30).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "seconds")) * time.Second)
			if rapid.IntRange(0, 5).Draw(t, "prune") == 0 {
				if _, err := s.Prune(ctx, now, 100); err != nil {
					t.Fatal(err)
				}
			}
			id := fmt.Sprint("r", i)
			d := fmt.Sprint("d", rapid.IntRange(0, 9).Draw(t, "delivery"))
			n := fmt.Sprint("n", rapid.IntRange(0, 4).Draw(t, "nonce"))
			r, fresh, err := s.Accept(ctx, signed(id, d, n, now))
			end, used := until[n]
			used = used && !end.Before(now)
			first, known := deliveries[d]
			switch {
			case known && (err != nil || fresh || r.ID != first):
				t.Fatalf("a known delivery: %s %v %v, want %s", r.ID, fresh, err, first)
			case !known && used && !errors.Is(err, ErrReplayed):
				t.Fatalf("a replay: %v %v", fresh, err)
			case !known && !used:
				if err != nil || !fresh {
					t.Fatalf("a new event: %v %v", fresh, err)
				}
				until[n], deliveries[d] = now.Add(2*time.Minute), id
			}
		}
	})
}
