package compile_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"currant/engine/compile"
	"currant/engine/lang"
)

const formOfSurvey = `
connection "xurrent" "provider" {
  account_id    = "provider"
  client_id     = "id"
  client_secret = "secret"
}
app "survey" {
  ui_extension { html = file("config.html") }
}
runbook "secrets" {
  trigger "secrets_changed" {}
  step "log" "l" { message = "x" }
}
`

// asking is a runbook whose config step asks for a field.
func asking(trigger, field string) string {
	return "runbook \"r\" {\n  trigger " + trigger + "\n  step \"config\" \"config\" {\n    customer_account_id = \"acme\"\n    " + field + "\n  }\n}\n"
}

func TestConfigFieldsAreInTheForm(t *testing.T) {
	const (
		html      = "<input id=form_url><input id=api_key data-secret>\n<input type=radio name=mode id=mode_a>"
		automated = `"automation_webhook" { app_reference = "survey" }`
		another   = "app \"other\" {}\n"
	)
	for _, tc := range []struct{ html, more, trigger, field, want string }{
		{html, "", automated, `field "form_url" {}`, ""},
		{html, "", automated, `field "mode" {}`, ""},
		{html, "", automated, `field "form_ulr" {}`, `no input with the id "form_ulr": no customer can have entered it. Did you mean "form_url"?`},
		{html, "", automated, `field "api_key" { secret = true }`, ""},
		{html, "", automated, `field "api_key" {}`, "has the attribute data-secret"},
		{html, "", automated, `field "form_url" { secret = true }`, "has no attribute data-secret"},
		{html, "", automated, "field \"ours\" {\n      secret = true\n      own    = true\n    }", ""},
		{html, "", automated, `field "nowhere" { secret = true }`, "no input"},
		{html, "", automated, "field \"a\" { required = true }\n    field \"b\" {}", `id "b"`},
		{"", "", automated, `field "form_url" {}`, "no input"},
		// The app that a step is about.
		{html, "", `"installation_changed" {}`, `field "nowhere" {}`, "no input"},
		{html, another, `"installation_changed" {}`, `field "nowhere" {}`, ""},
		{html, another, `"installation_changed" { app_reference = app.survey.reference }`, `field "nowhere" {}`, "no input"},
		{html, another, `"installation_changed" { app_reference = "other" }`, `field "nowhere" {}`, ""},
		{html, another, `"manual" {}`, "app_reference = \"survey\"\n    field \"nowhere\" {}", "no input"},
		{html, another, automated, "app_reference = \"other\"\n    field \"nowhere\" {}", ""},
		{html, "", automated, "app_reference = trigger.payload.x\n    field \"nowhere\" {}", ""},
		{html, "", `"secrets_changed" {}`, `field "nowhere" {}`, "no input"},
		{html, another, `"secrets_changed" { app_references = ["survey"] }`, `field "nowhere" {}`, "no input"},
		{html, another, `"secrets_changed" { app_references = ["survey", "other"] }`, `field "nowhere" {}`, ""},
		{html, another, `"secrets_changed" { app_references = [var.unknown] }`, `field "nowhere" {}`, ""},
	} {
		text := formOfSurvey + tc.more + asking(tc.trigger, tc.field) + "variable \"unknown\" { type = string }\n"
		if strings.Contains(tc.trigger, "secrets_changed") { // a blueprint has one
			text = strings.Replace(text, "\"secrets_changed\" {}", "\"manual\" {}", 1)
		}
		src := sourceOf(t, map[string]string{"main.hcl": text, "config.html": tc.html})
		_, diags := compile.Compile(src, options(t))
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if got := strings.Join(texts(diags), "\n"); (tc.want == "") != (len(diags) == 0) || !strings.Contains(got, tc.want) {
			t.Errorf("%s: want %q, got %v", tc.field, tc.want, diags)
		}
	}
}

// A form that the blueprint does not tell of, or makes of what is not known yet, is left alone.
func TestUnknownFormsAreLeftAlone(t *testing.T) {
	for form, want := range map[string]int{
		`html = "<input id=a>"`:               1,
		"":                                    0,
		`form_definition = {}`:                0,
		`html = null`:                         0,
		`html = var.form`:                     0,
		`html = sensitive("<input id=a>")`:    0,
		`html = "<input id='${var.secret}'>"`: 0,
	} {
		text := strings.Replace(formOfSurvey, `html = file("config.html")`, form, 1) + "variable \"form\" { type = string }\nvariable \"secret\" {\n  type = string\n  sensitive = true\n}\n"
		_, diags := compile.Compile(source(t, text+asking(`"automation_webhook" { app_reference = "survey" }`, `field "nowhere" {}`)), options(t))
		if diags.HasErrors() || len(diags) != want {
			t.Errorf("%s: %v", form, diags)
		}
	}
}

// The warning is there again where the runbook is taken over from the compilation before, and only where it holds.
func TestFormsAreComparedAgain(t *testing.T) {
	o := options(t)
	o.Previous = &compile.Cache{}
	text := formOfSurvey + asking(`"automation_webhook" { app_reference = "survey" }`, `field "form_url" {}`)
	for i, html := range []string{"<input id=x>", "<input id=x>", "<input id=form_url>", "<input id=y>"} {
		_, diags := compile.Compile(sourceOf(t, map[string]string{"main.hcl": text, "config.html": html}), o)
		if want := 1; diags.HasErrors() || (i == 2) != (len(diags) == 0) || len(diags) > want {
			t.Errorf("%d: %v", i, diags)
		}
	}
}

// The pictures of an app are looked for in the blueprint's directory, and nowhere else.
func TestPicturesLieInTheDirectory(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("outside.svg", "<svg/>")
	write("bp/app/logo.svg", "<svg/>")
	for link, to := range map[string]string{"bp/inside.svg": "app/logo.svg", "bp/out.svg": "../outside.svg", "bp/loop.svg": "loop.svg", "bp/absolute.svg": filepath.Join(dir, "bp/app/logo.svg")} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "bp/pipe.svg"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"app/logo.svg": "", "inside.svg": "", "absolute.svg": "",
		"out.svg":     "leads out of the blueprint's directory",
		"loop.svg":    "cannot be read",
		"nowhere.svg": "does not exist",
		"pipe.svg":    "no regular file",
	} {
		write("bp/main.hcl", strings.Replace(formOfSurvey, `ui_extension { html = file("config.html") }`, "picture = \""+name+"\"", 1))
		src, diags := lang.ReadDir(filepath.Join(dir, "bp"))
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		_, diags = compile.Compile(src, options(t))
		if (want == "") != (len(diags) == 0) || !strings.Contains(strings.Join(texts(diags), "\n"), want) {
			t.Errorf("%s: want %q, got %v", name, want, diags)
		}
		o := options(t)
		o.Stored = true // a run that began with it does not need its pictures
		if _, diags = compile.Compile(src, o); len(diags) > 0 {
			t.Errorf("%s, stored: %v", name, diags)
		}
	}
	// What a snapshot holds is as it was then.
	text := strings.Replace(formOfSurvey, `ui_extension { html = file("config.html") }`, `picture = "app/logo.svg"`, 1)
	for content, want := range map[string]int{"<svg/>": 0, "GIF89a": 1} {
		src, _ := lang.FromFiles(filepath.Join(dir, "bp"), map[string][]byte{"main.hcl": []byte(text), "app/logo.svg": []byte(content)})
		if _, diags := compile.Compile(src, options(t)); len(diags) != want {
			t.Errorf("%q: %v", content, diags)
		}
	}
}
