package xurrent

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/outbound"
	"currant/steps"
)

// results is a storage of results. What it answers is said by the address's number and how often that was asked.
type results struct {
	*testing.T
	srv    *httptest.Server
	kind   *steps.Kind
	answer func(w http.ResponseWriter, r *http.Request, i, nth int)

	mu     sync.Mutex
	asked  map[int]int
	order  []int
	heads  []http.Header
	active int
	most   int // at once
}

func newResults(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, i, nth int)) *results {
	s := &results{T: t, answer: answer, asked: map[int]int{}}
	s.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		s.mu.Lock()
		s.asked[i]++
		nth := s.asked[i]
		s.order = append(s.order, i)
		s.heads = append(s.heads, r.Header.Clone())
		s.active++
		s.most = max(s.most, s.active)
		s.mu.Unlock()
		s.answer(w, r, i, nth)
		s.mu.Lock()
		s.active--
		s.mu.Unlock()
	}))
	t.Cleanup(s.srv.Close)
	s.reset()
	return s
}

// reset makes the kind anew, as a runner that is started again does.
func (s *results) reset() {
	s.kind = newAsync(Deps{Outbound: outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
}

// call is an attempt over n addresses; more are other arguments.
func (s *results) call(n int, more string) *steps.Call {
	s.Helper()
	urls := make([]string, n)
	for i := range urls {
		urls[i] = fmt.Sprintf("%q", fmt.Sprintf("%s/%d?sig=canary", s.srv.URL, i))
	}
	return s.callOf("urls = ["+strings.Join(urls, ", ")+"]\n"+more, nil)
}

func (s *results) callOf(src string, vars map[string]cty.Value) *steps.Call {
	s.Helper()
	c, diags := bound(s.T, s.kind.Spec(), src, vars)
	if diags.HasErrors() {
		s.Fatal(diags)
	}
	return &steps.Call{Args: c.Args, Body: c.Body, Attempt: 1, Now: time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)}
}

// outcome is what the interpreter makes of a step's pages.
type outcome struct {
	items  []cty.Value
	pages  int
	parks  []time.Duration
	whys   []string
	cursor []byte
	err    error
}

// fetch gets pages as the interpreter does: it comes back when it is told to, with the cursor that was left.
// between is called before each, and may end it.
func (s *results) fetch(c *steps.Call, between func(o *outcome) bool) *outcome {
	s.Helper()
	o := &outcome{}
	for range 10_000 {
		if between != nil && !between(o) {
			return o
		}
		pg, err := s.kind.Pager.Fetch(s.Context(), c)
		var park *steps.Park
		switch {
		case errors.As(err, &park):
			o.parks = append(o.parks, park.Until.Sub(c.Now))
			o.whys = append(o.whys, park.Reason)
			c.Now, c.Cursor = park.Until, park.Cursor
		case err != nil:
			o.err = err
			return o
		default:
			o.pages++
			o.items = append(o.items, pg.Items...)
			if c.Cursor = pg.Next; pg.Next == nil {
				return o
			}
		}
		o.cursor = c.Cursor
	}
	s.Fatal("it does not end")
	return nil
}

// numbers are the addresses of items, in order, by the number that their path is.
func (s *results) numbers(o *outcome) (out []int) {
	for _, it := range o.items {
		u, _ := it.GetAttr("url").Unmark()
		path, _, _ := strings.Cut(strings.TrimPrefix(u.AsString(), s.srv.URL+"/"), "?")
		i, err := strconv.Atoi(path)
		if err != nil {
			s.Fatal(err)
		}
		out = append(out, i)
	}
	return out
}

func ready(w http.ResponseWriter, i int) { fmt.Fprintf(w, `{"data":{"n":%d}}`, i) }

func never(w http.ResponseWriter, _ *http.Request, _, _ int) { _, _ = io.WriteString(w, "{}") }
