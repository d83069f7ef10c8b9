package xurrent

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
	"currant/steps/xurrent/sim"
)

// 1,000 polls of 40 steps against one host: never more at once than the cap, and up to it.
func TestS7CapOnPolls(t *testing.T) {
	full := make(chan struct{})
	var once sync.Once
	var s *results
	s = newResults(t, func(w http.ResponseWriter, _ *http.Request, i, _ int) {
		s.mu.Lock()
		if s.active >= pollsAtOnce {
			once.Do(func() { close(full) })
		}
		s.mu.Unlock()
		select {
		case <-full:
			time.Sleep(time.Millisecond) // so that calls overlap
		case <-time.After(10 * time.Second):
		}
		ready(w, i)
	})
	var wg sync.WaitGroup
	for range 40 {
		c := s.call(25, "")
		wg.Go(func() {
			if pg, err := s.kind.Pager.Fetch(t.Context(), c); err != nil || len(pg.Items) != 25 {
				t.Errorf("%d items, %v", len(pg.Items), err)
			}
		})
	}
	wg.Wait()
	if s.most != pollsAtOnce || len(s.order) != 1000 {
		t.Errorf("%d at once of %d polls, want %d of 1000", s.most, len(s.order), pollsAtOnce)
	}
}

// A host whose answers do not come holds up no other one's polls.
func TestS7SlowHostHoldsUpItsOwnOnly(t *testing.T) {
	full, over := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var slow *results
	slow = newResults(t, func(w http.ResponseWriter, _ *http.Request, i, _ int) {
		slow.mu.Lock()
		if slow.active == pollsAtOnce {
			once.Do(func() { close(full) })
		}
		slow.mu.Unlock()
		<-over
		ready(w, i)
	})
	other := newResults(t, func(w http.ResponseWriter, _ *http.Request, i, _ int) { ready(w, i) })
	other.kind = slow.kind // of one runner
	var wg sync.WaitGroup
	for range pollsAtOnce { // more polls than slots
		c := slow.call(4, "")
		wg.Go(func() {
			if pg, err := slow.kind.Pager.Fetch(t.Context(), c); err != nil || len(pg.Items) != 4 {
				t.Errorf("%d items, %v", len(pg.Items), err)
			}
		})
	}
	<-full
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if pg, err := other.kind.Pager.Fetch(ctx, other.call(10, "")); err != nil || len(pg.Items) != 10 {
		t.Errorf("the other host: %d items, %v", len(pg.Items), err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := slow.kind.Pager.Fetch(gone, slow.call(1, "")); err == nil {
		t.Error("a call that was given up has polled")
	}
	close(over)
	wg.Wait()
	if slow.most != pollsAtOnce {
		t.Errorf("%d at once", slow.most)
	}
}

// No host is remembered that is polled no more.
func TestSlotsAreForgotten(t *testing.T) {
	var s slots
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	var all []func()
	for range pollsAtOnce {
		release, err := s.take(t.Context(), "A.test")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, release)
	}
	if _, err := s.take(gone, "a.test"); !errors.Is(err, context.Canceled) {
		t.Errorf("a slot more than there are: %v", err)
	}
	for _, release := range all {
		release()
	}
	if len(s.hosts) != 0 {
		t.Errorf("%d hosts", len(s.hosts))
	}
}

func TestS7PausesDiffer(t *testing.T) {
	s := newResults(t, never)
	pauses := map[time.Duration]bool{}
	for range 20 {
		c := s.call(1, "backoff_time = \"1m\"")
		o := s.fetch(c, func(o *outcome) bool { return len(o.parks) == 0 })
		if len(o.parks) != 1 || o.parks[0] < time.Minute || o.parks[0] > 66*time.Second {
			t.Fatalf("pauses %v, %v", o.parks, o.err)
		}
		pauses[o.parks[0]] = true
	}
	if len(pauses) < 10 {
		t.Errorf("%d different pauses of 20", len(pauses))
	}
}

// A pause that is known only in the run is not too short either: rounds without one would be a loop.
func TestS7ShortestPause(t *testing.T) {
	s := newResults(t, never)
	for pause, want := range map[string]int{"0s": 0, "999ms": 0, "1s": 1} {
		c := s.callOf("urls = [\""+s.srv.URL+"/0\"]\nbackoff_time = pause", map[string]cty.Value{"pause": cty.StringVal(pause)})
		before := len(s.order)
		o := s.fetch(c, func(o *outcome) bool { return len(o.parks) == 0 })
		var e *steps.Error
		if refused := errors.As(o.err, &e) && e.Kind == steps.InputError && strings.Contains(e.Message, "shortest pause"); refused != (want == 0) || len(s.order)-before != want {
			t.Errorf("%s: %d polls, %v", pause, len(s.order)-before, o.err)
		}
	}
}

// A step that is asked before its time polls nobody.
func TestS7Interval(t *testing.T) {
	s := newResults(t, never)
	c := s.call(1, "")
	o := s.fetch(c, func(o *outcome) bool { return len(o.parks) == 0 })
	c.Cursor, c.Now = o.cursor, c.Now.Add(-time.Second)
	again := s.fetch(c, func(o *outcome) bool { return len(o.parks) == 0 })
	if len(s.order) != 1 || again.parks[0] != time.Second || string(again.cursor) != string(o.cursor) {
		t.Errorf("%d polls, %v, %s", len(s.order), again.parks, again.cursor)
	}
}

// Retry-After is honoured, as seconds and as a date, and the round goes on where it was refused.
func TestS7RetryAfter(t *testing.T) {
	s := newResults(t, func(w http.ResponseWriter, _ *http.Request, i, nth int) {
		switch {
		case i == 2 && nth == 1:
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
		case i == 2 && nth == 2:
			w.Header().Set("Retry-After", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusTooManyRequests)
		case i == 2:
			ready(w, i)
		default:
			_, _ = io.WriteString(w, "{}")
		}
	})
	c := s.call(3, "")
	o := s.fetch(c, func(o *outcome) bool { return len(o.items) == 0 })
	if o.err != nil || len(o.parks) != 2 || o.parks[0] != 2*time.Minute || o.parks[1] < 9*time.Minute || o.parks[1] > 10*time.Minute {
		t.Fatalf("pauses %v: %v", o.parks, o.err)
	}
	if s.asked[0] != 1 || s.asked[1] != 1 || s.asked[2] != 3 {
		t.Errorf("asked %v", s.asked)
	}
	if !strings.Contains(o.whys[0], "result 3 of 3 at 127.0.0.1:") || !strings.HasSuffix(o.whys[0], "answered 503 Service Unavailable") {
		t.Errorf("it says %q", o.whys[0])
	}
}

func TestS7PollsAreGivenUp(t *testing.T) {
	begun := make(chan struct{}, 8)
	s := newResults(t, func(_ http.ResponseWriter, r *http.Request, _, _ int) {
		begun <- struct{}{}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	_, err := s.kind.Pager.Fetch(ctx, s.call(2, ""))
	fails(t, err, steps.CancelledError, "given up")
}

// An error counts once all else is handed over, and names the result and its host alone.
func TestAsyncErrors(t *testing.T) {
	for want, answer := range map[string]func(w http.ResponseWriter){
		"http: result 2 of 3 at 127.0.0.1:":   func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) },
		"http: result 2 of 3 at 127.0.0.1":    func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"decode: result 2 of 3 at 127.0.0.1:": func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<Error>canary</Error>") },
		"network: result 2 of 3 at 127.0.0.1": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		s := newResults(t, func(w http.ResponseWriter, _ *http.Request, i, _ int) {
			if i == 1 {
				answer(w)
				return
			}
			ready(w, i)
		})
		o := s.fetch(s.call(3, ""), nil)
		if o.err == nil || !strings.HasPrefix(o.err.Error(), want) || strings.Contains(o.err.Error(), "canary") {
			t.Errorf("got %v, want %s", o.err, want)
		}
		if got := s.numbers(o); !slices.Contains(got, 0) {
			t.Errorf("handed over %v", got)
		}
	}
	s := newResults(t, never)
	for url, want := range map[string]string{"ftp://x.test/a": "result 1 of 1", "http://10.0.0.1/canary": "not allowed", "": "result 1 of 1"} {
		o := s.fetch(s.callOf("urls = [u]", map[string]cty.Value{"u": cty.StringVal(url)}), nil)
		var e *steps.Error
		if o.err == nil {
			t.Errorf("%s was polled", url)
			continue
		}
		if e, _ = o.err.(*steps.Error); e == nil || e.Kind != steps.InputError || strings.Contains(e.Message, "canary") || want == "result 1 of 1" && !strings.HasPrefix(e.Message, want) {
			t.Errorf("%s: %v", url, o.err)
		}
	}
}

// After an error that a retry repeats, the round goes on, and nothing comes twice.
func TestAsyncGoesOnAfterAnError(t *testing.T) {
	var repaired atomic.Bool
	s := newResults(t, func(w http.ResponseWriter, _ *http.Request, i, _ int) {
		if i == 1 && !repaired.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		ready(w, i)
	})
	c := s.call(3, "")
	first := s.fetch(c, nil)
	fails(t, first.err, steps.HTTPError, "502 Bad Gateway")
	repaired.Store(true)
	second := s.fetch(c, nil)
	all := append(s.numbers(first), s.numbers(second)...)
	slices.Sort(all)
	if second.err != nil || !slices.Equal(all, []int{0, 1, 2}) {
		t.Errorf("%v: %v", all, second.err)
	}
}

func TestH3AsyncLimits(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for body, want := range map[string]string{
		`[` + nested(63) + `]`:                       "",
		`[` + nested(64) + `]`:                       "nested more than 64 deep",
		`{"n":` + strings.Repeat("9", 40) + `}`:      "",
		`{"n":` + strings.Repeat("9", 41) + `}`:      "digits",
		`{"canary":1,"canary":2}`:                    "stands twice",
		`"` + strings.Repeat("x", 10<<20-2) + `"`:    "",
		`"` + strings.Repeat("x", 10<<20) + `"`:      "larger than the limit of 10 MiB",
		`[` + strings.Repeat("0,", 500_000) + `0]`:   "more than 500000 values",
		`{"more":"{\"x\":1}","n":9007199254740993} `: "",
	} {
		s := newResults(t, func(w http.ResponseWriter, _ *http.Request, _, _ int) { _, _ = io.WriteString(w, body) })
		o := s.fetch(s.call(1, ""), nil)
		switch {
		case want == "" && (o.err != nil || plain(t, o.items[0].GetAttr("body")) != strings.TrimSpace(body)):
			t.Errorf("%.40s: %v", body, o.err)
		case want != "" && (o.err == nil || !strings.Contains(o.err.Error(), want) || strings.Contains(o.err.Error(), "canary")):
			t.Errorf("%.40s: %v", body, o.err)
		}
	}
}

// A page holds some megabytes of bodies, however many are ready.
func TestAsyncPagesAreBounded(t *testing.T) {
	body := `"` + strings.Repeat("x", 1<<20) + `"`
	s := newResults(t, func(w http.ResponseWriter, _ *http.Request, _, _ int) { _, _ = io.WriteString(w, body) })
	o := s.fetch(s.call(20, ""), nil)
	if got := s.numbers(o); o.err != nil || len(got) != 20 || !slices.IsSorted(got) || len(o.parks) != 0 {
		t.Fatalf("%v after %d pauses: %v", got, len(o.parks), o.err)
	}
	if most := maxRoundBytes>>20 + pollsOfRound; o.pages < 20/most {
		t.Errorf("%d pages for 20 MiB", o.pages)
	}
}

// No token goes to a result's host, whatever connection the step has.
func TestAsyncSendsNoTokenToOthers(t *testing.T) {
	w := newWorld(t, sim.Options{})
	s := newResults(t, func(w http.ResponseWriter, r *http.Request, i, nth int) {
		if !strings.Contains(r.URL.RawQuery, "moved") {
			http.Redirect(w, r, "/0?moved", http.StatusFound)
			return
		}
		ready(w, i)
	})
	c := s.call(1, "")
	c.Connection = w.account
	if o := s.fetch(c, nil); o.err != nil || len(o.items) != 1 {
		t.Fatal(o.err)
	}
	if len(s.heads) != 2 {
		t.Fatalf("%d requests", len(s.heads))
	}
	for _, h := range s.heads {
		for name := range h {
			if !slices.Contains([]string{"Accept", "Accept-Encoding", "User-Agent"}, name) {
				t.Errorf("%s was sent", name)
			}
		}
	}
}

// A result on the account's own host is asked for with the account's token.
func TestAsyncSendsItsTokenToTheAccount(t *testing.T) {
	w := newWorld(t, sim.Options{})
	s := newResults(t, func(w http.ResponseWriter, _ *http.Request, i, _ int) { ready(w, i) })
	w.deps.Environment.REST = s.srv.URL
	c := s.call(1, "")
	c.Connection = w.open("secret")
	if o := s.fetch(c, nil); o.err != nil || len(o.items) != 1 {
		t.Fatal(o.err)
	}
	if h := s.heads[0]; !strings.HasPrefix(h.Get("Authorization"), "Bearer ") || h.Get("X-Xurrent-Account") != "wdc" {
		t.Errorf("sent %v", h)
	}
}
