# "currant test" runs these. A step without a mock is executed.

test "greets whoever is named" {
  runbook = runbook.greet

  trigger {
    input = { name = "Ann" }
  }

  assert {
    condition     = run.status == "finished" && run.outputs.greeting == "Hello, Ann!"
    error_message = "Ann must be greeted by name."
  }
}

test "greets in other words" {
  runbook   = runbook.greet
  variables = { greeting = "Welcome" }

  trigger {
    input = {}
  }

  expect "say" {
    count     = 1
    arguments = { message = "Welcome, world!" }
  }
}
