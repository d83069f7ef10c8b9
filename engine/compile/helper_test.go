package compile_test

import (
	"bytes"
	"fmt"
	"testing"

	"currant/blueprints"
	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
	"currant/steps/standard"
)

// options are those of the binary.
func options(t testing.TB) compile.Options {
	t.Helper()
	kinds, err := steps.NewRegistry(standard.Kinds(standard.Deps{}), standard.Connections(standard.Deps{}))
	if err != nil {
		t.Fatal(err)
	}
	triggers, err := ingress.NewRegistry(standard.Triggers(standard.Deps{})...)
	if err != nil {
		t.Fatal(err)
	}
	o := compile.Options{Steps: kinds, Triggers: triggers, Values: lang.Values{Partial: true}}
	for _, r := range blueprints.Kinds() {
		o.Resources = append(o.Resources, compile.Resource{Name: r.Name, Doc: r.Doc, Spec: r.Spec, Check: r.Check, Inputs: r.Inputs})
	}
	return o
}

// source is a blueprint of one file.
func source(t testing.TB, text string) *lang.Source {
	t.Helper()
	return sourceOf(t, map[string]string{"main.hcl": text})
}

func sourceOf(t testing.TB, files map[string]string) *lang.Source {
	t.Helper()
	content := map[string][]byte{}
	for name, text := range files {
		content[name] = []byte(text)
	}
	src, diags := lang.FromFiles(t.TempDir(), content)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return src
}

// runbookText is a runbook of 18 lines and five steps.
func runbookText(i int, edit string) string {
	return fmt.Sprintf(`
runbook "rb%[1]d" {
  description = "Number %[1]d"
  trigger "manual" {
    input_schema = object({ name = string, items = list(string) })
  }
  step "log" "hello" { message = "Hello ${trigger.input.name} %[2]s" }
  step "compute" "names" { all = [for n in trigger.input.items : upper(n) if n != ""] }
  step "if" "many" {
    condition = length(step.names.all) > 3
    then {
      step "log" "count" { message = "There are ${length(step.names.all)} of ${local.team}" }
    }
  }
  step "log" "end" { message = join(", ", step.names.all) }
  output "count" { value = length(step.names.all) }
}
`, i, edit)
}

const sharedText = `
variable "team" {
  type    = string
  default = "Desk"
}
locals { team = "${var.team} A" }
`

func manyFiles(n int) map[string]string {
	out := map[string]string{"main.hcl": sharedText}
	for i := range n {
		out[fmt.Sprintf("rb%04d.hcl", i)] = runbookText(i, "")
	}
	return out
}

func oneFile(n int) map[string]string {
	var b bytes.Buffer
	b.WriteString(sharedText)
	for i := range n {
		b.WriteString(runbookText(i, ""))
	}
	return map[string]string{"main.hcl": b.String()}
}
