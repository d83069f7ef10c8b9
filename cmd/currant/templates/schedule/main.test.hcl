# "currant test" runs these. Time is simulated: nothing waits for the schedule.

test "visits every team" {
  runbook = runbook.sweep

  trigger {
    triggered_at = "2026-01-05T06:30:00Z"
  }

  expect "visit" {
    count     = 3
    arguments = { message = "1. Network" }
  }

  assert {
    condition     = join(", ", run.outputs.visited) == "NETWORK, WORKPLACE, APPLICATIONS"
    error_message = "No team may be left out."
  }
}
