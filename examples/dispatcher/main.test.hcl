# currant test examples/dispatcher --coverage

test "a note is posted, signed" {
  runbook = runbook.dispatch

  trigger {
    customer_account_id = "acme"
    app_reference       = "note_dispatcher"
    payload             = { record = "task", nr = "7", text = "Done.", author = "Ann" }
    webhook             = { event = "automation_rule", delivery = "d1", delivery_origin = null, person = { id = 1, nodeID = "p1", name = "Ann" } }
  }

  mock "settings" { output = { config = { endpoint_url = "https://notes.example.com/in", signing_key = "a long signing key" } } }
  mock "post" { output = { status = 204 } }

  expect "post" {
    count     = 1
    arguments = { method = "POST", url = "https://notes.example.com/in" }
  }

  assert {
    condition     = run.status == "finished" && run.outputs.record == "task 7"
    error_message = "The note must be delivered."
  }
}

test "what the app itself writes is not sent" {
  runbook = runbook.dispatch

  trigger {
    customer_account_id = "acme"
    app_reference       = "note_dispatcher"
    payload             = { record = "task", nr = "7", text = "Sent." }
    webhook             = { event = "automation_rule", delivery = "d1", delivery_origin = null, person = { id = 2, nodeID = "p2", name = "Note Dispatcher" } }
  }

  assert {
    condition     = run.status == "discarded"
    error_message = "It would go round for ever."
  }
}

test "an endpoint that is down is tried again" {
  runbook = runbook.dispatch

  trigger {
    customer_account_id = "acme"
    app_reference       = "note_dispatcher"
    payload             = { record = "task", nr = "7", text = "Done." }
    webhook             = { event = "automation_rule", delivery = "d1", delivery_origin = null, person = { id = 1, nodeID = "p1", name = "Ann" } }
  }

  mock "settings" { output = { config = { endpoint_url = "https://notes.example.com/in", signing_key = "a long signing key" } } }
  mock "post" { error = { kind = "network", message = "connection refused" } }

  expect "post" { count = 5 }
  expect "suspend" { count = 0 }

  assert {
    condition     = run.status == "failed"
    error_message = "The note is lost, and the run must say so."
  }
}

test "an endpoint that is gone suspends the app" {
  runbook = runbook.dispatch

  trigger {
    customer_account_id = "acme"
    app_reference       = "note_dispatcher"
    payload             = { record = "request", nr = "8", text = "Hello?" }
    webhook             = { event = "automation_rule", delivery = "d1", delivery_origin = null, person = { id = 1, nodeID = "p1", name = "Ann" } }
  }

  mock "settings" { output = { config = { endpoint_url = "https://notes.example.com/in", signing_key = "a long signing key" } } }
  mock "post" { error = { kind = "http", message = "status 410", status = 410 } }
  mock "suspend" { output = { app_instance_id = "i1" } }

  expect "post" { count = 1 }
  expect "suspend" {
    count     = 1
    arguments = { suspension = { suspended = true } }
  }

  assert {
    condition     = run.status == "failed" && run.error.kind == "fail"
    error_message = "The note is lost, and the run must say so."
  }
}

test "what an installation becomes" {
  runbook = runbook.installed

  trigger {
    customer_account_id = "acme"
    suspended           = true
    disabled            = false
    webhook             = { event = "app_instance.update", delivery = "d1", delivery_origin = null, person = { id = 1, nodeID = "p1", name = "Ann" } }
  }

  expect "state" { arguments = { message = "acme is suspended." } }
}

test "secrets arrive" {
  runbook = runbook.secrets
  trigger {
    customer_account_id = "acme"
    app_reference       = "note_dispatcher"
  }
  expect "kept" { count = 1 }
}
