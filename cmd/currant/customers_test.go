package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"currant/engine/journal"
)

const manyCustomers = `
connection "xurrent" "provider" {
  account_id    = "provider"
  client_id     = "id"
  client_secret = "secret"
}

runbook "secrets" {
  trigger "secrets_changed" { app_references = ["widget"] }
  step "log" "kept" { message = "kept" }
}

runbook "called" {
  concurrency = "per_context"
  trigger "automation_webhook" {
    app_reference  = "widget"
    payload_schema = object({ number = number })
  }
  step "token" "token" {}
  step "compute" "seen" {
    client = step.token.client_id
    number = trigger.payload.number
  }
  output "number" { value = step.seen.number }
}
`

// TestManyCustomers lets the automation rules of many customers call at once: every call starts one run, the
// runs of a customer go one after the other in the order of their arrival, and those of different customers at
// the same time. With CURRANT_LONG it is 1,000 customers and 20,000 calls.
func TestManyCustomers(t *testing.T) {
	customers, calls := 40, 800
	if os.Getenv("CURRANT_LONG") != "" {
		customers, calls = 1000, 20_000
	}
	s := &provider{t: t, dir: t.TempDir()}
	writeFile(t, filepath.Join(s.dir, "app", "main.hcl"), manyCustomers)
	s.p = start(t, s.dir, "serve", "app", "--sim", "--listen", "127.0.0.1:0", "--data-dir", "data", "--log-format", "json")
	go func() { // a line per run: nobody may wait for its reader
		for range s.p.lines {
		}
	}()
	address := filepath.Join(s.dir, "data", "sim-address")
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) { // polled: another process
		if text, err := os.ReadFile(address); err == nil {
			s.sim = strings.TrimSpace(string(text))
			if s.enabled() {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("the runner has not enabled its triggers")
		}
	}
	began := time.Now()
	order := fmt.Sprintf(`{"provider": "provider", "app": "widget", "customer": "c", "count": %d, "parallel": 8, "secrets_delay": "before"}`, customers)
	if status := s.ask("/sim/install", order, nil); status/100 != 2 {
		t.Fatalf("install: %d", status)
	}
	installed := time.Since(began)
	began = time.Now()
	var answer struct {
		Statuses  map[string]int
		PerSecond float64 `json:"per_second"`
		P50       float64 `json:"p50_ms"`
		P99       float64 `json:"p99_ms"`
	}
	order = fmt.Sprintf(`{"app": "widget", "count": %d, "parallel": 16, "number_as": "number", "payload": {}}`, calls)
	if status := s.ask("/sim/automation", order, &answer); status/100 != 2 || answer.Statuses["200"] != calls {
		t.Fatalf("automation: %d, %v", status, answer.Statuses)
	}
	accepted := time.Since(began)
	ended := s.inOrder(customers, calls)
	t.Logf("%d customers installed in %v; %d calls accepted in %v (%.0f/s, p50 %.1f ms, p99 %.1f ms), all run %v after the first",
		customers, installed.Round(time.Millisecond), calls, accepted.Round(time.Millisecond), answer.PerSecond, answer.P50, answer.P99, ended.Sub(began).Round(time.Millisecond))
}

// enabled says whether the provider's webhooks and offering are there.
func (s *provider) enabled() bool {
	var answer struct {
		Data struct {
			AppOfferings struct {
				Nodes []struct{ WebhookURITemplate string }
			}
		}
	}
	status := s.ask("/graphql?provider", `{"query": "{ appOfferings(first: 1) { nodes { webhookUriTemplate } } }"}`, &answer)
	return status == 200 && len(answer.Data.AppOfferings.Nodes) == 1 && answer.Data.AppOfferings.Nodes[0].WebhookURITemplate != ""
}

// inOrder waits until all calls have run and checks their order within each customer. It gives when the last one
// ended.
func (s *provider) inOrder(customers, calls int) (last time.Time) {
	s.t.Helper()
	store, err := journal.OpenReader(filepath.Join(s.dir, "data"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer store.Close()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(200 * time.Millisecond) { // polled: another process
		open, err := store.List(s.t.Context(), journal.Filter{Runbook: "called", Status: journal.Finished, Limit: 1_000_000})
		if err != nil {
			s.t.Fatal(err)
		}
		if len(open) == calls {
			return s.judge(open, customers)
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%d of %d calls have run", len(open), calls)
		}
	}
}

func (s *provider) judge(runs []journal.Run, customers int) (last time.Time) {
	s.t.Helper()
	contexts := map[string]journal.Run{} // the run after, in order of arrival
	for _, r := range runs {             // newest first
		if r.EndedAt.After(last) {
			last = r.EndedAt
		}
		if after, ok := contexts[r.Context]; ok {
			if after.Seq < r.Seq {
				s.t.Fatalf("the list is not in order: %d, then %d", after.Seq, r.Seq)
			}
			if after.StartedAt.Before(r.EndedAt) {
				s.t.Fatalf("%s: run %d began before run %d had ended", r.Context, after.Seq, r.Seq)
			}
		}
		contexts[r.Context] = r
	}
	if len(contexts) != customers {
		s.t.Errorf("%d contexts, want %d", len(contexts), customers)
	}
	return last
}
