package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"currant/steps/xurrent/sim"
)

const manyPages = `
connection "xurrent" "account" {
  account_id            = "wdc"
  personal_access_token = "pat-any"
}

runbook "read" {
  trigger "manual" {}
  step "loop" "again" {
    items = range(4)
    each {
      collect = step.people.count
      step "query" "people" {
        object    = "people"
        fields    = "id"
        page_size = 1
      }
    }
  }
  output "read" { value = sum(step.again.collected) }
}
`

// TestRunUnderRateLimit reads more pages than the account allows in one window: the run keeps below the limit by
// itself, and the service never has to say 429.
func TestRunUnderRateLimit(t *testing.T) {
	window := 2 * time.Second
	if os.Getenv("CURRANT_LONG") != "" {
		window = time.Minute
	}
	running, err := sim.Start(t.Context(), "127.0.0.1:0", sim.Options{RateLimit: 60, RateWindow: window})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "app", "main.hcl"), manyPages)
	began := time.Now()
	code, stdout, stderr := call("run", "read", filepath.Join(dir, "app"), "--json", "--data-dir", filepath.Join(dir, "data"), "--sim="+running.URL)
	if code != 0 {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	resp, err := http.Get(running.URL + "/sim/requests?path=/graphql")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var record struct{ Requests []struct{ Status int } }
	if err := json.NewDecoder(resp.Body).Decode(&record); err != nil {
		t.Fatal(err)
	}
	for _, r := range record.Requests {
		if r.Status != http.StatusOK {
			t.Errorf("a request was answered %d", r.Status)
		}
	}
	if n := len(record.Requests); n < 150 {
		t.Errorf("only %d requests are on record", n)
	}
	t.Logf("%d requests at 60 per %v in %v", len(record.Requests), window, time.Since(began).Round(100*time.Millisecond))
}
