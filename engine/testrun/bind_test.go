package testrun

import (
	"fmt"
	"strings"
	"testing"
)

const checked = `
variable "n" {
  type    = number
  default = 1
}
connection "xurrent" "a" {
  account_id            = "wdc"
  personal_access_token = "t"
}
runbook "main" {
  trigger "manual" { input_schema = object({ id = string, n = optional(number) }) }
  step "config" "config" {
    customer_account_id = "acme"
    app_reference       = "survey"
    field "url" {}
    field "key" { secret = true }
  }
  step "query" "people" {
    object = "people"
    fields = "id"
    each "p" {
      step "log" "seen" { message = p.value.id }
    }
  }
  step "call" "other" {
    runbook = runbook.other
    input   = { a = 1 }
  }
  step "mutation" "note" {
    mutation = "noteCreate"
    input    = { text = "x" }
    fields   = "errors { message }"
  }
  step "compute" "sum" { x = 1 }
  step "wait" "pause" { duration = "1s" }
  output "x" { value = step.sum.x }
}
runbook "other" {
  trigger "manual" { input_schema = object({ a = number }) }
  step "http" "send" {
    url   = "https://a.example/"
    query = { a = "b" }
  }
  step "http" "probe" {
    url    = "https://a.example/"
    expect = [404, 429]
  }
}`

