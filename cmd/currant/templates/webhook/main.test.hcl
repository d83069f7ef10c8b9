# "currant test" runs these.

test "an urgent event raises the alarm" {
  runbook = runbook.receive

  trigger {
    body = { text = "The printer is on fire", urgent = true }
  }

  expect "alarm" {
    count     = 1
    arguments = { message = "Urgent: The printer is on fire" }
  }
  expect "note" { count = 0 }
}

# Through the endpoint's checks, as a caller would send it.
test "a request without urgency" {
  runbook = runbook.receive

  request {
    headers = { Authorization = "Bearer change-me", Content-Type = "application/json" }
    body    = { text = "Paper is low" }
  }

  expect "note" { count = 1 }

  assert {
    condition     = run.status == "finished" && run.outputs.text == "Paper is low"
    error_message = "The text must be handed on."
  }
}
