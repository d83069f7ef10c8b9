package xurrent

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
	"currant/steps/xurrent/sim"
)

// Results that are handed over before a restart do not come again, and those that become ready after it do.
func TestD1AsyncAcrossARestart(t *testing.T) {
	var mu sync.Mutex
	restarted := false
	s := newResults(t, func(w http.ResponseWriter, _ *http.Request, i, nth int) {
		mu.Lock()
		defer mu.Unlock()
		if i%2 == 1 && !restarted {
			_, _ = io.WriteString(w, "{}")
			return
		}
		ready(w, i)
	})
	var urls []string
	for i := range 10 {
		urls = append(urls, fmt.Sprintf("%q", fmt.Sprintf("%s/%d", s.srv.URL, i)))
	}
	text := fmt.Sprintf(`
runbook "r" {
  trigger "manual" {}
  step "async" "a" {
    urls         = [%s]
    backoff_time = "1s"
    each "r" {
      collect = r.value.body.data.n
      step "log" "l" { message = "came ${r.value.body.data.n}" }
    }
  }
  output "n" { value = step.a.collected }
}
`, strings.Join(urls, ", "))
	deps := Deps{Outbound: newWorld(t, sim.Options{}).deps.Outbound}
	dir := filepath.Join(t.TempDir(), "data")
	r := newRunner(t, dir, deps, text)
	id := r.start(cty.ObjectVal(map[string]cty.Value{"input": cty.NullVal(cty.DynamicPseudoType)}))
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		v, err := r.e.View(t.Context(), id)
		if err != nil || time.Now().After(end) {
			t.Fatalf("%+v, %v", v, err)
		}
		if len(v.Logs) == 5 && v.Status == "waiting" {
			break
		}
	}
	r.stop()
	mu.Lock()
	restarted = true
	mu.Unlock()
	r = newRunner(t, dir, deps, text)
	v := r.ended(id)
	if v.Status != "finished" || string(v.Outputs) != `{"n":[0,2,4,6,8,1,3,5,7,9]}` || len(v.Logs) != 10 {
		t.Errorf("%s %s, %d lines: %+v", v.Status, v.Outputs, len(v.Logs), v.Error)
	}
	for i := 0; i < 10; i += 2 {
		if s.asked[i] != 1 {
			t.Errorf("%d was asked %d times", i, s.asked[i])
		}
	}
}

// A step's timeout ends its polls, however long the pauses are.
func TestS7Deadline(t *testing.T) {
	s := newResults(t, never)
	r := newRunner(t, filepath.Join(t.TempDir(), "data"), Deps{Outbound: newWorld(t, sim.Options{}).deps.Outbound}, fmt.Sprintf(`
runbook "r" {
  trigger "manual" {}
  step "async" "a" {
    urls    = ["%s/0"]
    timeout = "300ms"
  }
}
`, s.srv.URL))
	v := r.ended(r.start(cty.ObjectVal(map[string]cty.Value{"input": cty.NullVal(cty.DynamicPseudoType)})))
	if v.Status != "failed" || v.Error == nil || v.Error.Kind != string(steps.TimeoutError) || s.asked[0] != 1 {
		t.Errorf("%s %+v, asked %d times", v.Status, v.Error, s.asked[0])
	}
}
