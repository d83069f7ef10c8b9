package testrun

import (
	"flag"
	"os"
	"strings"
	"testing"

	"currant/engine/lang"
	"currant/steps/standard"
)

var update = flag.Bool("update", false, "write the reference")

// TestReference fails when the printed reference is not what the declarations say.
func TestReference(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Reference: tests\n\nThis page is printed from the declarations that tests are checked with; a test fails when it is stale.\n")
	if err := WriteReference(&b, standard.WriteTable); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != b.String() {
		t.Error("engine/testrun/README.md is stale; run: go test ./engine/testrun -run TestReference -update")
	}
	if missing := lang.Undocumented("test", testSpec); len(missing) > 0 {
		t.Error(missing)
	}
}

// The test in the language reference is one that passes.
func TestLanguageReference(t *testing.T) {
	text, err := os.ReadFile("../lang/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Tests\n")
	_, fence, opened := strings.Cut(section, "```hcl\n")
	fence, _, closed := strings.Cut(fence, "\n```")
	if !found || !opened || !closed {
		t.Fatal("there is no example of a test in the section of tests")
	}
	read(t, `
variable "token" {
  type      = string
  sensitive = true
}
runbook "sync" {
  trigger "manual" { input_schema = object({ id = string }) }
  step "http" "ask" {
    url     = "https://a.example/"
    headers = { Authorization = "Bearer ${var.token}" }
    query   = { id = trigger.input.id }
    retry { attempts = 2 }
  }
  output "id" { value = step.ask.json.id }
}`, fence).passes()
}
