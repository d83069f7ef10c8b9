# A new request without a team goes to the least busy team of its service, with a note that says why.
#
# Try it on a simulated account, which sends the signed event itself:
#
#   currant run triage examples/triage --sim

variable "account_id" {
  type    = string
  default = "wdc"
  env     = "XURRENT_ACCOUNT"
}

variable "client_id" {
  type    = string
  default = "simulated" # an id and a secret that a simulated account takes
  env     = "XURRENT_CLIENT_ID"
}

variable "client_secret" {
  type      = string
  default   = "simulated"
  env       = "XURRENT_CLIENT_SECRET"
  sensitive = true
}

connection "xurrent" "account" {
  account_id    = var.account_id
  client_id     = var.client_id
  client_secret = var.client_secret
}

runbook "triage" {
  description = "Assigns a new request to the team with the fewest open requests."
  concurrency = "per_context"

  trigger "webhook" {
    events            = ["request.create"]
    require_signature = true
    context           = trigger.object_nodeID
  }

  # The request that the event is about.
  step "query" "request" {
    object    = "node"
    arguments = { id = trigger.object_nodeID }
    fields    = "id ... on Request { requestId subject team { id name } requestedFor { name } }"
  }

  # All open requests, page by page: how many does each team have?
  step "query" "open" {
    object    = "requests"
    filter    = { status = { values = ["assigned", "accepted", "in_progress"] } }
    fields    = "id team { id }"
    page_size = 5

    each "request" {
      collect = request.value.team == null ? "" : request.value.team.id
      step "log" "seen" {
        level   = "debug"
        message = request.value.id
      }
    }
  }

  step "query" "teams" {
    object = "teams"
    filter = { disabled = false }
    fields = "id name"
  }

  step "compute" "choice" {
    busy = { for t in step.teams.nodes : t.id => length([for id in step.open.collected : id if id == t.id]) }
  }

  step "compute" "team" {
    id = [for t in step.teams.nodes : t.id if step.choice.busy[t.id] == min(values(step.choice.busy)...)][0]
  }

  step "mutation" "assign" {
    mutation = "requestUpdate"
    input = {
      id     = step.request.id
      teamId = step.team.id
      status = "assigned"
    }
    include = ["request.team"]
  }

  step "upload" "report" {
    file_name    = "triage.json"
    file_content = jsonencode(step.choice.busy)
  }

  step "mutation" "note" {
    mutation = "noteCreate"
    input = {
      ownerId     = step.request.id
      text        = "Assigned to ${step.assign.request.team.name}, which has the fewest open requests."
      attachments = [{ key = step.report.storage_key }]
    }
  }

  output "subject" { value = step.request.subject }
  output "team" { value = step.assign.request.team.name }
  output "open" { value = step.open.count }
}
