package xurrent

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
	"currant/steps/xurrent/sim"
)

func TestP40NotReadyYet(t *testing.T) {
	blanks := []string{"", " \r\n\t", "{}", " { } ", "[]", "null", `""`, "\ufeff", "\ufeff{}"}
	readies := []string{"false", "0", `" "`, `{"data":null}`, "[null]", "true", "\ufeff[1]"}
	s := newResults(t, func(w http.ResponseWriter, _ *http.Request, i, nth int) {
		if nth <= len(blanks) {
			_, _ = io.WriteString(w, blanks[nth-1])
			return
		}
		_, _ = io.WriteString(w, readies[i])
	})
	o := s.fetch(s.call(len(readies), ""), nil)
	if o.err != nil || len(o.parks) != len(blanks) {
		t.Fatalf("parked %d times, want %d: %v", len(o.parks), len(blanks), o.err)
	}
	for i, want := range readies {
		if got := plain(t, o.items[i].GetAttr("body")); got != strings.TrimPrefix(want, "\ufeff") {
			t.Errorf("%s came as %s", want, got)
		}
	}
}

func TestP41FinishedAreNotPolledAgain(t *testing.T) {
	s := newResults(t, func(w http.ResponseWriter, r *http.Request, i, nth int) {
		if nth > 7-2*i { // 3 first, then 2, then 1, then 0
			ready(w, i)
		}
	})
	o := s.fetch(s.call(4, "backoff_time = \"10s\""), nil)
	if o.err != nil {
		t.Fatal(o.err)
	}
	if got := s.numbers(o); !slices.Equal(got, []int{3, 2, 1, 0}) {
		t.Errorf("in order of readiness: %v", got)
	}
	for i := range 4 {
		if want := 8 - 2*i; s.asked[i] != want {
			t.Errorf("%d was asked %d times, want %d", i, s.asked[i], want)
		}
	}
	for _, d := range o.parks {
		if d < 10*time.Second || d > 11*time.Second {
			t.Errorf("a pause of %s", d)
		}
	}
	if len(o.parks) != 7 {
		t.Errorf("%d pauses, want 7: a round that finds something is followed by one too", len(o.parks))
	}
}

func TestP42OnlyFruitlessRoundsCount(t *testing.T) {
	s := newResults(t, func(w http.ResponseWriter, _ *http.Request, i, nth int) {
		if nth > i { // one more in each round, and the last two never
			if i < 4 {
				ready(w, i)
			}
		}
	})
	o := s.fetch(s.call(6, "max_iterations = 2"), nil)
	fails(t, o.err, steps.TimeoutError, "Maximum iterations (2) reached without finding data")
	if got := s.numbers(o); !slices.Equal(got, []int{0, 1, 2, 3}) || s.asked[5] != 6 {
		t.Errorf("found %v, and asked %d times", got, s.asked[5])
	}
	s = newResults(t, never)
	o = s.fetch(s.call(1, "max_iterations = 3"), nil)
	fails(t, o.err, steps.TimeoutError, "Maximum iterations (3)")
	if s.asked[0] != 3 {
		t.Errorf("asked %d times", s.asked[0])
	}
}

