package main

import (
	"strings"
	"testing"
)

// The page of the commands is what the commands say of themselves: -update writes it.
func TestCommandsPageIsFresh(t *testing.T) {
	code, page, stderr := call("docs", "commands")
	if code != exitDone || stderr != "" {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	golden(t, "README.md", page)
	for _, want := range []string{"\n## currant send\n", "\n## currant runs show\n", "| `--var stringArray` |", "| `--detailed-exitcode` |"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
}
