package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// exampleRuns says how each example is run to its end, and what it gives.
var exampleRuns = map[string]struct {
	runbook, input string
	outputs        string
}{
	"hello":       {"hello", `{"name": "Ann"}`, `{"greeting":"Hello, Ann!"}`},
	"nested-loop": {"inventory", "", `{"lamps":["attic","cellar"],"pieces":16,"rooms":["attic: 2 kinds","cellar: 2 kinds"]}`},
	"sub-runbook": {"order", "", `{"total":65}`},
	"schedule":    {"report", `{"body": {"report": "open requests"}, "triggered_at": "2026-11-23T06:30:00+01:00"}`, `{"title":"open requests, Mon 23 Nov 2026"}`},
	"fan-out":     {"fan-out", `{"ids": ["1", "x"]}`, `{"answers":[{"answer":{"path":"/items/1"},"id":"1","status":200},{"answer":{"path":"/items/x"},"id":"x","status":404}],"found":["1"]}`},
	"webhook": {"push", `{"body": {"ref": "refs/heads/main", "repository": {"full_name": "a/b"}, "commits": [{"id": "1", "message": "m"}]}, "headers": {"x-github-delivery": "d1"}}`,
		`{"told":true}`},
	"triage":      {"triage", "", `{"open":15,"subject":"Screen flickers","team":"Service Desk"}`},
	"nightly-csv": {"nightly", "", `{"items":20,"size":1594}`},
	"app":         {"offboarding", `{"customer_account_id": "acme", "app_reference": "survey"}`, `{}`}, // all of it: TestX3AppForTwoCustomers
	"people-sync": {"sync", "", `{"new":3,"people":39}`},
	// What the other runbooks of these three do: TestExampleApps.
	"survey":     {"offboarding", `{"customer_account_id": "acme", "app_reference": "survey"}`, `{"customer":"acme"}`},
	"chat":       {"offboarding", `{"customer_account_id": "acme", "app_reference": "chat"}`, `{"customer":"acme"}`},
	"dispatcher": {"installed", `{"customer_account_id": "acme", "suspended": false, "disabled": false, "webhook": {"event": "app_instance.create", "delivery": "d1", "delivery_origin": null, "person": {"id": 1, "nodeID": "p1", "name": "Ann"}}}`, `{"event":"app_instance.create"}`},
}

// TestExamples checks, formats and runs every directory of examples/, against a service on this machine.
func TestExamples(t *testing.T) {
	var puts atomic.Int32
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(r.URL.Path, "/people/") {
			switch n := puts.Add(1); {
			case n == 5 || n == 20:
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
			case n > 6 && n < 10:
				w.WriteHeader(http.StatusCreated)
			}
			return
		}
		if strings.HasSuffix(r.URL.Path, "/x") {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprintf(w, `{"path": %q}`, r.URL.Path)
	}))
	t.Cleanup(service.Close)
	dirs, err := os.ReadDir("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		t.Run(d.Name(), func(t *testing.T) {
			ex, ok := exampleRuns[d.Name()]
			if !ok {
				t.Fatal("say in exampleRuns how the example is run")
			}
			dir := filepath.Join("../../examples", d.Name())
			for _, cmd := range []string{"fmt --check", "validate", "test"} {
				if code, stdout, stderr := call(append(strings.Fields(cmd), dir)...); code != 0 {
					t.Errorf("%s: exit %d\n%s%s", cmd, code, stdout, stderr)
				}
			}
			args := []string{"run", ex.runbook, dir, "--json", "--data-dir", filepath.Join(t.TempDir(), "data"), "--allow-network", "127.0.0.1/32"}
			switch d.Name() {
			case "fan-out":
				args = append(args, "--var", "base_url="+service.URL)
			case "triage", "nightly-csv", "app", "survey", "chat", "dispatcher":
				args = append(args, "--sim")
			case "people-sync":
				args = append(args, "--sim", "--var", "directory_url="+service.URL)
			case "webhook":
				args = append(args, "--var", "notify_url="+service.URL+"/notify", "--var", "webhook_secret=long-enough-to-be-safe")
			}
			if ex.input != "" {
				input := filepath.Join(t.TempDir(), "input.json")
				writeFile(t, input, ex.input)
				args = append(args, "--input", input)
			}
			code, stdout, stderr := call(args...)
			var got struct {
				Status  string
				Outputs json.RawMessage
			}
			if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 0 {
				t.Fatalf("exit %d, %v\n%s%s", code, err, stdout, stderr)
			}
			if compact := squeeze(t, got.Outputs); got.Status != "finished" || compact != squeeze(t, []byte(ex.outputs)) {
				t.Errorf("%s: %s, want %s", got.Status, compact, ex.outputs)
			}
		})
	}
}

// squeeze is JSON without blanks, its keys in order.
func squeeze(t *testing.T, text []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
