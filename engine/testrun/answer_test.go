package testrun

import (
	"strings"
	"testing"
)

const account = `
connection "xurrent" "a" {
  account_id            = "wdc"
  personal_access_token = "t"
}`

// Mocked records are evaluated once, however many pages they are: for each page anew, this would take minutes.
func TestManyRecords(t *testing.T) {
	read(t, account+`
runbook "all" {
  trigger "manual" {}
  step "query" "people" {
    object    = "people"
    fields    = "id name"
    page_size = 5
  }
  output "n" { value = step.people.count }
}`, `
test "ten thousand" {
  mock "people" { records = [for i in range(10000) : { id = i, name = "x" }] }
  assert { condition = run.outputs.n == 10000 }
}`).passes()
}

// Runs beside each other have the pages of their own mocks.
func TestPagesOfParallelRuns(t *testing.T) {
	read(t, account+`
runbook "both" {
  trigger "manual" {}
  step "parallel" "p" {
    branch "a" {
      step "call" "one" { runbook = runbook.names }
    }
    branch "b" {
      step "call" "two" { runbook = runbook.names }
    }
  }
  output "names" { value = [step.one.outputs.names, step.two.outputs.names] }
}
runbook "names" {
  trigger "manual" {}
  step "query" "people" {
    object    = "people"
    fields    = "name"
    page_size = 1
    each "p" {
      collect = p.value.name
      step "wait" "a" { duration = "1m" }
    }
  }
  output "names" { value = join("", step.people.collected) }
}`, `
test "each has its own" {
  runbook = runbook.both
  mock "names.people" { records = [{ name = "a" }, { name = "b" }, { name = "c" }] }
  mock "names.people" { records = [{ name = "x" }, { name = "y" }, { name = "z" }] }
  assert {
    condition     = jsonencode(run.outputs.names) == "[\"abc\",\"xyz\"]"
    error_message = jsonencode(run.outputs.names)
  }
}`).passes()
}

const sending = `
variable "key" {
  type      = string
  sensitive = true
  default   = "canary-1"
}
runbook "send" {
  trigger "manual" { input_schema = object({ expect = optional(list(number)) }) }
  step "try" "guard" {
    do {
      step "http" "post" {
        url    = "https://a.example/"
        expect = trigger.input.expect
        retry {
          attempts = 2
          delay    = "1s"
        }
      }
    }
    catch {
      step "log" "why" { message = "${error.kind}: ${error.message}" }
    }
  }
  output "status" { value = step.post == null ? null : step.post.status }
  output "at" { value = timestamp() }
}`

// A mocked 429 or 503 puts the step back: it takes no attempt, and nothing catches it, unless the step expects it.
func TestMockedPutBack(t *testing.T) {
	read(t, sending, `
test "put back" {
  now = "2026-01-01T00:00:00Z"
  trigger { input = {} }
  mock "post" { error = { kind = "http", status = 429 } }
  mock "post" { error = { kind = "http", status = 503 } }
  mock "post" { error = { kind = "http", status = 500 } }
  mock "post" { output = { status = 204 } }
  expect "post" { count = 2 }
  expect "why" { count = 0 }
  assert { 
    condition     = run.outputs.status == 204 && run.outputs.at == "2026-01-01T00:02:01Z"
    error_message = run.outputs.at
  }
}
test "put back for ever" {
  trigger { input = {} }
  mock "post" { error = { kind = "http", status = 429 } }
  expect "why" { count = 1 }
  expect "post" { count = 1 }
}
test "expected" {
  now = "2026-01-01T00:00:00Z"
  trigger { input = { expect = [429] } }
  mock "post" { error = { kind = "http", status = 429, message = "too large" } }
  expect "why" {
    arguments = { message = "http: too large" }
  }
  assert { condition = run.outputs.at == "2026-01-01T00:00:00Z" }
}`).passes()
}

// A mocked error that is null is none: the answer beside it is given.
func TestMockedErrorOrAnswer(t *testing.T) {
	read(t, sending, `
test "first an error" {
  trigger { input = {} }
  mock "post" {
    error  = call.index == 0 ? { kind = "network", message = "no", status = null } : null
    output = call.index == 0 ? null : { status = 201 }
  }
  expect "post" { count = 2 }
  assert { condition = run.outputs.status == 201 && run.steps.post.calls[0].error.kind == "network" }
}
test "nothing" {
  trigger { input = {} }
  mock "post" { error = call.attempt == 1 ? { kind = "network" } : null }
}`).fails(map[string][]string{"nothing": {"The mock answers nothing"}})
}

