package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestX3PlanSecrets deploys secrets in every place where a blueprint can have them, and searches for them in plans as
// text, as JSON and in files, in the output of apply when all goes well and when the account refuses it and repeats
// what it was sent, and in the data directory (promise X3).
func TestX3PlanSecrets(t *testing.T) {
	const places = 12
	source := deskApp
	var secrets, args []string
	for i := range places {
		secrets = append(secrets, fmt.Sprintf("CaNaRy%02dx7Qz9Wk3Vb", i))
		args = append(args, "--var", fmt.Sprintf("s%d=%s", i, secrets[i]))
		source += fmt.Sprintf("variable \"s%d\" {\n  type = string\n  sensitive = true\n}\n", i)
	}
	for from, to := range map[string]string{
		`client_secret = "secret"`:                `client_secret = var.s0`,
		`"A card"`:                                `"card ${var.s1}"`,
		`"Data stays."`:                           `"Data\nstays ${var.s2}"`,
		`title    = "Settings"`:                   `title = var.s3`,
		`"<form>\n  <input id=\"url\">\n</form>"`: `"<form>\n<input id=\"url\" value=\"${var.s4}\">\n</form>"`,
		`"form { margin: 0 }"`:                    `"form {}\n/* ${var.s5} */"`,
		`activate = true`:                         "javascript = \"const key = '${var.s6}'\\nsend(key)\"\n    activate = true",
		`"status = completed"`:                    `"status = ${var.s7}"`,
		`"add note 'One.'"`:                       `"add note '${var.s8}'"`,
		`"add note 'Two.'"`:                       `"call '${urlencode(var.s9)}'"`,
		`condition = "true"
    action "note" { value = "add note 'Three.'" }`: "condition = \"true\"\n    description = \"a ${base64encode(var.s10)}\"\n    action \"note\" { value = \"x\" }",
		`policy { algorithm = "es256" }`: "policy {\n    algorithm = \"es256\"\n    audience = var.s11\n  }",
	} {
		if strings.Count(source, from) != 1 {
			t.Fatalf("%d times %s", strings.Count(source, from), from)
		}
		source = strings.Replace(source, from, to, 1)
	}
	s := newDesk(t, source)
	file := filepath.Join(t.TempDir(), "saved")
	var shown bytes.Buffer
	run := func(want int, what string, more ...string) string {
		t.Helper()
		code, stdout, stderr := s.on(what, append(more, args...)...)
		if code != want {
			t.Errorf("currant %s: exit %d, want %d\n%s%s", more, code, want, stdout, stderr)
		}
		shown.WriteString(stdout + stderr)
		return stdout
	}
	look := func() {
		t.Helper()
		text := run(0, s.dir, "plan", "--out", file)
		run(0, s.dir, "plan", "--json")
		saved, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		search(t, "the saved plan", secrets, saved)
		if n := strings.Count(text, "(sensitive)"); n < places-1 {
			t.Errorf("%d sensitive values are shown as such:\n%s", n, text)
		}
	}
	look()
	// The account refuses each kind of change once, and says what it was sent.
	for i, operation := range []string{"appOfferingCreate", "uiExtensionCreate", "appOfferingAutomationRuleCreate"} {
		s.fault(map[string]any{"kind": "refuse", "operation": operation, "times": 1, "message": "not " + strings.Join(secrets, " or ")})
		run(1, s.dir, "apply", "--auto-approve")
		s.fault(map[string]any{"kind": "500", "operation": operation, "times": 1, "body": "not " + secrets[3*i]})
		run(1, s.dir, "apply", "--auto-approve")
	}
	run(0, s.dir, "apply", "--auto-approve")
	run(0, s.dir, "plan", "--detailed-exitcode")

	// Other secrets in place of these.
	for i := range secrets {
		secrets = append(secrets, strings.Replace(secrets[i], "CaNaRy", "FiNcHy", 1))
		args[2*i+1] = fmt.Sprintf("s%d=%s", i, secrets[places+i])
	}
	look()
	// A file takes only sensitive ones again.
	if out := run(0, file, "apply"); !strings.Contains(out, "Apply complete: 0 created") {
		t.Error(out)
	}
	if n := shown.Len(); n < 10_000 {
		t.Errorf("only %d bytes were shown", n)
	}
	search(t, "the outputs", secrets, shown.Bytes())
	err := filepath.WalkDir(s.data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		search(t, filepath.Base(path), secrets, b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A secret that is on the account and nowhere in the blueprint any more, but for its variable, is not shown (promise X3):
// an expression that is dropped, a text in its place, a rule that is deleted.
func TestX3PlanOfDroppedSecrets(t *testing.T) {
	const secret = "CaNaRyDroppedx7Qz9Wk3Vb"
	source := strings.NewReplacer(`"A card"`, `"card ${var.key}"`, `"add note 'Two.'"`, `"add note '${var.key}'"`,
		`expression "done" { value = "status = completed" }`, "expression \"done\" { value = \"status = completed\" }\n    expression \"key\" { value = var.key }").Replace(deskApp) +
		"variable \"key\" {\n  type = string\n  sensitive = true\n}\n"
	if n := strings.Count(source, "var.key"); n != 3 {
		t.Fatalf("%d secrets", n)
	}
	s := newDesk(t, source)
	given := []string{"--var", "key=" + secret}
	if code, stdout, stderr := s.on(s.dir, append(given, "apply", "--auto-approve")...); code != exitDone {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	s.edit("main.hcl", `"card ${var.key}"`, `"A plain card"`)
	s.edit("main.hcl", "\n    expression \"key\" { value = var.key }", "")
	text, err := os.ReadFile(filepath.Join(s.dir, "main.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	from, to := strings.Index(string(text), `  automation_rule "two"`), strings.Index(string(text), `  automation_rule "three"`)
	writeFile(t, filepath.Join(s.dir, "main.hcl"), string(text[:from])+string(text[to:]))
	s.data = filepath.Join(t.TempDir(), "another machine")
	file := filepath.Join(t.TempDir(), "saved")
	for _, args := range [][]string{{"plan", "--out", file}, {"plan", "--json"}, {"apply", "--auto-approve"}} {
		code, stdout, stderr := s.on(s.dir, append(given, args...)...)
		if code != exitDone || !strings.Contains(stdout, "Two") {
			t.Errorf("%s: exit %d\n%s%s", args, code, stdout, stderr)
		}
		search(t, strings.Join(args, " "), []string{secret}, []byte(stdout+stderr))
		if n := strings.Count(stdout, "(sensitive)"); args[1] == "--out" && n != 3 {
			t.Errorf("%d values are shown as sensitive\n%s", n, stdout)
		}
	}
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	search(t, "the saved plan", []string{secret}, saved)
}
