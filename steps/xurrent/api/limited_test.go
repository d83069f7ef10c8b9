package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"currant/steps"
)

// limited is a service with limits, in memory: it runs on the fake clock of a synctest bubble.
type limited struct {
	rate, cost int           // per window; 0 is no limit and no headers
	window     time.Duration // fixed windows, from the epoch
	latency    time.Duration
	costOf     func(text string) int
	others     int // requests per window of somebody else, at its start

	mu               sync.Mutex
	until            time.Time
	used             int
	spent            int
	served           int
	refused          int
	concurrent, most int
	at               []time.Time // of the served
}

func (l *limited) RoundTrip(req *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(req.Body)
	l.mu.Lock()
	l.concurrent++
	l.most = max(l.most, l.concurrent)
	l.mu.Unlock()
	time.Sleep(l.latency / 2)
	resp := l.judge(string(body))
	resp.Request = req
	time.Sleep(l.latency / 2)
	l.mu.Lock()
	l.concurrent--
	l.mu.Unlock()
	return resp, nil
}

func (l *limited) judge(body string) *http.Response {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if !now.Before(l.until) {
		l.until = now.Truncate(l.window).Add(l.window)
		l.used, l.spent = l.others, 0
	}
	cost := 1
	if l.costOf != nil {
		cost = l.costOf(body)
	}
	h := http.Header{}
	set := func(name string, n int) { h.Set(name, strconv.Itoa(n)) }
	resp := &http.Response{StatusCode: 200, Header: h, Body: io.NopCloser(strings.NewReader(`{"data":{"me":{"id":"1"}}}`))}
	over := l.rate > 0 && l.used >= l.rate || l.cost > 0 && l.spent+cost > l.cost
	if over {
		l.refused++
		resp.StatusCode = 429
		set("Retry-After", int(l.until.Sub(now).Seconds())+1)
	} else {
		l.used++
		l.spent += cost
		l.served++
		l.at = append(l.at, now)
	}
	if l.rate > 0 {
		set("X-Ratelimit-Limit", l.rate)
		set("X-Ratelimit-Remaining", l.rate-l.used)
		set("X-Ratelimit-Reset", int(l.until.Unix()))
	}
	if l.cost > 0 {
		set("X-Costlimit-Limit", l.cost)
		set("X-Costlimit-Remaining", l.cost-l.spent)
		set("X-Costlimit-Cost", cost)
		set("X-Costlimit-Reset", int(l.until.Unix()))
	}
	return resp
}

func (l *limited) client(t *testing.T, edit func(*Config)) *Client {
	c := Config{AccountID: "acme", PersonalAccessToken: patCanary}
	if edit != nil {
		edit(&c)
	}
	client := opened(t, c)
	client.wire.base = l
	return client
}

// work does n requests by some workers, as the engine would: who is put back comes again.
func work(t *testing.T, c *Client, n, workers int, text func(i int) string) (paced int) {
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		next int
	)
	for range workers {
		wg.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= n {
					return
				}
				for {
					_, err := c.Do(context.Background(), Request{Text: text(i)})
					if err == nil {
						break
					}
					var back *steps.PutBack
					if !errors.As(err, &back) {
						t.Error(err)
						return
					}
					if back.Paced {
						mu.Lock()
						paced++
						mu.Unlock()
						if back.After <= MaxWait && !strings.Contains(back.Reason, "not known") {
							t.Errorf("put back for %s only: %s", back.After, back.Reason)
						}
					}
					time.Sleep(back.After)
				}
			}
		})
	}
	wg.Wait()
	return paced
}

func same(int) string { return "{ me { id } }" }
