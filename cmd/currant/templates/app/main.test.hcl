# "currant test" runs these. Mocks answer in place of the customer's account.

test "thanks in the customer's words" {
  runbook = runbook.thank

  trigger {
    customer_account_id = "acme"
    app_reference       = "thanks"
    payload             = { request_id = "70001", person = "Ann" }
  }

  mock "token" { output = { client_id = "id", client_secret = "secret" } }
  mock "words" { output = { config = { words = "Many thanks" } } }
  mock "request" { records = [{ id = "r1", subject = "Screen flickers" }] }
  mock "note" { output = { note = { id = "n1" } } }

  expect "note" {
    count     = 1
    arguments = { input = { ownerId = "r1", text = "Many thanks, Ann!" } }
  }

  assert {
    condition     = run.status == "finished" && run.outputs.thanked
    error_message = "Ann must be thanked."
  }
}

test "a request that is gone" {
  runbook = runbook.thank

  trigger {
    customer_account_id = "acme"
    app_reference       = "thanks"
    payload             = { request_id = "70001", person = "Ann" }
  }

  mock "token" { output = { client_id = "id", client_secret = "secret" } }
  mock "words" { output = { config = { words = "Many thanks" } } }
  mock "request" { records = [] }

  expect "note" { count = 0 }

  assert {
    condition     = run.status == "finished" && !run.outputs.thanked
    error_message = "There is nobody to thank."
  }
}

test "a customer comes" {
  runbook = runbook.onboarding

  trigger {
    customer_account_id = "acme"
    app_reference       = "thanks"
  }

  mock "settings" { output = { config = { words = "Many thanks" } } }

  expect "welcome" {
    arguments = { message = "acme has installed the app, and says: Many thanks." }
  }
}

test "credentials arrive" {
  runbook = runbook.secrets

  trigger {
    customer_account_id = "acme"
    app_reference       = "thanks"
  }

  expect "kept" { count = 1 }
}
