package testrun

import (
	"context"
	"errors"
	"strings"
	"testing"

	"currant/steps"
)

// The same test gives the same identifiers, secrets and moments.
func TestSameEachTime(t *testing.T) {
	f := read(t, `
runbook "r" {
  trigger "manual" {}
  step "compute" "made" {
    id     = uuid()
    at     = timestamp()
    secret = random_secret(16)
  }
  step "http" "send" {
    method = "POST"
    url    = "https://a.example/"
    json   = step.made
  }
}`, `
test "same" {
  now = "2026-01-01T00:00:00Z"
  mock "send" { output = { status = 200 } }
  expect "send" {
    arguments = { json = { id = "", at = "", secret = "" } }
  }
}`)
	first, _ := f.run()
	second, _ := f.run()
	if first["same"] == "" || first["same"] != second["same"] {
		t.Errorf("two runs of one test differ:\n%s\n%s", first["same"], second["same"])
	}
	if !strings.Contains(first["same"], "2026-01-01T00:00:00Z") {
		t.Errorf("the moment is another: %s", first["same"])
	}
}

// Variables of a test win, and are checked as any are; what is computed from secrets does not show.
func TestVariables(t *testing.T) {
	f := read(t, `
variable "url" { type = string }
variable "key" {
  type      = string
  sensitive = true
  validation {
    condition     = length(var.key) > 5
    error_message = "Too short."
  }
}
runbook "r" {
  trigger "manual" {}
  step "http" "send" {
    method  = "POST"
    url     = var.url
    headers = { Authorization = "Bearer ${var.key}" }
    json    = { key = var.key, n = 1 }
  }
}`, `
test "given" {
  variables = { url = "https://a.example/", key = "canary-1" }
  mock "send" { output = { status = 200 } }
  expect "send" {
    arguments = { url = "https://a.example/", json = { key = "canary-1", n = 1 } }
  }
}
test "masked" {
  variables = { url = "https://a.example/", key = "canary-2" }
  mock "send" { output = { status = 200 } }
  expect "send" {
    arguments = { json = { key = "other", n = 2 } }
  }
  expect "send" { count = 2 }
  assert { condition = run.steps.send.arguments.json.key == "x" }
}
test "invalid" {
  variables = { url = "https://a.example/", key = "four" }
  mock "send" { output = { status = 200 } }
}
test "missing" {
  variables = { key = "canary-3" }
  mock "send" { output = { status = 200 } }
}`)
	failures, _ := f.run()
	f.fails(map[string][]string{"masked": {`+     key = (sensitive value)`, `+     n = 1`, "expected", "Assertion failed"},
		"invalid": {"Too short."}, "missing": {"No value for required variable"}})
	for name, text := range failures {
		if strings.Contains(strings.ReplaceAll(text, `key = "canary-2"`, ""), "canary") && name != "missing" {
			t.Errorf("a secret shows in %q:\n%s", name, text)
		}
	}
}

// stuck is a kind that works for ever, or panics.
func stuck(do func(context.Context) error) *steps.Kind {
	return steps.Action(steps.Kind{Name: "stuck", Doc: "Never ends well.", Effect: steps.Read,
		Examples: []steps.Example{{Title: "One", HCL: `step "stuck" "s" {}`}}}, func(ctx context.Context, _ *steps.Call, _ struct{}) (steps.None, error) {
		return steps.None{}, do(ctx)
	})
}

// A step that hangs, and one that panics, fail their test and no other.
func TestBadSteps(t *testing.T) {
	const blueprint = `
runbook "r" {
  trigger "manual" {}
  step "stuck" "s" {}
}
runbook "good" {
  trigger "manual" {}
  step "log" "l" { message = "x" }
}
runbook "round" {
  trigger "manual" {}
  step "repeat" "forever" {
    while = true
    max   = 1000000000
    do {
      step "compute" "c" { a = 1 }
    }
  }
}`
	const tests = `
test "bad" {
  runbook = runbook.r
  timeout = "100ms"
}
test "good" { runbook = runbook.good }
test "round" {
  runbook = runbook.round
  timeout = "100ms"
}`
	read(t, blueprint, tests, stuck(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })).fails(map[string][]string{
		"bad": {"Test took too long", "timeout of 100ms"}, "round": {"Test took too long"}})
	read(t, blueprint, tests, stuck(func(context.Context) error { panic("oh") })).fails(map[string][]string{
		"bad": {"Run did not finish", "failed inside Currant"}, "round": {"Test took too long"}})
}

