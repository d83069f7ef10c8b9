package console

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"currant/engine/lang"
)

// Lines are whole, whatever is coloured in them, and what a diagnostic points at is marked.
func TestSourceLines(t *testing.T) {
	text := "# first\r\nvariable \"key\" {\n  default = <<EOT\nsecret\nEOT\n  sensitive = true\n}\nstep \"log\" \"é\" { message = \"a ${1 + 2}\" }\n"
	lines, total := sourceLines("main.hcl", []byte(text), nil, 1, nil)
	var got []string
	for _, l := range lines {
		line := ""
		for _, p := range l.Pieces {
			line += p.Text
		}
		got = append(got, line)
	}
	want := []string{"# first", `variable "key" {`, "  default = (sensitive)", "(sensitive)", "(sensitive)", "  sensitive = true", "}", `step "log" "é" { message = "a ${1 + 2}" }`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || total != len(want) {
		t.Errorf("%d lines\n%s", total, strings.Join(got, "\n"))
	}
	at := strings.Index(text, "message")
	d := lang.ReportDiagnostic{Severity: "error", Summary: "x", Range: &lang.ReportRange{Start: lang.ReportPos{Line: 8, Byte: at}, End: lang.ReportPos{Line: 8, Byte: at + 7}}}
	lines, _ = sourceLines("main.hcl", []byte(text), []lang.ReportDiagnostic{d}, 1, nil)
	marked := ""
	for _, p := range lines[7].Pieces {
		if p.Bad {
			marked += p.Text
		}
	}
	if len(lines[7].Diags) != 1 || marked != "message" {
		t.Errorf("marked %q, %d diagnostics", marked, len(lines[7].Diags))
	}
	large := strings.Repeat("# line\n", 2*pageLines)
	if lines, total := sourceLines("main.hcl", []byte(large), nil, pageLines+1, nil); total != 2*pageLines || len(lines) != pageLines || lines[0].N != pageLines+1 {
		t.Errorf("%d lines of %d", len(lines), total)
	}
	for _, from := range []int{-5, 0, 1 << 40} {
		if lines, _ := sourceLines("main.hcl", []byte(large), nil, from, nil); len(lines) == 0 {
			t.Errorf("nothing from line %d", from)
		}
	}
	sourceLines("x", []byte("\xff\x00\"${\n<<"), nil, 1, nil) // no text makes it fail
}

// A bad edit is shown where it is wrong while the last good text stays in force; values of variables are never shown.
func TestBadEdit(t *testing.T) {
	r := newRig(t, shop, nil)
	if err := os.WriteFile(filepath.Join(r.dir, "secrets.auto.vars.hcl"), []byte(`key = "typed-by-the-operator"`), 0o600); err != nil {
		t.Fatal(err)
	}
	v := r.visitor()
	r.write(strings.Replace(shop, "message = \"large\"", "mesage = \"large\"", 1))
	v.page("/blueprints/shop", "2 errors", "not in force", "Did you mean &#34;message&#34;?", "squiggle", "mesage")
	force := v.page("/blueprints/shop?show=force", "This is the version in force")
	if strings.Contains(force, "mesage") || strings.Contains(force, "squiggle") {
		t.Error("the text in force is not what is shown")
	}
	v.page("/", "The files have errors.", "The last good version stays in force.")
	v.page("/metrics", "} 0\n")
	for _, path := range []string{"/blueprints/shop", "/blueprints/shop?file=" + filepath.Join(r.dir, "secrets.auto.vars.hcl"), "/blueprints/shop?file=/etc/passwd"} {
		if body := v.page(path); strings.Contains(body, "typed-by-the-operator") || strings.Contains(body, "s3cr3t") || strings.Contains(body, "auto.vars") || strings.Contains(body, "root:") {
			t.Errorf("%s shows a secret, or a file that is none of the blueprint's", path)
		}
	}
	r.write(shop + "\n# mended\n")
	if body := v.page("/blueprints/shop", "in force", "# mended"); strings.Contains(body, "errors") {
		t.Error("it is mended and still called bad")
	}
	// A directory that never held a good one.
	empty := newRig(t, "runbook \"x\" {\n", nil)
	w := empty.visitor()
	w.page("/", "Nothing of them is in force.", `href="/directories/0"`)
	w.page("/directories/0", "runbook", "served as soon as it is valid")
}
