package sim

import (
	"strings"
	"testing"
	"time"

	"currant/steps/xurrent/sim/graph"
)

const discover = `mutation{discoveredConfigurationItems(input:{source:"scan",physicalAssets:[]}){errors{path message} configurationItems{id} asyncQuery{id status resultUrl}}}`

// resultURL starts an async query and gives its result's URL.
func (s *service) resultURL() string {
	s.Helper()
	var out struct {
		Data struct {
			Discovered struct {
				AsyncQuery struct {
					ResultURL string `json:"resultUrl"`
				}
			} `json:"discoveredConfigurationItems"`
		}
	}
	a := s.query(discover)
	a.decode(s.T, &out)
	url := out.Data.Discovered.AsyncQuery.ResultURL
	if !strings.HasPrefix(url, s.base+"/async/") {
		s.Fatalf("the result's URL is %q: %s", url, a.body)
	}
	return url
}

func TestP40AsyncResultBecomesReady(t *testing.T) {
	s := start(t, Options{AsyncDelay: time.Minute})
	url := s.resultURL()
	for _, want := range []string{"", "{}", "", "{}"} {
		a := s.do("GET", url, "")
		if a.is(t, 200); a.body != want {
			t.Errorf("before it is ready: %q instead of %q", a.body, want)
		}
	}
	s.sim.Advance(time.Minute)
	for range 2 {
		s.do("GET", url, "").is(t, 200, `{"data":{"discoveredConfigurationItems":{`, `"asyncQuery":{`)
	}
	s.do("POST", url, "").is(t, 405)
	s.do("GET", url+"0", "").is(t, 404)
}

func TestP40AsyncResultAfterPolls(t *testing.T) {
	s := start(t, Options{AsyncDelay: -1, AsyncPolls: 2})
	url := s.resultURL()
	s.do("GET", url, "").is(t, 200)
	if a := s.do("GET", url, ""); a.body != "{}" {
		t.Errorf("the second poll: %q", a.body)
	}
	s.do("GET", url, "").is(t, 200, `"data"`)
}

func TestP44AsyncErrorsAreInTheResult(t *testing.T) {
	s := start(t, Options{AsyncDelay: -1})
	id := s.sim.async.add(func() graph.Response { return graph.Response{Errors: []graph.Error{{Message: "No luck"}}} })
	s.do("GET", "/async/"+id, "").is(t, 200, `{"errors":[{"message":"No luck"`)
}

func TestAsyncResultsAreBounded(t *testing.T) {
	a := newAsync(newClock(func() time.Time { return noon }), Options{})
	first := a.add(nil)
	for range maxAsync {
		a.add(nil)
	}
	if _, _, _, known := a.poll(first); known || len(a.results) != maxAsync {
		t.Errorf("%d results are remembered, the first too: %v", len(a.results), known)
	}
}
