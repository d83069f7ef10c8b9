package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"currant/engine/testrun"
)

// TestExampleTests runs the tests of the examples that have any. Those of the app are to be many, to come to nearly
// all of it, and to be quick enough to be run at each save: CURRANT_LONG measures that, on a machine at rest.
func TestExampleTests(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/*.test.hcl")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files of tests, %v", len(files), err)
	}
	dirs := map[string]bool{}
	for _, f := range files {
		dirs[filepath.Dir(f)] = true
	}
	for dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			begun := time.Now()
			code, stdout, stderr := call("test", dir, "--json", "--coverage")
			took := time.Since(begun)
			var r testrun.Report
			if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != exitDone || r.Summary.Total == 0 {
				t.Fatalf("exit %d, %v\n%s%s", code, err, stdout, stderr)
			}
			if filepath.Base(dir) != "app" {
				return
			}
			if r.Summary.Passed < 12 || r.Coverage.Percent <= 90 {
				t.Errorf("%d tests, coverage %v%%", r.Summary.Passed, r.Coverage.Percent)
			}
			if took > 2*time.Second && !raceDetector && os.Getenv("CURRANT_LONG") != "" {
				t.Errorf("the tests took %s", took)
			}
		})
	}
}
