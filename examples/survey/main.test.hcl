# currant test examples/survey --coverage

test "a good rating is thanked for" {
  runbook = runbook.collect

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
    payload             = { request_id = "70001", answer = "5/5, quick help", person = "Ann" }
  }

  mock "customer_token" { output = { client_id = "id", client_secret = "secret" } }
  mock "survey_settings" { output = { config = { threshold = 3, report_url = null, report_key = null } } }
  mock "request" { records = [{ id = "r1", requestId = "70001", subject = "Screen flickers", team = { id = "t1", name = "Workplace", coordinator = null } }] }
  mock "thanks" { output = { note = { id = "n1" } } }

  expect "thanks" {
    count     = 1
    arguments = { input = { ownerId = "r1", text = "Thank you, Ann, for 5 of 5." } }
  }
  expect "alarm" { count = 0 }
  expect "send" { count = 0 }

  assert {
    condition     = run.status == "finished" && run.outputs.rating == 5 && !run.outputs.bad
    error_message = "5 of 5 is good."
  }
}

test "a bad rating alarms the team, and is reported" {
  runbook = runbook.collect

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
    payload             = { request_id = "70001", answer = "2 out of 5: nobody called", person = "Ann" }
  }

  mock "customer_token" { output = { client_id = "id", client_secret = "secret" } }
  mock "survey_settings" { output = { config = { threshold = 3, report_url = "https://reports.example.com", report_key = "key" } } }
  mock "request" { records = [{ id = "r1", requestId = "70001", subject = "Screen flickers", team = { id = "t1", name = "Workplace", coordinator = null } }] }
  mock "thanks" { output = { note = { id = "n1" } } }
  mock "alarm" { output = { note = { id = "n2" } } }
  mock "send" { output = { status = 204 } }

  expect "alarm" {
    arguments = { input = { internal = true, text = "Workplace: rated 2 of 5. Please call Ann." } }
  }
  expect "send" {
    arguments = { url = "https://reports.example.com", json = { request = "70001", rating = 2, team = "Workplace" } }
  }

  assert {
    condition     = run.outputs.bad
    error_message = "2 of 5 is bad."
  }
}

test "reports that are down are no concern of the requester's" {
  runbook = runbook.collect

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
    payload             = { request_id = "70001", answer = "4 of 5" }
  }

  mock "customer_token" { output = { client_id = "id", client_secret = "secret" } }
  mock "survey_settings" { output = { config = { threshold = 3, report_url = "https://reports.example.com", report_key = "key" } } }
  mock "request" { records = [{ id = "r1", requestId = "70001", subject = "Screen flickers", team = null }] }
  mock "thanks" { output = { note = { id = "n1" } } }
  mock "send" { error = { kind = "network", message = "connection refused" } }

  expect "send" { count = 4 }
  expect "unreported" { count = 1 }

  assert {
    condition     = run.status == "finished" && run.outputs.rating == 4
    error_message = "The run must not fail."
  }
}

test "a note without a rating" {
  runbook = runbook.collect

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
    payload             = { request_id = "70001", answer = "It happens again." }
  }

  expect "request" { count = 0 }

  assert {
    condition     = run.status == "finished"
    error_message = "There is nothing to do."
  }
}

test "a request that is gone" {
  runbook = runbook.collect

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
    payload             = { request_id = "70001", answer = "4 of 5" }
  }

  mock "customer_token" { output = { client_id = "id", client_secret = "secret" } }
  mock "survey_settings" { output = { config = { threshold = 3, report_url = null, report_key = null } } }
  mock "request" { records = [] }

  assert {
    condition     = run.status == "failed" && run.error.kind == "not_found"
    error_message = "Nobody can be thanked."
  }
}

test "a customer comes" {
  runbook = runbook.onboarding

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
  }

  mock "credentials" { output = { client_id = "id", client_secret = "secret" } }
  mock "settings" { output = { config = { form_url = "https://forms.example.com", threshold = 3, report_url = null, report_key = null } } }
  mock "account" { output = { id = "acme", name = "Acme" } }
  mock "status" { output = { app_instance_id = "i1" } }

  expect "status" { count = 1 }

  assert {
    condition     = run.outputs.customer == "acme" && run.outputs.problem == null
    error_message = "All is well."
  }
}

test "a form that is not secure" {
  runbook = runbook.onboarding

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
  }

  mock "credentials" { output = { client_id = "id", client_secret = "secret" } }
  mock "settings" { output = { config = { form_url = "http://forms.example.com", threshold = 3, report_url = null, report_key = null } } }
  mock "account" { output = { id = "acme", name = "Acme" } }
  mock "status" { output = { app_instance_id = "i1" } }

  expect "status" {
    arguments = { custom_fields = { status = "The address of the form must begin with https://." } }
  }
}

test "secrets arrive" {
  runbook = runbook.secrets
  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
  }
  expect "kept" { count = 1 }
}

test "a customer goes" {
  runbook = runbook.offboarding
  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
  }
  expect "goodbye" { arguments = { message = "acme has removed the app." } }
}