// Whoever interrupts the tests gets no results that are none.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := read(t, `
runbook "r" {
  trigger "manual" {}
  step "stuck" "s" {}
}`, `test "a" {}`, stuck(func(ctx context.Context) error { cancel(); <-ctx.Done(); return ctx.Err() }))
	results, _, err := f.suite.Run(ctx, Options{Source: f.source, Setup: f.setup})
	if !errors.Is(err, context.Canceled) || len(results) != 0 {
		t.Errorf("%d results, %v", len(results), err)
	}
}

// Results come in the order of the tests, however many run at once.
func TestOrder(t *testing.T) {
	var tests strings.Builder
	for _, name := range strings.Fields("a b c d e f g h i j k l m n o p") {
		tests.WriteString("test \"" + name + "\" {}\n")
	}
	f := read(t, `
runbook "r" {
  trigger "manual" {}
  step "log" "l" { message = "x" }
}`, tests.String())
	var told []string
	results, c, err := f.suite.Run(t.Context(), Options{Source: f.source, Setup: f.setup, Done: func(r *Result) { told = append(told, r.Test.Name) }})
	if err != nil || len(results) != 16 || strings.Join(told, " ") != "a b c d e f g h i j k l m n o p" || c.Percent != 100 {
		t.Errorf("%d results, told %v, %v", len(results), told, err)
	}
}

// Kept secrets, schedules and a step's state are a test's own.
func TestKept(t *testing.T) {
	read(t, `
runbook "r" {
  trigger "manual" {}
  state "n" { default = 0 }
  step "set" "one" { n = state.n + 1 }
  step "schedule_create" "s" {
    reference = "a"
    runbook   = runbook.r
    every     = "1h"
  }
  step "schedule_update" "u" {
    reference = "a"
    runbook   = runbook.r
    every     = "2h"
  }
  step "schedule_delete" "d" { reference = "a" }
  step "try" "gone" {
    do {
      step "schedule_update" "again" {
        reference = "a"
        runbook   = runbook.r
        every     = "2h"
      }
    }
    catch {
      step "log" "why" { message = error.kind }
    }
  }
  step "finish" "end" { message = "done" }
  output "next" { value = [step.s.next_at, step.u.next_at] }
}`, `
test "kept" {
  now = "2026-01-01T00:30:00Z"
  expect "why" {
    arguments = { message = "not_found" }
  }
  expect "end" { count = 1 }
  assert {
    condition     = jsonencode(run.outputs.next) == "[\"2026-01-01T01:00:00Z\",\"2026-01-01T02:00:00Z\"]" && run.steps.one.output.n == 1
    error_message = jsonencode(run.outputs.next)
  }
}`).passes()
}

// A step that does not stop when it is told to is left behind: its test fails, and the others go on.
func TestDeadlock(t *testing.T) {
	t.Parallel() // it takes its patience
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	read(t, `
runbook "r" {
  trigger "manual" {}
  step "stuck" "s" {}
}
runbook "good" {
  trigger "manual" {}
  step "log" "l" { message = "x" }
}`, `
test "bad" {
  runbook = runbook.r
  timeout = "20ms"
}
test "good" { runbook = runbook.good }
`, stuck(func(context.Context) error { <-never; return nil })).fails(map[string][]string{"bad": {"Test does not end", "cannot be stopped"}})
}

// A mock of what is secret is secret.
func TestMockedSecrets(t *testing.T) {
	f := read(t, `
connection "xurrent" "a" {
  account_id            = "wdc"
  personal_access_token = "t"
}
runbook "r" {
  trigger "manual" {}
  step "config" "config" {
    customer_account_id = "acme"
    app_reference       = "survey"
    field "url" {}
    field "key" { secret = true }
  }
  step "log" "key" { message = step.config.config.key }
  step "log" "url" { message = step.config.config.url }
}`, `
test "masked" {
  mock "config" { output = { config = { url = "u", key = "canary" } } }
  assert { condition = [for l in run.logs : l.message] == ["(sensitive value)", "u"] }
}
test "shown masked" {
  mock "config" { output = { config = { url = "u", key = join("-", ["canary", "2"]) } } }
  expect "key" {
    arguments = { message = "x" }
  }
  expect "url" { count = 2 }
  assert { condition = run.steps.config.output.config.key == "x" }
}`)
	failures, _ := f.run()
	if failures["masked"] != "" || strings.Contains(failures["shown masked"], "canary-2") || strings.Count(failures["shown masked"], "(sensitive value)") < 2 {
		t.Errorf("%v", failures)
	}
}
