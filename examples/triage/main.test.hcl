# Run them with: currant test examples/triage --coverage

test "the team with the fewest open requests gets it" {
  runbook = runbook.triage

  trigger {
    event         = "request.create"
    object_nodeID = "r-1"
  }

  mock "request" { output = { id = "r-1", subject = "Screen flickers" } }
  mock "open" {
    records = [
      { id = "1", team = { id = "network" } },
      { id = "2", team = { id = "network" } },
      { id = "3", team = { id = "desk" } },
      { id = "4" }, # nobody has it
    ]
  }
  mock "teams" { records = [{ id = "network", name = "Network" }, { id = "desk", name = "Service Desk" }] }
  mock "assign" { output = { request = { team = { name = "Service Desk" } } } }
  mock "report" { output = { storage_key = "k-1" } }
  mock "note" { output = { note = { id = "n-1" } } }

  expect "assign" {
    count     = 1
    arguments = { input = { id = "r-1", teamId = "desk", status = "assigned" } }
  }
  expect "report" {
    arguments = { file_content = "{\"desk\":1,\"network\":2}" }
  }
  expect "note" {
    arguments = {
      input = {
        ownerId     = "r-1"
        text        = "Assigned to Service Desk, which has the fewest open requests."
        attachments = [{ key = "k-1" }]
      }
    }
  }

  assert {
    condition     = run.outputs.open == 4
    error_message = "Requests without a team are counted too."
  }
}

# Here only what changes the request is mocked: teams and open requests are those of the simulated account, and the
# report is uploaded to it.
test "the simulated account has a team to choose" {
  runbook = runbook.triage

  trigger {
    event         = "request.create"
    object_nodeID = "r-1"
  }

  mock "request" { output = { id = "r-1", subject = "Screen flickers" } }
  mock "assign" { output = { request = { team = { name = "Whoever it is" } } } }
  mock "note" { output = { note = { id = "n-1" } } }

  assert {
    condition     = contains([for t in run.steps.teams.output.nodes : t.id], run.steps.assign.arguments.input.teamId)
    error_message = "There is no such team."
  }
  assert {
    condition     = run.steps.note.arguments.input.attachments[0].key == run.steps.report.output.storage_key
    error_message = "The note carries the report."
  }
}

test "an event that nobody has signed is refused" {
  runbook = runbook.triage

  request {
    body = { event = "request.create", object_nodeID = "r-1", payload = {} }
  }

  expect "assign" { count = 0 }

  assert {
    condition     = run.status == "discarded" && run.error.status == 401
    error_message = "Whoever sends no signature must not be believed."
  }
}
