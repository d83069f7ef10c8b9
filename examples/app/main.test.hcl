# Run them with: currant test examples/app --coverage
#
# Steps without a mock work on a simulated account, which each test has for itself.

# The secrets that an installation sends.

test "kept secrets are logged by name only" {
  runbook = runbook.secrets

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
  }

  expect "kept" {
    count     = 1
    arguments = { message = "The secrets of acme for survey are kept." }
  }
}

test "secrets that nobody has signed are refused" {
  runbook = runbook.secrets

  request {
    body = { event = "app_instance.secrets-update", payload = { customer_account_id = "acme" } }
  }

  expect "kept" { count = 0 }

  assert {
    condition     = run.status == "discarded" && run.error.status == 401
    error_message = "Whoever sends no signature must not be believed."
  }
}

# A customer installs the app.

test "an installation is made ready" {
  runbook = runbook.onboarding
  now     = "2026-01-31T12:00:00Z"

  installation "acme" {
    secrets       = { api_key = "k-1" }
    custom_fields = { greeting = "Hi" }
  }

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
  }

  expect "ready" {
    count     = 1
    arguments = { custom_fields = { status = "ready since 2026-01-31" } }
  }

  assert {
    condition     = run.outputs.greeting == "Hi" && run.outputs.customer == run.steps.account.output.id
    error_message = "The settings of the customer are the outputs."
  }
}

test "a secret that the customer has not typed is waited for, and not for ever" {
  runbook = runbook.onboarding

  installation "acme" {}

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
  }

  expect "hook" { count = 0 }

  assert {
    condition     = run.error.kind == "not_found" && run.error.step == "settings"
    error_message = "Without its secret the installation is not ready."
  }
}

test "a secret of 32 bytes is kept with the customer" {
  runbook = runbook.onboarding

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
  }

  mock "token" { output = { client_id = "id", client_secret = "s" } }
  mock "settings" { output = { config = { greeting = "Hi", api_key = "k-1" } } }
  mock "ready" { output = { app_instance_id = "i-1" } }

  expect "hook" {
    arguments = { name = "hook_key" }
  }

  assert {
    condition     = length(nonsensitive(run.steps.hook.arguments.value)) > 40
    error_message = "A short secret can be guessed."
  }
}

test "an account that takes ten minutes to answer is waited for" {
  runbook = runbook.onboarding

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
  }

  mock "token" {
    delay  = "10m"
    output = { client_id = "id", client_secret = "s" }
  }
  mock "settings" { output = { config = { greeting = "Hi", api_key = "k-1" } } }
  mock "ready" { output = { app_instance_id = "i-1" } }

  assert {
    condition     = run.status == "finished"
    error_message = "Ten minutes are not too long to wait."
  }
}

test "without a token nothing is changed" {
  runbook = runbook.onboarding

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
  }

  expect "hook" { count = 0 }
  expect "ready" { count = 0 }

  assert {
    condition     = run.status == "failed" && run.error.kind == "not_found" && run.error.step == "token"
    error_message = "The token that never comes is waited for an hour, and no longer."
  }
}

test "a refused change fails the run" {
  runbook = runbook.onboarding

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
  }

  mock "token" { output = { client_id = "id", client_secret = "s" } }
  mock "settings" { output = { config = { greeting = "Hi", api_key = "k-1" } } }
  mock "ready" {
    error = { kind = "mutation", message = "Not allowed." }
  }

  assert {
    condition     = run.error.kind == "mutation" && run.error.step == "ready" && run.outputs.customer == null
    error_message = "The error is the account's."
  }
}

# The customer's automation rule calls.

test "the customer is asked in its own words" {
  runbook = runbook.ask

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
    payload             = { request_id = "r-1", text = "Thank you." }
  }

  mock "ask_token" { output = { client_id = "id", client_secret = "s" } }
  mock "greeting" { output = { config = { greeting = "Hi" } } }
  mock "note" { output = { note = { id = "n-1" } } }

  expect "note" {
    count     = 1
    arguments = { input = { ownerId = "r-1", text = "Hi, how did we do? Thank you." } }
  }

  assert {
    condition     = run.outputs.note == "n-1"
    error_message = "The note is the output."
  }
}

test "a rule may leave the text out" {
  runbook = runbook.ask

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
    payload             = { request_id = "r-1" }
  }

  mock "ask_token" { output = { client_id = "id", client_secret = "s" } }
  mock "greeting" { output = { config = { greeting = "Hello" } } }
  mock "note" { output = { note = { id = "n-1" } } }

  expect "note" {
    arguments = { input = { text = "Hello, how did we do? " } }
  }
}

test "the simulated account refuses a note to nothing" {
  runbook = runbook.ask

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
    payload             = { request_id = "no such request" }
  }

  mock "ask_token" { output = { client_id = "id", client_secret = "s" } }
  mock "greeting" { output = { config = { greeting = "Hello" } } }

  assert {
    condition     = run.status == "failed" && run.error.step == "note"
    error_message = "There is no such request."
  }
}

test "the credentials of the customer do not show" {
  runbook = runbook.ask

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
    payload             = { request_id = "r-1" }
  }

  mock "ask_token" { output = { client_id = "id", client_secret = "canary" } }
  mock "greeting" { output = { config = { greeting = "Hello" } } }
  mock "note" { output = { note = { id = "n-1" } } }

  assert {
    condition     = !strcontains(jsonencode(nonsensitive(run.steps.note.arguments)), "canary")
    error_message = "A note must not hold a secret."
  }
}

test "a rule that nobody has signed for is refused" {
  runbook = runbook.ask

  request {
    body = { event = "automation_rule", payload = { request_id = "r-1" } }
  }

  assert {
    condition     = run.status == "discarded" && run.error.status == 401
    error_message = "Whoever sends no signature must not be believed."
  }
}

# A customer removes the app.

test "goodbye is said by name" {
  runbook = runbook.offboarding

  trigger {
    customer_account_id = "acme"
    app_reference       = "survey"
  }

  expect "goodbye" {
    count     = 1
    arguments = { message = "acme has removed survey." }
  }

  assert {
    condition     = [for l in run.logs : l.level] == ["info"]
    error_message = "One line, and no more."
  }
}
