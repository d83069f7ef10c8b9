package console

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// registered are secret arguments by their specs; the other names are told by their ends.
var registered = []string{"client_secret", "value", "personal_access_token"}

// textOf is a file as it is shown.
func textOf(name, text string) string {
	lines, _ := sourceLines(name, []byte(text), nil, 1, registered)
	var b strings.Builder
	for _, l := range lines {
		for _, p := range l.Pieces {
			b.WriteString(p.Text)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

const secretive = `variable "tok" {
  type      = string # token = "canary-0"
  default   = "canary-1"
  sensitive = true
}
variable "many" {
  default = {
    a = "canary-2", "b" = "canary-3"
    c = [1, "canary-4"]
  }
  sensitive = 1 == 1
}
variable "text" {
  sensitive = true
  default   = <<-EOT
    canary-5
    x = canary-6 ${var.many}
  EOT
}
connection "http" "h" {
  base_url = "http://127.0.0.1:9"
  auth "bearer" { token = "canary-7" }
  headers = { X-A = "shown", "X-Api-Key" = "canary-8", Authorization : "Bearer canary-9" }
}
connection "xurrent" "c" {
  client_id     = "shown too"
  client_secret = "canary-a${var.tok}canary-b" # canary-c
  personal_access_token = trim(
    "canary-d"
  )
}
/* auth "basic" {
  password = "canary-e"
} */
runbook "r" {
  trigger "json_endpoint" {
    auth "api_key" {
      header = "X-Key"
      value  = "canary-f"
    }
    auth "hmac" {
      secret = 'canary-g'
    }
  }
  step "secret_set" "s" { value = sensitive("canary-h") }
  step "log" "l" { message = "shown as well ${sensitive("canary-i")}" }
  output "o" { value = "this is shown" }
}
`

const secretiveTest = `test "t" {
  runbook   = runbook.r
  variables = { tok = "canary-1", many = { a = "canary-2" } }
  trigger { name = "shown" }
  mock "l" { output = { token = "canary-3" } }
}
`

// What is secret in a blueprint's source is not shown, and what is none is.
func TestX3SourceHidesSecrets(t *testing.T) {
	for name, text := range map[string]string{"main.hcl": strings.ReplaceAll(secretive, "'", `"`), "main.test.hcl": secretiveTest} {
		got := textOf(name, text)
		if strings.Contains(got, "canary") {
			t.Errorf("%s\n%s", name, got)
		}
		for _, plain := range []string{"shown", "shown too", "shown as well", "this is shown", `base_url = "http://127.0.0.1:9"`, `auth "bearer" { token = (sensitive) }`,
			`step "log" "l" { message = "`, "runbook   = runbook.r", "${var.tok}", "headers = { X-A"} {
			if strings.Contains(text, plain) != strings.Contains(got, plain) && plain != `auth "bearer" { token = (sensitive) }` {
				t.Errorf("%s: %q is hidden in\n%s", name, plain, got)
			}
		}
	}
	for text, want := range map[string]string{
		`variable "x" { default = "a" }`:                                 `variable "x" { default = "a" }`,
		"variable \"x\" {\n default = \"a\"\n sensitive = false\n}":      "variable \"x\" {\n default = \"a\"\n sensitive = false\n}",
		"variable \"x\" {\n default = \"a\"\n sensitive = true\n}":       "variable \"x\" {\n default = (sensitive)\n sensitive = true\n}",
		"client_secret = var.client_secret":                              "client_secret = var.client_secret",
		"client_secret = canary":                                         "client_secret = (sensitive)",
		"api_key = \"canary\"\nname = \"Ann\"":                           "api_key = (sensitive)\nname = \"Ann\"",
		"}\nvariable \"x\" {\n default = \"canary\"\n}":                  "}\nvariable \"x\" {\n default = (sensitive)\n}",
		"a = 1\nb = \"open\nclient_secret = \"canary\"\nrunbook \"r\" {": "a = (sensitive)\nb = (sensitive)\nclient_secret = (sensitive)\nrunbook \"r\" {",
		"variable \"x\" {\n default #= \"canary\"\n":                     "variable \"x\" {\n default (sensitive)",
		"variable \"x\" {\n #default = {\n  a = \"canary\"\n }\n}\n":     "variable \"x\" {\n #default = (sensitive)\n  a = (sensitive)\n }\n}",
	} {
		if got := strings.TrimSuffix(textOf("main.hcl", text), "\n"); got != want {
			t.Errorf("%s\nis shown as\n%s", text, got)
		}
	}
}

// A file that is broken anywhere shows no secret either: it is cut at each byte, and has quotes, brackets and line
// ends put in between any two words.
func TestX3BrokenSourceHidesSecrets(t *testing.T) {
	for name, text := range map[string]string{"main.hcl": secretive, "main.test.hcl": secretiveTest} {
		for i := range len(text) {
			if got := textOf(name, text[:i]); strings.Contains(got, "canar") {
				t.Fatalf("cut at byte %d:\n%s", i, got)
			}
			if os.Getenv("CURRANT_LONG") == "" && i%5 != 0 {
				continue
			}
			if i > 0 && word(text[i-1]) && word(text[i]) {
				continue // another name means something else
			}
			text := strings.NewReplacer("canary-0", "remarked", "canary-c", "remarked", "canary-e", "remarked", "canary-i", "an-inner").Replace(text) // whose beginning is broken with it
			for _, put := range []string{`"`, "}", "{", "(", "]", "\n", "<<END\n", "${", "'", "\xff"} {
				if got := textOf(name, text[:i]+put+text[i:]); strings.Contains(got, "canary") {
					t.Fatalf("%q put in at byte %d, before %.40q:\n%s", put, i, text[i:], got)
				}
			}
		}
	}
}

func word(c byte) bool {
	return c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// No text makes it fail, or show less or more than its lines.
func FuzzX3Source(f *testing.F) {
	f.Add(secretive)
	f.Add("\xff\x00\"${\n<<")
	f.Add("= : \" = ( { sensitive(")
	f.Fuzz(func(t *testing.T, text string) {
		places := strings.Count(strings.TrimSuffix(text, "\n"), "\n") + 1
		if got := strings.Count(textOf("main.test.hcl", text), "\n"); got != places {
			t.Errorf("%d lines of %d", got, places)
		}
	})
}

// The examples, which hold no secret of worth, stay readable.
func TestX3ExamplesStayReadable(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := textOf(file, string(text))
		if n, lines := strings.Count(got, masked), strings.Count(got, "\n"); n > 3+lines/20 {
			t.Errorf("%s hides %d of %d lines", file, n, lines)
		}
		if testing.Verbose() {
			for line := range strings.Lines(got) {
				if strings.Contains(line, masked) {
					t.Log(filepath.Base(filepath.Dir(file)), strings.TrimSpace(line))
				}
			}
		}
	}
}
