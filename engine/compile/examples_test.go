package compile_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"currant/blueprints"
	"currant/engine/compile"
	"currant/engine/lang"
	"currant/steps/standard"
)

// around is what examples of the reference may use.
const around = `
variable "client_id" { default = "id" }
variable "client_secret" {
  default   = "secret"
  sensitive = true
}
`

const aroundApps = `
connection "xurrent" "provider" {
  account_id            = "wna-it"
  personal_access_token = var.client_secret
}
runbook "secrets" {
  trigger "secrets_changed" {}
  step "log" "l" { message = "x" }
}
runbook "remind" {
  trigger "manual" {}
  step "log" "l" { message = "x" }
}
runbook "collect" {
  trigger "manual" {}
  step "log" "l" { message = "x" }
}
`

// examples are all examples of the reference, as whole blueprints.
func examples() map[string]string {
	out := map[string]string{}
	add := func(kind, name string, i int, text string) {
		out[fmt.Sprintf("%s/%s/%d", kind, name, i)] = declareVariables(text)
	}
	for _, k := range standard.Kinds(standard.Deps{}) {
		for i, e := range k.Examples {
			add("step", k.Name, i, around+aroundApps+"runbook \"t\" {\n"+triggerFor(e.HCL)+"  state \"n\" { default = 0 }\n"+e.HCL+"\n}\n")
		}
	}
	for _, k := range standard.Triggers(standard.Deps{}) {
		for i, e := range k.Examples {
			apps := aroundApps
			if k.Name == "secrets_changed" {
				apps = strings.Replace(apps, "secrets_changed", "manual", 1)
			}
			add("trigger", k.Name, i, around+apps+"runbook \"t\" {\n"+e.HCL+"\n  step \"log\" \"l\" { message = \"x\" }\n}\n")
		}
	}
	for _, k := range standard.Connections(standard.Deps{}) {
		for i, e := range k.Examples {
			add("connection", k.Name, i, around+e.HCL+"\n")
		}
	}
	for _, k := range blueprints.Kinds() {
		for i, e := range k.Examples {
			add("resource", k.Name, i, around+aroundApps+e.HCL+"\n")
		}
	}
	return out
}

// triggerFor is a trigger with what an example takes from it.
func triggerFor(example string) string {
	if strings.Contains(example, "trigger.input") {
		return "  trigger \"manual\" {}\n"
	}
	return "  trigger \"automation_webhook\" { app_reference = \"survey\" }\n"
}

var (
	usedVariable   = regexp.MustCompile(`\bvar\.([a-z_]+)`)
	usedConnection = regexp.MustCompile(`\bconnection\.([a-z_]+)`)
)

// declareVariables declares the variables, and the connections besides the provider's, that an example uses.
func declareVariables(text string) string {
	for _, m := range usedVariable.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(text, "variable \""+m[1]+"\"") {
			text += "variable \"" + m[1] + "\" { type = string }\n"
		}
	}
	for _, m := range usedConnection.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(text, "\""+m[1]+"\" {") {
			text += "connection \"http\" \"" + m[1] + "\" { base_url = \"https://example.com\" }\n"
		}
	}
	return text
}

// Every example of the reference is a valid piece of a blueprint, and stays one when it is formatted.
func TestExamples(t *testing.T) {
	o := options(t)
	for name, text := range examples() {
		t.Run(name, func(t *testing.T) {
			for _, text := range []string{text, string(hclwrite.Format([]byte(text)))} {
				src := source(t, text)
				for _, f := range []string{"app/description.md", "app/features.md", "ui/config.html", "ui/config.css", "ui/config.js"} {
					src.Snapshot[f] = []byte("x")
				}
				src.Snapshot["app/logo.svg"] = []byte("<svg/>")
				bp, diags := compile.Compile(src, o)
				if diags.HasErrors() {
					var b strings.Builder
					lang.Render(&b, bp.Files, diags, lang.RenderOptions{})
					t.Fatal(b.String())
				}
			}
		})
	}
}
