package testrun

import (
	"testing"
	"time"
)

// Time is simulated: a week of waits, retries and limits takes none, and ends in the right order.
func TestSimulatedTime(t *testing.T) {
	f := read(t, `
runbook "slow" {
  timeout = "30d"
  trigger "manual" {}
  step "wait" "week" { duration = "7d" }
  step "http" "ask" {
    url     = "https://a.example/"
    timeout = "1m"
    retry {
      attempts = 3
      delay    = "5m"
      backoff  = 1
    }
  }
  step "parallel" "both" {
    branch "quick" {
      step "wait" "short" { duration = "1m" }
      step "log" "first" { message = "first" }
    }
    branch "late" {
      step "wait" "long" { duration = "2m" }
      step "log" "second" { message = "second" }
    }
  }
  output "waited" { value = step.week.actual_wait }
  output "moment" { value = timestamp() }
}`, `
test "waits take no time" {
  now = "2026-01-01T00:00:00Z"
  mock "ask" {
    error = { kind = "http", status = 500, message = "no" }
  }
  mock "ask" {
    delay  = "5m"
    output = { status = 200 }
  }
  mock "ask" { output = { status = 200, body = "yes" } }
  expect "ask" { count = 3 }
  assert {
    condition     = run.outputs.waited == 604800 && run.outputs.moment == "2026-01-08T00:13:00Z"
    error_message = "The run ends at ${run.outputs.moment}."
  }
  assert { condition = [for l in run.logs : l.message] == ["first", "second"] }
  assert { condition = [for c in run.steps.ask.calls : c.error == null ? "" : c.error.kind] == ["http", "timeout", ""] }
}`)
	begun := time.Now()
	f.passes()
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	if jumped := time.Duration(f.jumps.Load()); jumped != 7*24*time.Hour+13*time.Minute {
		t.Errorf("the surroundings were told of jumps of %s", jumped)
	}
}

// A run that another one calls is run too; its steps are named with its runbook. Runs of one group take turns.
func TestSubRuns(t *testing.T) {
	read(t, `
runbook "main" {
  trigger "manual" {}
  step "loop" "orders" {
    items = [1, 2, 3]
    each "order" {
      parallel = 3
      collect  = step.price.outputs.total
      step "call" "price" {
        runbook = runbook.price
        input   = { n = order.value }
      }
    }
  }
  step "try" "guard" {
    do {
      step "call" "bad" {
        runbook = runbook.price
        input   = { n = -1 }
      }
    }
    catch {
      step "log" "why" { message = "${error.kind}: ${error.message}" }
    }
  }
  step "call" "later" {
    runbook = runbook.price
    input   = { n = 100 }
    wait    = false
  }
  output "totals" { value = step.orders.collected }
}
runbook "price" {
  concurrency = "per_runbook"
  trigger "manual" { input_schema = object({ n = number, tax = optional(number, 2) }) }
  step "if" "negative" {
    condition = trigger.input.n < 0
    then {
      step "fail" "no" { message = "No such order." }
    }
  }
  step "wait" "a" { duration = "1h" }
  step "http" "lookup" { url = "https://a.example/${trigger.input.n}" }
  output "total" { value = trigger.input.n * step.lookup.json.price * trigger.input.tax }
}`, `
test "calls run" {
  runbook = runbook.main
  now     = "2026-01-01T00:00:00Z"
  mock "price.lookup" { output = { status = 200, json = { price = 10 } } }
  expect "price.lookup" {
    count     = 4
    index     = 3
    arguments = { url = "https://a.example/100" }
  }
  expect "why" {
    arguments = { message = "fail: runbook price failed: No such order." }
  }
  assert {
    condition     = run.outputs.totals == tolist([20, 40, 60])
    error_message = jsonencode(run.outputs.totals)
  }
  assert { condition = run.steps.later.output.outputs == null }
}
test "a call can be mocked" {
  runbook = runbook.main
  mock "price" { output = { outputs = { total = call.index } } }
  mock "bad" { error = { kind = "fail", message = "mocked" } }
  mock "later" { output = { job_uuid = "x" } }
  expect "price.lookup" { count = 0 }
  expect "why" {
    arguments = { message = "fail: mocked" }
  }
  assert { condition = run.outputs.totals == tolist([0, 1, 2]) }
}`).passes()
}

