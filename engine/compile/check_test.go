package compile_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/tools/txtar"

	"currant/engine/compile"
)

// stepsBefore is put around a case of steps: what all of them may use.
const stepsBefore = `variable "secret" {
  type      = string
  default   = "s3cret-value"
  sensitive = true
}
variable "words" { default = ["a", "b"] }
locals { team = "Desk" }
runbook "other" {
  trigger "manual" { input_schema = object({ id = number, note = optional(string, "x") }) }
  step "log" "l" { message = "x" }
  output "n" { value = 1 }
  output "s" {
    value     = var.secret
    sensitive = true
  }
}
runbook "t" {
  trigger "manual" {
    input_schema = object({ name = string, items = list(object({ id = number, name = string })), n = number, any = any, tags = map(string), on = bool })
  }
  state "n" { default = 0 }
`

// TestCheck compares what is wrong with the blueprints of testdata/check with their comments: each line that
// is to be refused ends in "# ERROR: part of the text", and "# WARNING: …" where a warning is wanted. A file
// NAME.hcl is a blueprint, NAME.steps are the steps of a runbook, and NAME/… are the files of one.
func TestH6Check(t *testing.T) {
	paths, err := filepath.Glob("testdata/check/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal(err, paths)
	}
	o := options(t)
	faults := 0
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cases, order := map[string]map[string]string{}, []string{}
		for _, f := range ar.Files {
			name, file, ok := strings.Cut(f.Name, "/")
			text := string(f.Data)
			if !ok {
				name, file = strings.TrimSuffix(strings.TrimSuffix(f.Name, ".hcl"), ".steps"), "main.hcl"
				if strings.HasSuffix(f.Name, ".steps") {
					text = stepsBefore + text + "}\n"
				}
			}
			if cases[name] == nil {
				cases[name] = map[string]string{}
				order = append(order, name)
			}
			cases[name][file] = text
			faults += strings.Count(text, "# ERROR:")
		}
		for _, name := range order {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+name, func(t *testing.T) { checkCase(t, o, cases[name]) })
		}
	}
	if faults < 60 {
		t.Errorf("%d faults; the promise is 60", faults)
	}
}

func checkCase(t *testing.T, o compile.Options, files map[string]string) {
	t.Helper()
	type wanted struct{ severity, text string }
	want := map[string][]wanted{}
	for name, text := range files {
		for i, line := range strings.Split(text, "\n") {
			for {
				at := max(strings.LastIndex(line, "# ERROR:"), strings.LastIndex(line, "# WARNING:"))
				if at < 0 {
					break
				}
				severity, text, _ := strings.Cut(line[at+2:], ":")
				key := fmt.Sprintf("%s:%d", name, i+1)
				want[key] = append(want[key], wanted{severity, strings.TrimSpace(text)})
				line = line[:at]
			}
		}
	}
	_, diags := compile.Compile(sourceOf(t, files), o)
	for _, d := range diags {
		severity := "ERROR"
		if d.Severity == hcl.DiagWarning {
			severity = "WARNING"
		}
		if d.Subject == nil || d.Detail == "" {
			t.Errorf("no place or no detail: %s: %s", d.Summary, d.Detail)
			continue
		}
		key := fmt.Sprintf("%s:%d", filepath.Base(d.Subject.Filename), d.Subject.Start.Line)
		text := d.Summary + ": " + d.Detail
		i := slices.IndexFunc(want[key], func(w wanted) bool { return w.severity == severity && strings.Contains(text, w.text) })
		if i < 0 {
			t.Errorf("unexpected %s at %s: %s", severity, key, text)
			continue
		}
		want[key] = slices.Delete(want[key], i, i+1)
		if strings.Contains(text, "s3cret") {
			t.Errorf("the secret is shown: %s", text)
		}
	}
	for key, ws := range want {
		for _, w := range ws {
			t.Errorf("missing %s at %s: %s", w.severity, key, w.text)
		}
	}
}
