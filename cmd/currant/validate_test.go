package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"currant/steps/xurrent/sim"
)

// steps50 is a correct blueprint of 50 query and mutation steps that use one another.
func steps50() string {
	var b strings.Builder
	b.WriteString(`connection "xurrent" "account" {
  account_id    = "wdc"
  client_id     = "a"
  client_secret = "b"
}
runbook "fifty" {
  trigger "manual" {}
`)
	for i := range 25 {
		fmt.Fprintf(&b, `
  step "query" "q%[1]d" {
    object = "requests"
    filter = { status = { values = ["assigned", "in_progress"] }, createdAt = { greaterThan = "2026-01-01T00:00:00Z" } }
    view   = "current_account"
    fields = "id requestId subject status team { id name } requestedFor { id name primaryEmail }"
  }
  step "mutation" "m%[1]d" {
    mutation = "requestUpdate"
    input    = { id = step.q%[1]d.nodes[0].id, status = "assigned", impact = "high", teamId = step.q%[1]d.nodes[0].team.id }
    include  = ["request.team", "request.member"]
  }
  output "o%[1]d" { value = "${step.m%[1]d.request.team.name} ${step.q%[1]d.nodes[0].requestedFor.name}" }
`, i)
	}
	b.WriteString("}\n")
	return b.String()
}

// validated gives what "currant validate" does with steps50 once the data model is kept.
func validated(tb testing.TB) (validate func() *loaded) {
	tb.Helper()
	running, err := sim.Start(tb.Context(), "127.0.0.1:0", sim.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := running.Close(); err != nil {
			tb.Error(err)
		}
	})
	dir := filepath.Join(tb.TempDir(), "fifty")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(steps50()), 0o644); err != nil {
		tb.Fatal(err)
	}
	term := &terminal{lookup: func(string) (string, bool) { return "", false }}
	account, err := openSimulated(tb.Context(), running.URL)
	if err != nil {
		tb.Fatal(err)
	}
	o := &sourceOptions{dataDir: tb.TempDir(), account: account}
	if _, err := loadOnline(tb.Context(), term, dir, o, true, true); err != nil {
		tb.Fatal(err)
	}
	return func() *loaded {
		l, err := load(term, dir, o, true)
		if err != nil {
			tb.Fatal(err)
		}
		if len(l.diags) > 0 {
			tb.Fatal(l.diags)
		}
		return l
	}
}

// TestValidate50Steps: who writes a blueprint waits for its checks. The data model is read from the disk each time, as
// by the command.
func TestValidate50Steps(t *testing.T) {
	validate := validated(t)
	best := time.Hour
	for range 3 {
		begun := time.Now()
		l := validate()
		best = min(best, time.Since(begun))
		if n := len(l.Runbooks[0].Nodes); n != 50 {
			t.Fatalf("%d steps", n)
		}
		// The model was there: what it says is known.
		if of := l.Runbooks[0].Nodes["q7"].Output; !of.IsObjectType() || !of.HasAttribute("nodes") || !of.AttributeType("nodes").ElementType().HasAttribute("subject") {
			t.Fatalf("the type of a query: %s", of.GoString())
		}
	}
	limit := 100 * time.Millisecond
	if raceDetector {
		limit *= 10
	}
	t.Logf("best of 3: %s", best)
	if best > limit {
		t.Errorf("checking 50 steps takes %s, more than %s", best, limit)
	}
}

func BenchmarkValidate50(b *testing.B) {
	validate := validated(b)
	for b.Loop() {
		validate()
	}
}