// Mocked records come as pages, and their iterations see what is missing as null.
func TestRecords(t *testing.T) {
	read(t, `
connection "xurrent" "a" {
  account_id            = "wdc"
  personal_access_token = "t"
}
runbook "r" {
  trigger "manual" {}
  step "query" "pages" {
    object    = "people"
    fields    = "id name"
    page_size = 2
    each_page "page" {
      collect = length(page.value)
      step "log" "page" { message = jsonencode(page.value) }
    }
  }
  step "query" "each" {
    object = "people"
    fields = "id name"
    max_results = 2
    each "person" {
      step "log" "person" { message = person.value.name == null ? "nobody" : person.value.name }
    }
  }
  step "query" "all" {
    object = "people"
    fields = "id name"
  }
  step "query" "me" {
    object = "me"
    fields = "id"
  }
  step "async" "results" { urls = ["https://a.example/1"] }
  output "pages" { value = step.pages.collected }
  output "all" { value = [step.all.count, step.all.total_count, step.all.has_next_page, step.all.nodes[0].id, step.each.count] }
  output "me" { value = step.me.id }
  output "done" { value = step.results.results[0].body.ok }
}`, `
test "pages" {
  mock "pages" { records = [{ id = 1 }, { id = 2 }, { id = 3 }] }
  mock "each" { records = [{ id = 1, name = "Ann" }, { id = 2, name = null }, { id = 3, name = "Bo" }] }
  mock "all" { records = [{ id = "1" }, { id = "2" }] }
  mock "me" { output = { id = "m" } }
  mock "results" { records = [{ url = "u", body = { ok = true } }] }
  expect "pages" { count = 1 }
  expect "page" { count = 2 }
  expect "person" {
    count     = 2
    index     = 1
    arguments = { message = "nobody" }
  }
  assert {
    condition     = jsonencode(run.outputs.pages) == "[2,1]" && jsonencode(run.outputs.all) == "[2,2,false,\"1\",2]"
    error_message = "${jsonencode(run.outputs.pages)} ${jsonencode(run.outputs.all)}"
  }
  assert { condition = run.outputs.me == "m" && run.outputs.done }
}
test "no records" {
  mock "pages" { records = [] }
  mock "each" { records = [] }
  mock "all" { records = [] }
  mock "me" { output = { id = "m" } }
  mock "results" { error = { kind = "timeout", message = "never" } }
  expect "page" { count = 0 }
  assert { condition = run.error.kind == "timeout" && run.error.step == "results" && run.steps.all.output.count == 0 }
}`).passes()
}

// What begins a run is judged as the trigger judges it: by its schema, its checks, and what it discards.
func TestBeginnings(t *testing.T) {
	read(t, `
runbook "hook" {
  trigger "json_endpoint" {
    body_schema  = object({ id = string, n = optional(number, 7) })
    discard_when = trigger.body.id == "ignore"
    methods      = ["POST", "PUT"]
    header "X-Kind" { required = true }
    auth "bearer" { token = "sesame" }
  }
  step "compute" "c" { v = trigger.body.n }
  output "n" { value = step.c.v }
  output "kind" { value = trigger.headers["x-kind"] }
  output "query" { value = "${trigger.url_postfix}?${try(trigger.query_params.a, "")}" }
}
runbook "nightly" {
  trigger "schedule" {
    cron         = "0 3 * * *"
    request_body = { full = true }
  }
  step "log" "at" { message = "${trigger.triggered_at} ${trigger.body.full}" }
}
runbook "plain" {
  trigger "manual" { input_schema = object({ a = optional(number, 1) }) }
  step "log" "a" { message = trigger.input.a }
}`, `
test "a request is parsed" {
  runbook = runbook.hook
  request {
    method       = "PUT"
    headers      = { X-Kind = "order", Authorization = "Bearer sesame" }
    query_params = { a = "b" }
    url_postfix  = "x/y"
    body         = { id = "1" }
  }
  assert { condition = run.outputs.n == 7 && run.outputs.kind == "order" && run.outputs.query == "x/y?b" }
}
test "a text body is sent as it is" {
  runbook = runbook.hook
  request {
    headers = { X-Kind = "order", Authorization = "Bearer sesame" }
    body    = "{\"id\": \"1\", \"id\": \"2\"}"
  }
  assert { condition = run.status == "discarded" && run.error.status == 400 }
}
test "a wrong token is refused" {
  runbook = runbook.hook
  request {
    headers = { X-Kind = "order", Authorization = "Bearer wrong" }
    body    = { id = "1" }
  }
  expect "c" { count = 0 }
  assert { condition = run.status == "discarded" && run.error.status == 401 && run.error.kind == "auth" && run.outputs.n == null }
}
test "a missing header is refused" {
  runbook = runbook.hook
  request {
    headers = { Authorization = "Bearer sesame" }
    body    = { id = "1" }
  }
  assert { condition = run.error.status == 422 && strcontains(run.error.message, "x-kind") }
}
test "an event is discarded" {
  runbook = runbook.hook
  trigger { body = { id = "ignore" } }
  assert { condition = run.status == "discarded" && run.error == null }
}
test "defaults of the schema are filled in" {
  runbook = runbook.hook
  trigger { 
    body         = { id = "1" }
    headers      = { x-kind = "k" }
    query_params = {}
    url_postfix  = ""
  }
  assert { condition = run.outputs.n == 7 }
}
test "a schedule fires" {
  runbook = runbook.nightly
  now     = "2026-01-01T03:00:00Z"
  expect "at" {
    arguments = { message = "2026-01-01T03:00:00Z true" }
  }
}
test "no input" {
  runbook = runbook.plain
  expect "a" {
    arguments = { message = 1 }
  }
}
test "an input" {
  runbook = runbook.plain
  trigger { input = { a = 5 } }
  expect "a" {
    arguments = { message = "5" }
  }
}`).passes()
}
