package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/steps/standard"
)

// The pages for people, from here. Every ```hcl fence in them is checked as the binary checks blueprints.
//
// A fence is a whole blueprint unless its first lines say otherwise:
//
//	# part of a runbook     a runbook with a manual trigger (where the fence has none) is put around it; of
//	                        what is around it, it may use surroundings
//	# part of a step        the same, inside a step of kind "log"
//	# part of a trigger     the same, inside a json_endpoint trigger
//	# values of variables   a *.vars.hcl file
//	# a file of tests       a *.test.hcl file, which is only parsed
//	# runner settings       a runner.hcl, which is only parsed
//	# not valid: WORDS      checking it must give an error with these words
var pages = []string{"README.md", "CONTRIBUTING.md", languagePage, guidePage, "examples/*/README.md"}

const (
	repository   = "../.."
	languagePage = "engine/lang/README.md"
)

// surroundings are what a fence that is a part of something may name without declaring it.
const surroundings = `
variable "token" {
  type      = string
  default   = "from-the-environment"
  sensitive = true
}
connection "http" "api" { base_url = "https://api.example.com/v1" }
runbook "other" {
  trigger "manual" {}
  step "log" "other" { message = "Called." }
  output "value" { value = 1 }
}
`

// fence is a piece of HCL in a page.
type fence struct {
	page string
	line int // of its first line
	text string
	// what it says of itself
	form    string
	invalid string
}

func (f fence) String() string { return fmt.Sprintf("%s:%d", f.page, f.line) }

func fences(t *testing.T, page string) (out []fence) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, page))
	if err != nil {
		t.Fatal(err)
	}
	var current *fence
	for i, line := range strings.Split(string(text), "\n") {
		switch mark := strings.TrimSpace(line); {
		case current == nil && mark == "```hcl":
			current = &fence{page: filepath.ToSlash(page), line: i + 2}
		case current == nil:
		case mark == "```":
			out = append(out, current.read())
			current = nil
		default:
			current.text += line + "\n"
		}
	}
	if current != nil {
		t.Errorf("%s: the fence is not closed", current)
	}
	return out
}

var forms = []string{"part of a runbook", "part of a step", "part of a trigger", "values of variables", "a file of tests", "runner settings"}

// read takes in what a fence says of itself in its first lines.
func (f fence) read() fence {
	for line := range strings.SplitSeq(f.text, "\n") {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "# ")
		if !ok {
			break
		}
		if words, ok := strings.CutPrefix(comment, "not valid: "); ok {
			f.invalid = words
		}
		if slices.Contains(forms, comment) {
			f.form = comment
		}
	}
	return f
}

var (
	hasTrigger = regexp.MustCompile(`(?m)^\s*trigger "`)
	hasStep    = regexp.MustCompile(`(?m)^\s*step "`)
)

// blueprint is the fence with what it needs around it.
func (f fence) blueprint() string {
	body := f.text
	switch f.form {
	case "":
		return f.text
	case "part of a step":
		body = "step \"log\" \"doc\" {\n  message = \"…\"\n" + f.text + "}\n"
	case "part of a trigger":
		body = "trigger \"json_endpoint\" {\n" + f.text + "}\n"
	}
	if !hasTrigger.MatchString(body) {
		body = "trigger \"manual\" {}\n" + body
	}
	if !hasStep.MatchString(body) {
		body += "step \"log\" \"doc\" { message = \"…\" }\n"
	}
	return surroundings + "runbook \"doc\" {\n" + body + "}\n"
}

func (f fence) check(t *testing.T) hcl.Diagnostics {
	t.Helper()
	switch f.form {
	case "a file of tests":
		_, diags := lang.ParseFile("main.test.hcl", []byte(f.text))
		return diags
	case "values of variables", "runner settings":
		file, diags := lang.ParseFile("values.hcl", []byte(f.text))
		for _, b := range file.Body.(*hclsyntax.Body).Blocks {
			diags = append(diags, lang.Error(b.DefRange(), "Unexpected block", "Only NAME = VALUE lines may stand here."))
		}
		return diags
	}
	options, err := compileOptions(standard.Deps{}, lang.Values{Partial: true}, "https://runner.example.com")
	if err != nil {
		t.Fatal(err)
	}
	options.Version = "0.1.0" // a build without a version warns of required_version
	src, diags := lang.FromFiles(t.TempDir(), map[string][]byte{"main.hcl": []byte(f.blueprint())})
	src.Name = "doc"
	if diags.HasErrors() {
		return diags
	}
	_, diags = compile.Compile(src, options)
	return diags
}

func TestPagesCompile(t *testing.T) {
	var found []string
	for _, pattern := range pages {
		matches, err := fs.Glob(os.DirFS(repository), pattern)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, matches...)
	}
	if !slices.Contains(found, languagePage) {
		t.Fatalf("there is no %s", languagePage)
	}
	for _, page := range found {
		for _, f := range fences(t, page) {
			t.Run(fmt.Sprintf("%s:%d", page, f.line), func(t *testing.T) {
				diags := f.check(t)
				switch {
				case f.invalid == "" && len(diags) > 0:
					t.Errorf("%s: %s\n%s", f, explain(diags), f.text)
				case f.invalid != "" && !says(diags, f.invalid):
					t.Errorf("%s: no error says %q; got: %s\n%s", f, f.invalid, explain(diags), f.text)
				}
			})
		}
	}
}

func says(diags hcl.Diagnostics, words string) bool {
	return slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool {
		return d.Severity == hcl.DiagError && (strings.Contains(d.Summary, words) || strings.Contains(d.Detail, words))
	})
}

func explain(diags hcl.Diagnostics) string {
	if len(diags) == 0 {
		return "no diagnostics"
	}
	var all []error
	for _, d := range diags {
		all = append(all, d)
	}
	return errors.Join(all...).Error()
}

// section is the part of the language page under a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, languagePage))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("%s has no section %q", languagePage, heading)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	return rest
}

func TestLanguagePageHasTheLimits(t *testing.T) {
	text := section(t, "Limits")
	for words, figure := range map[string]string{
		"one file":                 size(lang.MaxFileBytes),
		"all files of a blueprint": size(lang.MaxTreeBytes),
		"nesting":                  thousands(lang.MaxNesting),
		"lines of a heredoc":       thousands(lang.MaxHeredocLines),
		"digits of a number":       thousands(lang.MaxDigits),
		"exponent":                 thousands(lang.MaxExponent),
		"one value":                size(lang.MaxValueBytes),
		"elements of one list":     thousands(lang.MaxValueElements),
		"work of one evaluation":   thousands(lang.MaxEvalSteps),
		"time of one evaluation":   lang.FormatDuration(lang.MaxEvalTime),
		"fields of a form":         thousands(lang.MaxFormFields),
		"a duration":               fmt.Sprintf("%d years", int(lang.MaxDuration.Hours()/24/365)),
	} {
		row := ""
		for line := range strings.SplitSeq(text, "\n") {
			if strings.HasPrefix(line, "| "+words) {
				row = line
			}
		}
		if !strings.Contains(row, figure) {
			t.Errorf("the row %q should say %q: %q", words, figure, row)
		}
	}
}

func size(bytes int) string { return fmt.Sprintf("%d MiB", bytes>>20) }

func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