// TestMistakes finds what could never be, in its place, with what was meant where that is near.
func TestMistakes(t *testing.T) {
	const good = `trigger { input = { id = "1" } }
  mock "note" { output = { errors = [] } }
  mock "other.send" { output = { status = 299 } }
  mock "other.probe" { output = { status = 429 } }
  mock "other.probe" { error = { kind = "auth", status = 401 } }
  mock "config" {
    error  = null
    output = {}
  }`
	for _, c := range []struct{ name, inside, said, at string }{
		{"unknown runbook", `runbook = runbook.man`, `no runbook "man". Did you mean "main"?`, `runbook.man`},
		{"text as a runbook", `runbook = "main"`, "takes a reference such as runbook.NAME", `"main"`},
		{"unknown argument", `wen = true`, `named "wen"`, `wen`},
		{"unknown block", `moc "x" {}`, `Did you mean "mock"?`, `moc`},
		{"variable", `variables = { m = 1 }`, `declares no variable "m"`, `m = 1`},
		{"variable's type", `variables = { n = "many" }`, `does not fit the variable "n"`, `n = "many"`},
		{"variables are no object", `variables = [1]`, `object of values by name`, `[1]`},
		{"now", `now = "today"`, "no moment", `"today"`},
		{"timeout", `timeout = "soon"`, "soon", `"soon"`},
		{"trigger's attribute", `trigger { inputs = {} }`, `Did you mean "input"?`, `inputs`},
		{"trigger's schema", `trigger { input = { id = "1", m = 2 } }`, `Did you mean "n"?`, `m = 2`},
		{"trigger's required", `trigger { input = {} }`, `attribute "id" is required`, `input`},
		{"trigger's type", `trigger { input = { id = "1", n = "x" } }`, "a number is required", `n = "x"`},
		{"trigger and request", `trigger {}
  request {}`, "Only one of", `request`},
		{"request to no endpoint", `request {}`, "receives no requests", `request`},
		{"installation of which app", `installation "acme" {}`, "0 apps", `installation "acme"`},
		{"installation's fields", `installation "acme" {
    app_reference = "survey"
    custom_fields = ["x"]
  }`, "object of the form's fields", `custom_fields`},
		{"installation's secrets", `installation "acme" {
    app_reference = "survey"
    secrets       = "x"
  }`, "map of string", `"x"`},
		{"mock of an unknown step", `mock "peple" { records = [] }`, `Did you mean "people"?`, `"peple"`},
		{"mock of a step elsewhere", `mock "send" { output = {} }`, `write "other.send"`, `"send"`},
		{"mock of a step of an unknown runbook", `mock "othr.send" { output = {} }`, `Did you mean "other"?`, `"othr.send"`},
		{"mock of a pure step", `mock "sum" { output = { x = 2 } }`, "does nothing outside the run", `mock "sum"`},
		{"mock of a step with blocks", `mock "pause" { output = {} }`, "does nothing outside the run", `mock "pause"`},
		{"mock of nothing", `mock "config" {}`, "is required", `mock "config"`},
		{"mock of two answers", `mock "config" {
    output  = {}
    records = []
  }`, "Only one of", `records`},
		{"mock without an error or an answer", `mock "config" { error = null }`, "answers nothing", `null`},
		{"null output", `mock "config" { output = null }`, "null is none", `null`},
		{"null records", `mock "people" { records = null }`, "a list is needed", `null`},
		{"null record", `mock "people" { records = [{ id = 1 }, null] }`, "[1]: a record is never null", `null`},
		{"status that is none", `mock "other.send" { output = { status = 99.5 } }`, "99.5 is no HTTP status", `status = 99.5`},
		{"status that is too large", `mock "other.send" { output = { status = 600 } }`, "600 is no HTTP status", `status = 600`},
		{"status that is not expected", `mock "other.send" { output = { status = 404 } }`, "does not expect an answer 404", `status = 404`},
		{"status that is not in expect", `mock "other.probe" { output = { status = 200 } }`, "does not expect an answer 200", `status = 200`},
		{"mutation with errors", `mock "note" { output = { errors = [{ message = "no" }] } }`, "a mutation whose answer has errors fails", `errors = [`},
		{"error with a status that is none", `mock "config" { error = { kind = "http", status = 404.5 } }`, "404.5 is no HTTP status", `status = 404.5`},
		{"error without an HTTP answer", `mock "config" { error = { kind = "network", status = 500 } }`, "has no status", `status = 500`},
		{"mock's attribute", `mock "config" { output = { confg = {} } }`, `Did you mean "config"?`, `confg = {}`},
		{"mock's nested attribute", `mock "config" { output = { config = { uri = "x" } } }`, `Did you mean "url"?`, `uri = "x"`},
		{"mock's type", `mock "config" { output = { suspended = "perhaps" } }`, "bool is needed, not string", `suspended = "perhaps"`},
		{"mock's type, of a variable", `mock "config" { output = { suspended = var.n } }`, "bool is needed, not number", `suspended = var.n`},
		{"mock's reference", `mock "config" { output = { config = { url = var.m } } }`, `"m"`, `var.m`},
		{"mock sees no run", `mock "config" { output = { config = { url = run.status } } }`, "assert block only", `run.status`},
		{"records of no list", `mock "config" { records = [] }`, "no list of records", `records`},
		{"output of a list", `mock "people" { output = { count = 1 } }`, "write records", `output`},
		{"records are no list", `mock "people" { records = {} }`, "a list is needed", `{}`},
		{"error's kind", `mock "config" { error = { kind = "htp" } }`, `Did you mean "http"?`, `kind = "htp"`},
		{"error without a kind", `mock "config" { error = { message = "x" } }`, "needs a kind", `{ message = "x" }`},
		{"error's attribute", `mock "config" { error = { kind = "http", code = 1 } }`, "There are kind, message, status.", `code = 1`},
		{"delay", `mock "config" {
    delay  = 5
    output = {}
  }`, "a duration is needed", `5`},
		{"expect of an unknown step", `expect "seem" {}`, `Did you mean "seen"?`, `"seem"`},
		{"expected argument", `expect "other.send" { arguments = { urll = "x" } }`, `Did you mean "url"?`, `urll = "x"`},
		{"expected argument without value", `expect "seen" { arguments = { when = true } }`, `no argument "when"`, `when = true`},
		{"expected type", `expect "other.send" { arguments = { expect = "x" } }`, "a list is needed", `expect = "x"`},
		{"expected arguments are no object", `expect "seen" { arguments = "x" }`, "an object of the step's arguments", `"x"`},
		{"index without arguments", `expect "seen" { index = 1 }`, "write them too", `index`},
		{"index beyond count", `expect "seen" {
    count     = 1
    index     = 1
    arguments = { message = "x" }
  }`, "no call 1", `arguments`},
		{"count", `expect "seen" { count = -1 }`, "0 or more", `-1`},
		{"assert's attribute", `assert { condition = run.state == "x" }`, `run has no attribute "state"`, `run.state`},
		{"assert's output", `assert { condition = run.outputs.y == 1 }`, `run.outputs has no attribute "y"`, `run.outputs.y`},
		{"assert's step", `assert { condition = run.steps.sm.count == 1 }`, `Did you mean "sum"?`, `run.steps.sm`},
		{"assert's step output", `assert { condition = run.steps.config.output.config.uri == "" }`, `Did you mean "url"?`, `run.steps.config.output.config.uri`},
		{"assert's type", `assert { condition = run.outputs.x }`, "bool", `run.outputs.x`},
		{"assert without a condition", `assert {}`, `"condition" is required`, `assert`},
		{"assert of the run's values", `assert { condition = step.sum.x == 1 }`, "value of a run", `step.sum`},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := c.inside
			if !strings.Contains(body, "runbook =") {
				body = "runbook = runbook.main\n  " + body
			}
			f, diags := bind(t, checked, fmt.Sprintf("test \"t\" {\n  %s\n}\n", body))
			text := shown(f, diags)
			if !diags.HasErrors() || !strings.Contains(text, c.said) {
				t.Fatalf("it does not say %q:\n%s", c.said, text)
			}
			for _, d := range diags {
				if d.Subject == nil {
					t.Fatalf("no place:\n%s", text)
				}
				if got := string(d.Subject.SliceBytes(f.source.Tests[0].Bytes)); strings.HasPrefix(got, c.at) {
					return
				}
			}
			t.Errorf("it does not point at %s:\n%s", c.at, text)
		})
	}
	f, diags := bind(t, checked, "test \"t\" {\n  runbook = runbook.main\n  "+good+"\n}\n")
	if len(diags) > 0 {
		t.Errorf("the control is refused:\n%s", shown(f, diags))
	}
}

