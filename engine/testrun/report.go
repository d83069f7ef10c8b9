package testrun

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"currant/engine/lang"
)

// Report is the results of tests for programs. Its JSON is documented and stable.
type Report struct {
	FormatVersion string       `json:"format_version"`
	Tests         []TestReport `json:"tests"`
	// Coverage is there where it was asked for.
	Coverage *Coverage `json:"coverage,omitempty"`
	Summary  Summary   `json:"summary"`
}

// TestReport is the result of one test.
type TestReport struct {
	Name       string  `json:"name"`
	Runbook    string  `json:"runbook"`
	File       string  `json:"file"`
	Line       int     `json:"line"`
	Status     string  `json:"status"` // passed or failed
	DurationMS float64 `json:"duration_ms"`
	// Failures have the form of diagnostics in "validate --json".
	Failures []lang.ReportDiagnostic `json:"failures"`
}

// Summary counts the results.
type Summary struct {
	Total      int     `json:"total"`
	Passed     int     `json:"passed"`
	Failed     int     `json:"failed"`
	DurationMS float64 `json:"duration_ms"`
}

// NewReport is the report of results; files are the sources by name, for excerpts, and took how long all tests took.
func NewReport(results []*Result, files map[string][]byte, took time.Duration) *Report {
	r := &Report{FormatVersion: "1.0", Tests: []TestReport{}, Summary: Summary{Total: len(results), DurationMS: milliseconds(took)}}
	for _, res := range results {
		t := TestReport{Name: res.Test.Name, Runbook: res.Test.Runbook, File: res.Test.Range.Filename, Line: res.Test.Range.Start.Line,
			Status: "passed", DurationMS: milliseconds(res.Duration), Failures: []lang.ReportDiagnostic{}}
		if res.Passed() {
			r.Summary.Passed++
		} else {
			r.Summary.Failed++
			t.Status = "failed"
			t.Failures = lang.NewReport(files, res.Failures).Diagnostics
		}
		r.Tests = append(r.Tests, t)
	}
	return r
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// The elements of a JUnit report, as the common readers of continuous integration understand them.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the report as JUnit XML: a suite for each file of tests of the blueprint.
func (r *Report) WriteJUnit(w io.Writer, blueprint string) error {
	out := junitSuites{Tests: r.Summary.Total, Failures: r.Summary.Failed, Time: seconds(r.Summary.DurationMS)}
	took := map[string]float64{}
	for _, t := range r.Tests {
		if n := len(out.Suites); n == 0 || out.Suites[n-1].Name != t.File {
			out.Suites = append(out.Suites, junitSuite{Name: t.File})
		}
		s := &out.Suites[len(out.Suites)-1]
		c := junitCase{Name: xmlText(t.Name), Class: blueprint + "." + t.Runbook, File: t.File, Line: t.Line, Time: seconds(t.DurationMS)}
		if t.Status == "failed" {
			s.Failures++
			c.Failure = failureOf(t)
		}
		s.Tests++
		took[t.File] += t.DurationMS
		s.Time = seconds(took[t.File])
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func failureOf(t TestReport) *junitFailure {
	f := &junitFailure{Type: "failure"}
	var text strings.Builder
	report := lang.Report{Diagnostics: t.Failures, ErrorCount: len(t.Failures)}
	if err := report.Render(&text, lang.RenderOptions{}); err != nil {
		text.WriteString(err.Error())
	}
	for i, d := range t.Failures {
		if i > 0 {
			f.Message += "; "
		}
		f.Message += d.Summary
	}
	f.Message, f.Text = xmlText(f.Message), xmlText(text.String())
	return f
}

// xmlText is a text without the characters that XML cannot hold.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r >= 0x20 && r != utf8.RuneError && r != 0xfffe && r != 0xffff {
			return r
		}
		return '?'
	}, s)
}

func seconds(ms float64) string { return fmt.Sprintf("%.3f", ms/1000) }