// What a step could not answer in this call, which shows only when it does.
func TestNeverAnswered(t *testing.T) {
	read(t, sending, `
test "fits" {
  trigger { input = { expect = [404] } }
  mock "post" { output = { status = 404 } }
}
test "does not fit" {
  trigger { input = { expect = [404] } }
  mock "post" { output = { status = 200 } }
}
test "null" {
  trigger { input = {} }
  mock "post" { output = call.attempt == 1 ? null : { status = 200 } }
}`).fails(map[string][]string{"does not fit": {"does not expect an answer 200"}, "null": {"null is none"}})
}

// The message of a mocked error is masked where it is sensitive.
func TestMockedErrorIsMasked(t *testing.T) {
	f := read(t, sending, `
test "masked" {
  trigger { input = {} }
  mock "post" { error = { kind = "auth", message = "bad ${var.key}" } }
  expect "why" {
    arguments = { message = "auth: (sensitive value)" }
  }
}
test "shown" {
  trigger { input = {} }
  mock "post" { error = { kind = "auth", message = "bad key" } }
  expect "why" {
    arguments = { message = "auth: bad key" }
  }
}
test "failed" {
  trigger { input = {} }
  mock "post" { error = { kind = "auth", message = "bad ${var.key}" } }
  assert { condition = run.steps.post.error.message == "x" }
}`)
	f.fails(map[string][]string{"failed": {"(sensitive value)"}})
	if failures, _ := f.run(); strings.Contains(failures["failed"], "canary") {
		t.Errorf("a secret shows:\n%s", failures["failed"])
	}
}

// A step without a mock that is refused its call fails the test, whatever the runbook makes of the error.
func TestForgottenMock(t *testing.T) {
	read(t, sending+`
runbook "caller" {
  trigger "manual" {}
  step "call" "later" {
    runbook = runbook.child
    wait    = false
  }
}
runbook "child" {
  trigger "manual" {}
  step "wait" "hour" { duration = "1h" }
  step "http" "late" { url = "https://a.example/" }
}`, `
test "caught" {
  runbook = runbook.send
  trigger { input = {} }
}
test "expected to fail" {
  runbook = runbook.child
  assert { condition = run.status == "failed" }
}
test "not waited for" { runbook = runbook.caller }
test "mocked" {
  runbook = runbook.caller
  mock "child.late" { output = { status = 200 } }
}`).fails(map[string][]string{
		"caught":           {"Step needs a mock", `The step "post"`, OutOfReach, `mock "post" { output = { ... } }`},
		"expected to fail": {"Step needs a mock", `mock "late"`},
		"not waited for":   {"Step needs a mock", `mock "child.late"`}})
}

// A request is refused before it is parsed as the server does it: by its method, its size, and where nobody listens.
func TestRequestHead(t *testing.T) {
	read(t, `
runbook "on" {
  trigger "json_endpoint" { methods = ["PUT"] }
  step "log" "l" { message = "x" }
}
runbook "off" {
  enabled = false
  trigger "json_endpoint" {}
  step "log" "k" { message = "x" }
}`, `
test "accepted" {
  runbook = runbook.on
  request {
    method = "PUT"
    body   = {}
  }
}
test "method" {
  runbook = runbook.on
  request { body = {} }
  assert { condition = run.status == "discarded" && run.error.status == 405 }
}
test "size" {
  runbook = runbook.on
  request {
    method = "PUT"
    body   = { a = join("", [for i in range(30000) : "0123456789"]) }
  }
  assert { condition = run.status == "discarded" && run.error.status == 413 }
}
test "coding" {
  runbook = runbook.on
  request {
    method  = "PUT"
    headers = { Content-Encoding = "gzip" }
    body    = {}
  }
  assert { condition = run.status == "discarded" && run.error.status == 415 }
}
test "disabled" {
  runbook = runbook.off
  request { body = {} }
  assert { condition = run.status == "discarded" && run.error.status == 404 }
}`).passes()
}

// Where the declared type of an argument does not say what a value is, a text is no number; else it is converted.
func TestExpectedTypes(t *testing.T) {
	read(t, `
runbook "r" {
  trigger "manual" {}
  step "http" "send" {
    method  = "POST"
    url     = "https://a.example/"
    headers = { X-N = "3" }
    expect  = [200]
    json    = { n = 3, list = ["1"], yes = true }
  }
}`, `
test "same" {
  mock "send" { output = { status = 200 } }
  expect "send" {
    arguments = { json = { n = 3, list = ["1"], yes = true }, headers = { X-N = 3 }, expect = ["200"] }
  }
}
test "number" {
  mock "send" { output = { status = 200 } }
  expect "send" {
    arguments = { json = { n = "3" } }
  }
}
test "element" {
  mock "send" { output = { status = 200 } }
  expect "send" {
    arguments = { json = { list = [1] } }
  }
}
test "bool" {
  mock "send" { output = { status = 200 } }
  expect "send" {
    arguments = { json = { yes = "true" } }
  }
}`).fails(map[string][]string{"number": {`-     n = "3"`, `+     n = 3`}, "element": {"other arguments"}, "bool": {"other arguments"}})
}
