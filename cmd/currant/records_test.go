package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"currant/steps/xurrent/sim"
)

// syncText sends every configuration item of an account to a service, one call each.
const syncText = `
variable "sink" { type = string }

connection "xurrent" "account" {
  account_id            = "wdc"
  personal_access_token = "pat-any"
}

connection "http" "sink" { base_url = var.sink }

runbook "sync" {
  trigger "json_endpoint" {}

  step "query" "people" {
    object = "people"
    fields = "id name primaryEmail"
    each "person" {
      parallel = 64
      step "http" "send" {
        method      = "POST"
        path        = "/people"
        json        = { id = person.value.id, name = person.value.name }
        interrupted = "repeat"
      }
    }
  }
  output "people" { value = step.people.count }
}
`

// sink counts what it is sent, by record.
type sink struct {
	mu    sync.Mutex // guards what follows
	calls int
	seen  map[string]int
	at    map[int]chan struct{} // closed when that many calls have come
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var record struct{ ID string }
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &record) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.seen[record.ID]++
	s.calls++
	if c := s.at[s.calls]; c != nil {
		close(c)
	}
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func (s *sink) reached(n int) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := make(chan struct{})
	s.at[n] = c
	return c
}

// syncing is a runner that sends an account's people to a sink.
type syncing struct {
	t      *testing.T
	sim    *sim.Running
	sink   *sink
	people int
	args   []string
	dir    string
	p      *process
	url    string
}

func newSyncing(t *testing.T, seed int) *syncing {
	t.Helper()
	running, err := sim.Start(t.Context(), "127.0.0.1:0", sim.Options{Seed: seed, RateLimit: 10_000_000, CostLimit: 1_000_000_000})
	if err != nil {
		t.Fatal(err)
	}
	s := &syncing{t: t, sim: running, sink: &sink{seen: map[string]int{}, at: map[int]chan struct{}{}}, dir: t.TempDir()}
	service := httptest.NewServer(s.sink)
	t.Cleanup(func() {
		service.Close()
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	account, _ := running.Sim.Account("wdc")
	s.people = len(account.All("Person"))
	writeFile(t, filepath.Join(s.dir, "app", "main.hcl"), syncText)
	s.args = []string{"serve", "app", "--listen", "127.0.0.1:0", "--data-dir", "data", "--sim=" + running.URL, "--var", "sink=" + service.URL, "--allow-network", "127.0.0.1"}
	s.start()
	return s
}

func (s *syncing) start() {
	s.t.Helper()
	s.p = start(s.t, s.dir, s.args...)
	s.url = "http://" + s.p.await(`msg=ready listen=(\S+)`)[1] + "/inbound/app/sync"
}

// begin starts the run.
func (s *syncing) begin() (id string) {
	s.t.Helper()
	status, body := post(s.t, s.url, "{}")
	var answer struct {
		Job string `json:"job_uuid"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
		s.t.Fatalf("%d %s", status, body)
	}
	return answer.Job
}

// ended waits for the run's end and checks that all were sent.
func (s *syncing) ended(id string) {
	s.t.Helper()
	for deadline := time.Now().Add(4 * time.Minute); ; {
		code, stdout, stderr := call("runs", "show", id, "--json", "--data-dir", filepath.Join(s.dir, "data"))
		var run struct {
			Status  string
			Outputs struct{ People int }
			Error   any
		}
		if err := json.Unmarshal([]byte(stdout), &run); err != nil || code != 0 {
			s.t.Fatalf("exit %d: %s", code, stderr)
		}
		if run.Status == "running" || run.Status == "waiting" || run.Status == "queued" {
			if time.Now().After(deadline) {
				s.t.Fatalf("still %s", run.Status)
			}
			time.Sleep(200 * time.Millisecond) // polled: the runner is another process, killed at will
			continue
		}
		if run.Status != "finished" || run.Outputs.People != s.people {
			s.t.Fatalf("%s: %d of %d people, error %v", run.Status, run.Outputs.People, s.people, run.Error)
		}
		break
	}
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	if len(s.sink.seen) != s.people {
		s.t.Errorf("the service has %d people of %d", len(s.sink.seen), s.people)
	}
}

// memory is the resident memory of the runner, and the most that it was, in MiB.
func (s *syncing) memory() (now, most float64) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(s.p.cmd.Process.Pid) + "/status")
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kb); n == 1 {
			now = kb / 1024
		}
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kb); n == 1 {
			most = kb / 1024
		}
	}
	return now, most
}

// seeds are how many records the account has: of them about a third are people.
func seeds() int {
	if os.Getenv("CURRANT_LONG") != "" {
		return 290_000
	}
	return 6_000
}

// TestRecordsInFlatMemory sends all people of an account to a service, one call each, and measures it.
func TestRecordsInFlatMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is read from /proc")
	}
	s := newSyncing(t, seeds())
	warm := s.sink.reached(s.people / 10)
	began := time.Now()
	id := s.begin()
	<-warm
	before, _ := s.memory()
	s.ended(id)
	took := time.Since(began)
	_, most := s.memory()
	t.Logf("%d records in %v: %.0f records/s; memory %.1f MiB after a tenth, at most %.1f MiB: %.1f MiB more",
		s.people, took.Round(time.Millisecond), float64(s.people)/took.Seconds(), before, most, most-before)
	if most-before > 20 && !raceDetector {
		t.Errorf("memory grew by %.1f MiB, and 20 are promised", most-before)
	}
	if s.sink.calls != s.people {
		t.Errorf("%d calls for %d people", s.sink.calls, s.people)
	}
}

// TestD1RecordsThroughKill kills the runner in the middle, twice: no record is lost, and none that was done is
// sent again; only the calls in flight at a kill may be repeated, as the step says.
func TestD1RecordsThroughKill(t *testing.T) {
	s := newSyncing(t, seeds())
	id := s.begin()
	for _, part := range []int{3, 3} {
		s.sink.mu.Lock()
		next := s.sink.calls + s.people/part
		s.sink.mu.Unlock()
		<-s.sink.reached(next)
		s.p.signal(syscall.SIGKILL)
		s.p.exit()
		s.start()
	}
	s.ended(id)
	again := s.sink.calls - s.people
	t.Logf("%d people, %d calls in flight were made again", s.people, again)
	if again > 2*64 {
		t.Errorf("%d calls were made again, and at most 64 were in flight at each of two kills", again)
	}
	for id, n := range s.sink.seen {
		if n > 3 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
}
