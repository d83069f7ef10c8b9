package blueprints

import (
	"os"
	"strings"
	"testing"

	"currant/steps/standard"
)

// TestReference fails when the printed reference is not what the declarations say.
func TestReference(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Reference: what is deployed\n\nThis page is printed from the declarations that blueprints are checked with; a test fails when it is stale. How\ndeployment works is in [the language](../engine/lang/README.md#deployment).\n")
	if err := WriteReference(&b, standard.WriteTable); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("README.md")
	if err != nil || string(have) != b.String() {
		t.Errorf("blueprints/README.md is stale (%v); run: go test ./blueprints -run TestReference -update", err)
	}
}
