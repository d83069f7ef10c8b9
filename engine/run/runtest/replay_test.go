package runtest_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"currant/engine/run/runtest"
)

// TestD7Replay: the same records and the same events give the same decisions. Go shuffles the order of maps
// in each run, so each scenario runs often, whole and restored from the middle, and every batch that is
// journaled is compared as text.
func TestD7Replay(t *testing.T) {
	groups := regexp.MustCompile("^(parallel|loop|cancel)/")
	for _, sc := range runtest.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			base := start(t, sc)
			finish(t, base)
			if base.Ops() > 1000 {
				t.Skip("too long to run often")
			}
			whole := commits(t, base, nil)
			cut := []runtest.Crash{{Op: base.Ops()/2 + 1, Lose: runtest.LoseSome}}
			half := commits(t, base, cut)
			often := 5
			if groups.MatchString(sc.Name) || os.Getenv("CURRANT_TEST_ALL") != "" {
				often = 50 // where several things are under way at once
			}
			for range often {
				same(t, commits(t, base, nil), whole)
				same(t, commits(t, base, cut), half)
			}
		})
	}
}

func commits(t *testing.T, base *runtest.Sim, crashes []runtest.Crash) []string {
	t.Helper()
	s := restart(t, runtest.Scenario{}, base)
	s.Crashes = slices.Clone(crashes)
	finish(t, s)
	return s.Commits
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("batch %d differs:\n got %s\nwant %s", i, at(got, i), at(want, i))
		}
	}
}

func at(s []string, i int) string {
	if i < len(s) {
		return s[i]
	}
	return "(none)"
}
