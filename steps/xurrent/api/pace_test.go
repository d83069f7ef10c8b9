package api

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"currant/steps"
)

func TestPacingKeepsBelowSixtyRequestsAMinute(t *testing.T) {
	for _, workers := range []int{1, 8, 64} {
		for _, start := range []time.Duration{0, 17*time.Second + 300*time.Millisecond, 59*time.Second + 700*time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(start)
				l := &limited{rate: 60, window: time.Minute, latency: 80 * time.Millisecond}
				begun := time.Now()
				paced := work(t, l.client(t, nil), 300, workers, same)
				took := time.Since(begun)
				if l.refused != 0 || l.served != 300 {
					t.Errorf("%d workers from %s: %d served, %d refused", workers, start, l.served, l.refused)
				}
				// 300 are five windows full: the fifth may begin after four minutes.
				if took > 5*time.Minute+30*time.Second || took < 3*time.Minute {
					t.Errorf("%d workers from %s: took %s", workers, start, took)
				}
				if paced > 3*300 {
					t.Errorf("%d workers from %s: %d put-backs for 300 requests", workers, start, paced)
				}
			})
		}
	}
}

// The control of the tests above: without pacing the same work is refused.
func TestWithoutPacingTheServiceRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limited{rate: 60, window: time.Minute, latency: 80 * time.Millisecond}
		work(t, l.client(t, func(c *Config) { c.NoPacing = true }), 300, 8, same)
		if l.refused == 0 {
			t.Error("nothing was refused")
		}
	})
}

func TestPacingKeepsBelowTheCostLimit(t *testing.T) {
	costs := func(body string) int {
		if strings.Contains(body, "people") {
			return 9
		}
		return 2
	}
	for _, workers := range []int{1, 16} {
		synctest.Test(t, func(t *testing.T) {
			l := &limited{rate: 1000, cost: 300, window: time.Minute, latency: 80 * time.Millisecond, costOf: costs}
			begun := time.Now()
			work(t, l.client(t, nil), 300, workers, func(i int) string {
				if i%3 == 0 {
					return "{ people { id } }"
				}
				return "{ me { id } }"
			})
			// 1,300 points are four windows and a part of the fifth.
			if took := time.Since(begun); l.refused != 0 || took > 6*time.Minute {
				t.Errorf("%d workers: %d refused, took %s", workers, l.refused, took)
			}
		})
	}
}

func TestPacingSharesWithOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limited{rate: 60, window: time.Minute, latency: 80 * time.Millisecond, others: 30}
		work(t, l.client(t, nil), 120, 8, same)
		if l.refused != 0 {
			t.Errorf("%d refused", l.refused)
		}
	})
}

func TestPacingDelaysNothingWhileMuchIsLeft(t *testing.T) {
	for _, l := range []*limited{{rate: 3600, cost: 5000, window: time.Hour, latency: 10 * time.Millisecond}, {latency: 10 * time.Millisecond}} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			if paced := work(t, l.client(t, nil), 1000, 32, same); paced != 0 {
				t.Errorf("%d put-backs", paced)
			}
			if took := time.Since(begun); took > 500*time.Millisecond || l.refused != 0 {
				t.Errorf("took %s, %d refused", took, l.refused)
			}
		})
	}
}

func TestPacingOfManyAtOnceWithLittleLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limited{rate: 60, window: time.Minute, latency: time.Second, others: 49}
		c := l.client(t, nil)
		must(t, c, Request{Text: "{ me { id } }"}) // 10 are left
		var wg sync.WaitGroup
		var mu sync.Mutex
		var afters []time.Duration
		for range 64 {
			wg.Go(func() {
				if _, err := c.Do(context.Background(), Request{Text: "{ me { id } }"}); err != nil {
					mu.Lock()
					defer mu.Unlock()
					p := putBack(t, err)
					if !p.Paced || p.Status != 0 || !strings.HasPrefix(p.Reason, "pacing: 10 of 60 requests are left until ") {
						t.Errorf("%+v", p)
					}
					afters = append(afters, p.After)
				}
			})
		}
		wg.Wait()
		if l.refused != 0 || l.served > 10 || l.served+len(afters) != 65 {
			t.Errorf("%d served, %d refused, %d put back", l.served, l.refused, len(afters))
		}
		seen := map[time.Duration]int{}
		for _, a := range afters {
			seen[a.Truncate(time.Second/2)]++
		}
		for a, n := range seen {
			if n > 3 {
				t.Errorf("%d were told to come at once, after %s", n, a)
			}
		}
	})
}

func TestPacingJustBeforeTheReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(59*time.Second + 300*time.Millisecond)
		l := &limited{rate: 60, window: time.Minute, latency: 100 * time.Millisecond, others: 59}
		c := l.client(t, nil)
		must(t, c, Request{Text: "{ me { id } }"}) // nothing is left, for so short that all of them wait
		l.mu.Lock()
		l.others = 0
		l.mu.Unlock()
		work(t, c, 200, 200, same)
		if l.refused != 0 || l.served != 201 {
			t.Errorf("%d served, %d refused", l.served, l.refused)
		}
	})
}

func TestFirstRequestsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limited{rate: 3600, window: time.Hour, latency: time.Second}
		c := l.client(t, nil)
		var all sync.WaitGroup
		all.Go(func() { work(t, c, 50, 50, same) })
		time.Sleep(900 * time.Millisecond)
		l.mu.Lock()
		if l.most != probes {
			t.Errorf("%d at once before the first answer", l.most)
		}
		l.mu.Unlock()
		all.Wait()
		if l.served != 50 || l.most < 40 {
			t.Errorf("%d served, %d at once after it", l.served, l.most)
		}
	})
}

func TestRefusalHoldsTheOthersBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limited{latency: 10 * time.Millisecond} // says nothing of limits
		c := l.client(t, nil)
		must(t, c, Request{Text: "{ me { id } }"})
		turn, err := c.pace.acquire(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		turn.done(answered{header: http.Header{}, refusedFor: 30 * time.Second})
		_, err = c.Do(t.Context(), Request{Text: "{ me { id } }"})
		if p := putBack(t, err); !p.Paced || p.After < 29*time.Second || p.After > 31*time.Second {
			t.Errorf("%+v", p)
		}
		time.Sleep(30 * time.Second)
		must(t, c, Request{Text: "{ me { id } }"})
	})
}

func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limited{latency: 10 * time.Millisecond}
		work(t, l.client(t, func(c *Config) { c.Burst = 19 }), 100, 40, same)
		for i := 19; i < len(l.at); i++ {
			if d := l.at[i].Sub(l.at[i-19]); d < burstSpan-20*time.Millisecond {
				t.Fatalf("20 requests within %s", d)
			}
		}
		if l.served != 100 {
			t.Errorf("%d served", l.served)
		}
	})
}

func TestWaitingForATurnCanBeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limited{rate: 60, window: time.Minute, latency: time.Millisecond, others: 48}
		c := l.client(t, nil)
		time.Sleep(50 * time.Second)
		must(t, c, Request{Text: "{ a }"})
		must(t, c, Request{Text: "{ a }"})
		before := c.pace.rate.inFlight
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := c.Do(ctx, Request{Text: "{ a }"})
		failed(t, err, steps.TimeoutError)
		if c.pace.inFlight != 0 || c.pace.rate.inFlight != before {
			t.Errorf("a turn was not given back: %d, %g", c.pace.inFlight, c.pace.rate.inFlight)
		}
	})
}
