# "currant test" runs these. Mocks answer in place of the account; a step without one asks a simulated account.

test "the least busy team gets it" {
  runbook = runbook.triage

  trigger {
    event         = "request.create"
    object_nodeID = "r1"
  }

  mock "request" { output = { id = "r1", subject = "No network" } }
  mock "teams" { records = [{ id = "t1", name = "Service Desk" }, { id = "t2", name = "Networks" }] }
  mock "open" { records = [{ id = "r2", team = { id = "t1" } }, { id = "r3", team = { id = "t1" } }, { id = "r4", team = { id = "t2" } }] }
  mock "assign" { output = { request = { id = "r1" } } }
  mock "note" { output = { note = { id = "n1" } } }

  expect "assign" {
    count     = 1
    arguments = { input = { id = "r1", teamId = "t2" } }
  }
  expect "note" { count = 1 }

  assert {
    condition     = run.status == "finished" && run.outputs.team == "Networks"
    error_message = "Networks has the fewest open requests."
  }
}

test "an account that refuses" {
  runbook = runbook.triage

  trigger {
    event         = "request.create"
    object_nodeID = "r1"
  }

  mock "request" { output = { id = "r1", subject = "No network" } }
  mock "teams" { records = [{ id = "t1", name = "Service Desk" }] }
  mock "open" { records = [] }
  mock "assign" { error = { kind = "mutation", message = "The team is disabled." } }

  expect "note" { count = 0 }

  assert {
    condition     = run.status == "failed" && run.error.kind == "mutation"
    error_message = "Nobody may read of an assignment that there is not."
  }
}
