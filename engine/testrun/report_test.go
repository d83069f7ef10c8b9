package testrun

import (
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"
)

// The JUnit report is XML that reads back as what it says, whatever a blueprint puts into names and messages.
func TestJUnit(t *testing.T) {
	f := read(t, `
runbook "r" {
  trigger "manual" {}
  step "fail" "no" { message = "<b>&\u0001\ufffe \" ]]>" }
}`, `
test "passes" {
  assert { condition = run.status == "failed" }
}
test "a <name> & \"more\"" {}
`)
	results, _, err := f.suite.Run(t.Context(), Options{Source: f.source, Setup: f.setup})
	if err != nil {
		t.Fatal(err)
	}
	report := NewReport(results, f.source.Bytes(), 2*time.Second)
	var out strings.Builder
	if err := report.WriteJUnit(&out, "shop"); err != nil {
		t.Fatal(err)
	}
	var read junitSuites
	if err := xml.Unmarshal([]byte(out.String()), &read); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if read.Tests != 2 || read.Failures != 1 || read.Time != "2.000" || len(read.Suites) != 1 || len(read.Suites[0].Cases) != 2 {
		t.Fatalf("%+v", read)
	}
	good, bad := read.Suites[0].Cases[0], read.Suites[0].Cases[1]
	if good.Name != "passes" || good.Class != "shop.r" || good.Failure != nil || good.Line != 2 {
		t.Errorf("%+v", good)
	}
	if bad.Name != `a <name> & "more"` || bad.Failure == nil || bad.Failure.Message != "Run did not finish" || !strings.Contains(bad.Failure.Text, "<b>&") {
		t.Errorf("%+v", bad)
	}
}

// The JSON report keeps its documented names.
func TestJSON(t *testing.T) {
	f := read(t, `
runbook "r" {
  trigger "manual" {}
  step "log" "l" { message = "x" }
}`, `test "a" {
  expect "l" { count = 2 }
}`)
	results, cov, err := f.suite.Run(t.Context(), Options{Source: f.source, Setup: f.setup})
	if err != nil {
		t.Fatal(err)
	}
	report := NewReport(results, f.source.Bytes(), time.Second)
	report.Coverage = cov
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		FormatVersion string `json:"format_version"`
		Tests         []struct {
			Name, Runbook, File, Status string
			Line                        int
			DurationMS                  *float64 `json:"duration_ms"`
			Failures                    []struct {
				Severity, Summary, Detail string
				Range                     struct{ Start struct{ Line int } }
				Snippet                   struct{ Code string }
			}
		}
		Coverage struct {
			Covered, Total int
			Percent        float64
			Missed         []any
		}
		Summary struct{ Total, Passed, Failed int }
	}
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	one := read.Tests[0]
	if read.FormatVersion != "1.0" || one.Name != "a" || one.Status != "failed" || one.Line != 1 || one.DurationMS == nil || !strings.HasSuffix(one.File, "main.test.hcl") ||
		one.Failures[0].Summary != "Step called another number of times" || one.Failures[0].Range.Start.Line != 2 || one.Failures[0].Snippet.Code == "" ||
		read.Coverage.Total != 1 || read.Coverage.Percent != 100 || read.Coverage.Missed == nil || read.Summary.Failed != 1 || read.Summary.Total != 1 {
		t.Errorf("%s", text)
	}
}
