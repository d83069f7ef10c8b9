package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"currant/engine"
	"currant/engine/journal"
)

// work is done one run at a time per context, all of it again after a crash. pay charges: what was in flight
// when the runner died is held.
const loadBlueprint = `
runbook "work" {
  concurrency = "per_context"
  trigger "json_endpoint" {
    body_schema      = object({ id = string, ctx = string, seq = number })
    deduplication_id = trigger.body.id
    context          = trigger.body.ctx
  }
  step "probe" "one" { value = "${trigger.body.ctx} ${trigger.body.seq}" }
  step "wait" "short" { duration = "2ms" }
  step "probe" "two" {
    effect      = "write"
    interrupted = "repeat"
    value       = step.one.value
  }
  step "loop" "twice" {
    items = [1, 2]
    each {
      step "probe" "three" { value = step.one.value }
    }
  }
  output "seq" { value = trigger.body.seq }
}

runbook "pay" {
  trigger "json_endpoint" {
    body_schema      = object({ id = string, ctx = string, seq = number })
    deduplication_id = trigger.body.id
  }
  step "probe" "charge" {
    effect = "write"
    value  = "${trigger.body.ctx} ${trigger.body.seq}"
  }
  output "seq" { value = trigger.body.seq }
}
`

// seed is that of a random test: printed, and taken from CURRANT_SEED.
func seed(t testing.TB) *rand.Rand {
	t.Helper()
	s := uint64(time.Now().UnixNano())
	if text := os.Getenv("CURRANT_SEED"); text != "" {
		var err error
		if s, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("CURRANT_SEED=%d", s)
	return rand.New(rand.NewPCG(s, 1))
}

// sent is an event that a caller posts until it is acknowledged.
type sent struct {
	runbook, id, ctx string
	seq              int
}

// caller posts the events of one context, each after the acknowledgement of the one before.
type caller struct {
	runbook, ctx string
	addr         *atomic.Pointer[string]
	acked        map[string]sent // by job uuid
	problems     []string
}

func (c *caller) post(ctx context.Context) {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	for seq := 1; ctx.Err() == nil; seq++ {
		ev := sent{runbook: c.runbook, ctx: c.ctx, seq: seq, id: fmt.Sprintf("%s-%s-%d", c.runbook, c.ctx, seq)}
		body, _ := json.Marshal(map[string]any{"id": ev.id, "ctx": ev.ctx, "seq": seq}) // of texts and numbers
		for {
			id, refused := c.try(client, ev, body)
			if id != "" {
				if old, ok := c.acked[id]; ok {
					c.problems = append(c.problems, fmt.Sprintf("%v and %v became one run", old, ev))
				}
				c.acked[id] = ev
				pause := time.NewTimer(15 * time.Millisecond)
				<-pause.C
				break
			}
			if refused != "" {
				c.problems = append(c.problems, refused)
				return
			}
			if ctx.Err() != nil {
				return // not acknowledged: it may have become a run or not
			}
			pause := time.NewTimer(5 * time.Millisecond)
			<-pause.C
		}
	}
}

// try posts an event once. No answer, or 503, is to be tried again.
func (c *caller) try(client *http.Client, ev sent, body []byte) (id, refused string) {
	addr := c.addr.Load()
	if addr == nil {
		return "", ""
	}
	resp, err := client.Post("http://"+*addr+"/inbound/load/"+ev.runbook, "application/json", bytes.NewReader(body))
	if err != nil {
		return "", ""
	}
	defer resp.Body.Close()
	var a struct {
		ID string `json:"job_uuid"`
	}
	if resp.StatusCode == http.StatusServiceUnavailable {
		return "", ""
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Sprintf("event %s was answered %s", ev.id, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return "", "" // cut off
	}
	return a.ID, ""
}

// TestD1KillDuringLoad kills a runner under load again and again. What was acknowledged becomes one run and
// ends; nothing journaled is done again; a write in flight is done at most once; runs of a context keep their
// order and do not overlap (promises D1, D6).
func TestD1KillDuringLoad(t *testing.T) {
	r := seed(t)
	kills := 10
	if long {
		kills = 50
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "load", "main.hcl"), loadBlueprint)
	var addr atomic.Pointer[string]
	ctx, stopPosting := context.WithCancel(context.Background())
	defer stopPosting()
	var callers []*caller
	var posting sync.WaitGroup
	for i := range 8 {
		c := &caller{runbook: "work", ctx: fmt.Sprint("c", i), addr: &addr, acked: map[string]sent{}}
		if i >= 6 {
			c.runbook = "pay"
		}
		callers = append(callers, c)
		posting.Go(func() { c.post(ctx) })
	}
	var recoveries []time.Duration
	for n := range kills {
		begun := time.Now()
		runner := spawn(t, dir)
		if n%5 == 1 || n%5 == 3 { // during recovery
			rest(t, time.Duration(r.IntN(60))*time.Millisecond)
			runner.kill(t)
			continue
		}
		a := runner.address(t)
		recoveries = append(recoveries, time.Since(begun))
		addr.Store(&a)
		rest(t, time.Duration(100+r.IntN(300))*time.Millisecond)
		runner.kill(t)
	}
	runner := spawn(t, dir)
	a := runner.address(t)
	addr.Store(&a)
	rest(t, 50*time.Millisecond)
	stopPosting()
	posting.Wait()
	held := letFinish(t, filepath.Join(dir, "data"))
	runner.stop(t)

	checkLoad(t, dir, kills, callers, held)
	total := 0
	for _, c := range callers {
		total += len(c.acked)
	}
	t.Logf("%d kills, %d acknowledged events, %d runs held, process start to ready %v", kills, total, len(held), recoveries)
}

// letFinish waits until no run is left, and has those that are held failed. It gives their ids.
func letFinish(t *testing.T, data string) map[string]bool {
	t.Helper()
	reader, err := journal.OpenReader(data)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	client := engine.Dial(t.Context(), data)
	if client == nil {
		t.Fatal("no answer at the control socket")
	}
	held := map[string]bool{}
	until(t, "all runs end", func() bool {
		heads, err := reader.Pending(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range heads {
			if h.Status == journal.Held && !held[h.ID] {
				held[h.ID] = true
				if err := client.Resume(t.Context(), h.ID, "skip"); err != nil {
					t.Error(err)
				}
			}
		}
		return len(heads) == 0
	})
	client.Close()
	return held
}

// checkLoad compares what was acknowledged, what is stored and what was done.
func checkLoad(t *testing.T, dir string, kills int, callers []*caller, held map[string]bool) {
	t.Helper()
	reader, err := journal.OpenReader(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	stored, err := reader.List(t.Context(), journal.Filter{Limit: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	byID, byDelivery := map[string]journal.Run{}, map[string]string{}
	for _, run := range stored {
		byID[run.ID] = run
		if other := byDelivery[run.Delivery]; other != "" {
			t.Errorf("delivery %s became two runs, %s and %s", run.Delivery, other, run.ID)
		}
		byDelivery[run.Delivery] = run.ID
		if run.Status != journal.Finished {
			t.Errorf("run %s is %s: %s", run.ID, run.Status, run.Summary)
		}
	}
	for _, c := range callers {
		for _, p := range c.problems {
			t.Error(p)
		}
		for id, ev := range c.acked {
			if run, ok := byID[id]; !ok {
				t.Errorf("acknowledged event %s is lost", ev.id)
			} else if !strings.HasSuffix(run.Delivery, ev.id) {
				t.Errorf("run %s is of %s, and was acknowledged for %s", id, run.Delivery, ev.id)
			}
		}
	}
	checkEffects(t, dir, kills, byID, held)
}

// checkEffects reads what the steps did.
func checkEffects(t *testing.T, dir string, kills int, byID map[string]journal.Run, held map[string]bool) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "effects"))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{} // by run and step
	last := map[string]int{}  // by context: the seq of the last line
	repeated := 0
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) != 5 {
			t.Fatalf("line %q", line)
		}
		run, step, where := f[0], f[1], f[3]
		count[run+" "+step]++
		if _, ok := byID[run]; !ok {
			t.Errorf("step %s of run %s was done, and there is no such run", step, run)
		}
		if step == "charge" {
			continue
		}
		seq, err := strconv.Atoi(f[4])
		if err != nil {
			t.Fatal(err)
		}
		if seq < last[where] {
			t.Errorf("context %s: %d after %d", where, seq, last[where])
		}
		last[where] = seq
	}
	for id, run := range byID {
		if run.Runbook == "pay" {
			n := count[id+" charge"]
			if n > 1 || n == 0 && !held[id] {
				t.Errorf("run %s charged %d times; held: %v", id, n, held[id])
			}
			continue
		}
		if held[id] {
			t.Errorf("run %s was held", id)
		}
		for step, least := range map[string]int{"one": 1, "two": 1, "three": 2} {
			n := count[id+" "+step]
			if n < least {
				t.Errorf("run %s did step %s %d times", id, step, n)
			}
			repeated += n - least
		}
	}
	// Only what was in flight at a kill is done again: at most one step of each of the six contexts.
	if repeated > kills*6 {
		t.Errorf("%d steps were done again", repeated)
	}
	t.Logf("%d steps in flight were done again", repeated)
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// rest lets a load go on for a while: the time between two faults, not a time that is waited for something.
func rest(t testing.TB, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}
