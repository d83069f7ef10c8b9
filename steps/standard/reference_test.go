package standard_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"currant/steps/standard"
)

var update = flag.Bool("update", false, "write the reference")

const reference = "../README.md"

// TestReference fails when the printed reference is not what the declarations say.
func TestReference(t *testing.T) {
	var b bytes.Buffer
	if err := standard.WriteReference(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(reference, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, b.Bytes()) {
		t.Error("steps/README.md is stale; run: go test ./steps/standard -run TestReference -update")
	}
}