// A name that stands twice, and a file that holds something else, are mistakes too.
func TestFileMistakes(t *testing.T) {
	for _, c := range []struct{ text, said string }{
		{"test \"a\" { runbook = runbook.main }\ntest \"a\" { runbook = runbook.main }", "There is a test of this name"},
		{"test { runbook = runbook.main }", "needs a label"},
		{"test \"a\" {}", "2 runbooks"},
		{"tets \"a\" {}", `Did you mean "test"?`},
		{"x = 1", "not expected here"},
		{"test \"a\" {", "Unclosed"},
	} {
		f, diags := bind(t, checked, c.text)
		if text := shown(f, diags); !diags.HasErrors() || !strings.Contains(text, c.said) {
			t.Errorf("%s\ndoes not say %q:\n%s", c.text, c.said, text)
		}
	}
}

// FuzzBind reads what anybody may write into a file of tests: it is checked and never panics, and what has no
// mistake can be run.
func FuzzBind(f *testing.F) {
	for _, seed := range []string{
		`test "t" { runbook = runbook.main }`,
		`test "t" {
  runbook = runbook.other
  trigger { input = { a = 1 } }
  mock "send" { output = { status = 200 + call.index, json = [for x in [1, 2]: x] } }
  expect "send" { arguments = { url = "x" } }
  assert { condition = run.steps.send.output.json[0] == 1 && run.status == "finished" }
}`,
		`test "t" {
  runbook = runbook.main
  trigger { input = { id = null } }
  mock "config" { output = null }
  mock "people" { records = null }
  mock "other" { error = null }
  expect "seen" { count = null }
}`,
		`test "t" { mock "" {} }`,
		`test "t" { request { headers = { "a\nb" = "c" } } }`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b, diags := bind(t, checked, text)
		shown(b, diags)
		if !diags.HasErrors() {
			for _, test := range b.suite.Tests {
				test.timeout = min(test.timeout, patience/2)
			}
			b.run()
		}
	})
}
