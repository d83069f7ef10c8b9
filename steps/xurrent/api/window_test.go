package api

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

// Headers are outside input: whatever they say, nothing panics, and a request goes or is put back for a time
// that ends.
func FuzzPacer(f *testing.F) {
	f.Add(uint64(1))
	f.Add(uint64(42))
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 1))
		at := time.Unix(1_900_000_000, 0)
		p := newPacer(func() time.Time { return at }, r.IntN(3))
		number := func() *int64 {
			n := []int64{0, 1, 60, -1, 1 << 62, -1 << 63, r.Int64N(100)}[r.IntN(7)]
			if r.IntN(5) == 0 {
				return nil
			}
			return &n
		}
		limit := func() Limit {
			l := Limit{Limit: number(), Remaining: number(), Cost: number()}
			if r.IntN(4) > 0 {
				l.Reset = at.Add(time.Duration(r.Int64N(int64(3*time.Minute))) - time.Minute)
			}
			return l
		}
		for i := range 200 {
			p.mu.Lock()
			if p.probing(at) {
				t.Fatal("probing though nothing is in flight")
			}
			tn := &turn{p: p, text: uint64(r.IntN(4))}
			when, back := p.take(at, tn)
			p.mu.Unlock()
			switch {
			case back != nil && (back.After <= MaxWait || back.After > maxDelay):
				t.Fatalf("%d: put back for %s: %s", i, back.After, back.Reason)
			case back == nil && (when.Before(at) || when.Sub(at) > MaxWait):
				t.Fatalf("%d: a turn at %s, it is %s", i, when, at)
			case back == nil:
				h := http.Header{}
				if r.IntN(2) == 0 {
					h.Set("Date", at.Add(time.Duration(r.IntN(100))*time.Second).UTC().Format(http.TimeFormat))
				}
				tn.done(answered{header: h, rate: limit(), cost: limit(), refusedFor: time.Duration(r.IntN(2)) * time.Second})
			}
			at = at.Add(time.Duration(r.Int64N(int64(20 * time.Second))))
		}
	})
}

// pacerWith is a pacer whose one answer has told a rate and a cost, by a fixed clock.
func pacerWith(t *testing.T, rate, cost Limit) *pacer {
	t.Helper()
	p := newPacer(func() time.Time { return pacerNow }, 0)
	first, err := p.acquire(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	first.done(answered{header: http.Header{}, rate: rate, cost: cost})
	return p
}

var pacerNow = time.Unix(1_900_000_000, 0)

func left(limit, remaining int64) Limit {
	return Limit{Limit: &limit, Remaining: &remaining, Reset: pacerNow.Add(time.Minute)}
}

// A request without an answer may have been counted.
func TestRequestsWithoutAnswerCount(t *testing.T) {
	for _, p := range []*pacer{pacerWith(t, left(10, 4), Limit{}), pacerWith(t, Limit{}, left(10, 4))} {
		n := 0
		for ; n < 10; n++ {
			next, err := p.acquire(t.Context(), "x")
			if err != nil {
				putBack(t, err)
				break
			}
			next.done(answered{})
		}
		if n == 0 || n > 4 {
			t.Errorf("%d requests went of the 4 that were left", n)
		}
	}
}

// A service that no longer tells its limits is not asked by a few at a time for ever.
func TestLimitsThatAreToldNoLonger(t *testing.T) {
	p := pacerWith(t, left(10, 4), left(10, 4))
	p.now = func() time.Time { return pacerNow.Add(2 * time.Minute) }
	first, err := p.acquire(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	first.done(answered{header: http.Header{}})
	for range 100 {
		if _, err := p.acquire(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
	}
}

// Answers of one window come in any order, so the least that is left counts; unless the limit was changed.
func TestLeastOfAWindowCounts(t *testing.T) {
	p := pacerWith(t, left(60, 0), Limit{})
	tell := func(l Limit) error {
		(&turn{p: p}).done(answered{header: http.Header{}, rate: l})
		p.inFlight, p.rate.inFlight = 0, 0 // there was no acquire
		next, err := p.acquire(t.Context(), "x")
		if err == nil {
			next.done(answered{header: http.Header{}})
		}
		return err
	}
	putBack(t, tell(left(60, 50)))
	older := left(60, 60)
	older.Reset = pacerNow.Add(-time.Minute)
	putBack(t, tell(older))
	if err := tell(left(600, 500)); err != nil {
		t.Errorf("after the limit was raised: %v", err)
	}
}

func TestClockSkew(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	ahead := http.Header{"Date": {now.Add(-30 * time.Second).UTC().Format(http.TimeFormat)}}
	if got := localReset(now, now.Add(30*time.Second), ahead).Sub(now); got != 61*time.Second {
		t.Errorf("our clock is 30 s ahead: the window ends in %s", got)
	}
	if got := localReset(now, now.Add(30*time.Second), http.Header{}).Sub(now); got != 31*time.Second {
		t.Errorf("no date: %s", got)
	}
}
