test "greets whoever is named" {
  runbook = runbook.hello

  trigger {
    input = { name = "Ann" }
  }

  expect "say" {
    count     = 1
    arguments = { message = "Hello, Ann!" }
  }

  assert {
    condition     = run.outputs.greeting == "Hello, Ann!"
    error_message = "The greeting names the wrong person."
  }
}

test "greets the world without a name" {
  runbook = runbook.hello

  assert {
    condition     = run.status == "finished" && run.outputs.greeting == "Hello, world!"
    error_message = "Everyone must be greeted."
  }
}