// A refusal ends a round that has found nothing: it counts too.
func TestP43RefusedRoundsCount(t *testing.T) {
	s := newResults(t, func(w http.ResponseWriter, _ *http.Request, _, _ int) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	o := s.fetch(s.call(2, "max_iterations = 3"), nil)
	fails(t, o.err, steps.TimeoutError, "Maximum iterations (3)")
	if !slices.Equal(o.parks, []time.Duration{2 * time.Minute, 2 * time.Minute}) {
		t.Errorf("pauses %v", o.parks)
	}
}

func TestP44ErrorsOfAResult(t *testing.T) {
	const body = `{"errors":[{"message":"Sorry."}]}`
	s := newResults(t, func(w http.ResponseWriter, _ *http.Request, _, _ int) { _, _ = io.WriteString(w, body) })
	o := s.fetch(s.call(1, ""), nil)
	if o.err != nil || len(o.items) != 1 || plain(t, o.items[0].GetAttr("body")) != body {
		t.Errorf("%v, %v", o.items, o.err)
	}
}

// 50 addresses, of which ten fail once with 503 and five become ready after a restart: each body once, in order
// of readiness.
func TestAsyncOf50Addresses(t *testing.T) {
	restarted := false
	s := newResults(t, func(w http.ResponseWriter, _ *http.Request, i, nth int) {
		switch {
		case i%5 == 2 && nth == 1:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
		case i%10 == 4 && !restarted:
			_, _ = io.WriteString(w, "{}")
		default:
			ready(w, i)
		}
	})
	c := s.call(50, "")
	var inRounds []int
	first := s.fetch(c, func(o *outcome) bool { // until all but the five have come
		inRounds = append(inRounds, len(o.items))
		return len(o.items) < 45
	})
	if first.err != nil || len(first.items) != 45 {
		t.Fatalf("%d before the restart: %v", len(first.items), first.err)
	}
	if !json.Valid(first.cursor) || len(first.cursor) > 200 {
		t.Errorf("the cursor is %s", first.cursor)
	}
	polls := s.asked
	restarted, s.asked = true, map[int]int{}
	s.reset()
	second := s.fetch(c, nil)
	if second.err != nil || !slices.Equal(s.numbers(second), []int{4, 14, 24, 34, 44}) {
		t.Fatalf("after the restart %v: %v", s.numbers(second), second.err)
	}
	if len(s.asked) != 5 {
		t.Errorf("after the restart these were asked: %v", s.asked)
	}
	seen := map[int]bool{}
	for k, i := range append(s.numbers(first), s.numbers(second)...) {
		body := append(first.items, second.items...)[k].GetAttr("body")
		if seen[i] || plain(t, body) != fmt.Sprintf(`{"data":{"n":%d}}`, i) {
			t.Errorf("%d: again %v, %s", i, seen[i], plain(t, body))
		}
		seen[i] = true
	}
	for i := range 50 {
		if !seen[i] {
			t.Errorf("%d did not come", i)
		}
		if want := 1 + btoi(i%5 == 2); i%10 != 4 && polls[i] != want {
			t.Errorf("%d was polled %d times, want %d", i, polls[i], want)
		}
	}
	// What comes in one round is in the order of the addresses, and the rounds follow each other.
	for k := 1; k < len(inRounds); k++ {
		if part := s.numbers(first)[inRounds[k-1]:inRounds[k]]; !slices.IsSorted(part) {
			t.Errorf("a round gave %v", part)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestAsyncOutput(t *testing.T) {
	s := newResults(t, func(w http.ResponseWriter, _ *http.Request, i, _ int) { ready(w, i) })
	o := s.fetch(s.call(2, ""), nil)
	out := s.kind.Pager.Done(cty.NilVal, steps.PagesResult{Count: 2, Items: o.items})
	want := fmt.Sprintf(`{"count":2,"results":[{"body":{"data":{"n":0}},"url":"%[1]s/0?sig=canary"},{"body":{"data":{"n":1}},"url":"%[1]s/1?sig=canary"}]}`, s.srv.URL)
	if plain(t, out) != want {
		t.Errorf("got %s", plain(t, out))
	}
	none := s.fetch(s.call(0, ""), nil)
	if none.err != nil || len(none.items) != 0 || none.pages != 1 {
		t.Errorf("of no addresses: %+v", none)
	}
	check, _ := bound(t, s.kind.Spec(), "urls = []\neach { collect = 1 }", nil)
	check.Collected = cty.Number
	if typ := s.kind.OutputType(check); typ.HasAttribute("results") || !typ.AttributeType("collected").Equals(cty.List(cty.Number)) {
		t.Errorf("with an each block: %#v", typ)
	}
}

// An address that is sensitive stays so, and its body is not; one that repeats a secret is.
func TestX3AsyncKeepsAddressesMarked(t *testing.T) {
	s := newResults(t, func(w http.ResponseWriter, r *http.Request, i, _ int) {
		if i == 1 {
			fmt.Fprintf(w, `{"link":%q}`, "http://"+r.Host+r.URL.String())
			return
		}
		ready(w, i)
	})
	vars := map[string]cty.Value{"s": lang.MarkSensitive(cty.StringVal(s.srv.URL + "/0")), "e": lang.MarkSensitive(cty.StringVal(s.srv.URL + "/1")),
		"p": cty.StringVal(s.srv.URL + "/2")}
	o := s.fetch(s.callOf("urls = [s, e, p]", vars), nil)
	if o.err != nil || len(o.items) != 3 {
		t.Fatal(o.err)
	}
	for i, want := range []struct{ url, body bool }{{true, false}, {true, true}, {false, false}} {
		url, body := lang.HasMark(o.items[i].GetAttr("url")), lang.IsSensitive(o.items[i].GetAttr("body"))
		if url != want.url || body != want.body {
			t.Errorf("%d: url %v, body %v", i, url, body)
		}
	}
	whole := lang.MarkSensitive(cty.ListVal([]cty.Value{cty.StringVal(s.srv.URL + "/3")}))
	o = s.fetch(s.callOf("urls = l", map[string]cty.Value{"l": whole}), nil)
	if o.err != nil || len(o.items) != 1 || !lang.HasMark(o.items[0].GetAttr("url")) {
		t.Errorf("of a sensitive list: %+v", o)
	}
}

// The simulated account's own results, which are behind no token.
func TestAsyncOfTheSimulatedAccount(t *testing.T) {
	w := newWorld(t, sim.Options{AsyncPolls: 2, AsyncDelay: -1})
	mutation := newMutation(w.deps)
	out, err := mutation.Do(t.Context(), w.call(mutation, `
  mutation = "discoveredConfigurationItems"
  input    = { source = "scan", physicalAssets = [] }
  fields   = "asyncQuery { resultUrl }"
`))
	if err != nil {
		t.Fatal(err)
	}
	url := out.GetAttr("asyncQuery").GetAttr("resultUrl").AsString()
	s := newResults(t, never)
	o := s.fetch(s.callOf("urls = [url]", map[string]cty.Value{"url": cty.StringVal(url)}), nil)
	if o.err != nil || len(o.items) != 1 || len(o.parks) != 2 {
		t.Fatalf("%+v", o)
	}
	if got := plain(t, o.items[0].GetAttr("body")); !strings.HasPrefix(got, `{"data":{"discoveredConfigurationItems":`) {
		t.Errorf("got %s", got)
	}
}
