package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"currant/engine/lang"
)

// marked are the places that the files say a mistake is at, "file:line summary".
func marked(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.hcl"))
	if err != nil || len(names) != 4 {
		t.Fatal(names, err)
	}
	var out []string
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(data), "\n") {
			if _, summary, ok := strings.Cut(line, "# WRONG: "); ok && !strings.HasPrefix(line, "#") {
				out = append(out, fmt.Sprintf("%s:%d %s", name, i+1, summary))
			}
		}
	}
	return out
}

// One validate shows all mistakes of a blueprint, each in its place, in words that are kept.
func TestAllMistakesAtOnce(t *testing.T) {
	const dir = "testdata/mistakes"
	want := marked(t, dir)
	if len(want) < 25 {
		t.Errorf("there are %d mistakes only", len(want))
	}
	code, out, _ := call("validate", dir, "--json")
	var report lang.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitWrong {
		t.Fatal(code, err)
	}
	var got []string
	for _, d := range report.Diagnostics {
		if d.Range == nil {
			t.Errorf("without a place: %s: %s", d.Summary, d.Detail)
			continue
		}
		got = append(got, fmt.Sprintf("%s:%d %s", d.Range.Filename, d.Range.Start.Line, d.Summary))
	}
	slices.Sort(want)
	slices.Sort(got)
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("not shown: %s", w)
		}
	}
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("shown, but not marked: %s", g)
		}
	}
	if report.ErrorCount != len(want) || report.Valid {
		t.Errorf("%d errors, valid %t", report.ErrorCount, report.Valid)
	}
	code, _, text := call("validate", dir)
	if code != exitWrong || strings.Contains(text, "t0p-secret") {
		t.Errorf("exit code %d, or a secret is shown", code)
	}
	golden(t, "testdata/mistakes/mistakes.golden", text)
}
