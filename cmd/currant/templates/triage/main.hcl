# A new request goes to the team that has the fewest open ones, with a note that says so.
# "currant run triage --sim" tries it on a simulated account, which sends the signed event itself.

variable "account_id" {
  type        = string
  description = "The Xurrent account: its id is the first part of its address."
  default     = "wdc"
  env         = "XURRENT_ACCOUNT"
}

variable "client_id" {
  type    = string
  default = "simulated" # a simulated account takes any id and any secret
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

  trigger "webhook" {
    events            = ["request.create"]
    require_signature = true
  }

  step "query" "request" {
    object    = "node"
    arguments = { id = trigger.object_nodeID }
    fields    = "id ... on Request { subject }"
  }

  step "query" "teams" {
    object = "teams"
    filter = { disabled = false }
    fields = "id name"
  }

  # All open requests, page by page; of each only its team is kept.
  step "query" "open" {
    object = "requests"
    filter = { status = { values = ["assigned", "accepted", "in_progress"] } }
    fields = "id team { id }"

    each "request" {
      collect = request.value.team == null ? "" : request.value.team.id
    }
  }

  step "compute" "load" {
    of_team = { for team in step.teams.nodes : team.id => length([for id in step.open.collected : id if id == team.id]) }
  }

  step "compute" "choice" {
    team = [for team in step.teams.nodes : team if step.load.of_team[team.id] == min(values(step.load.of_team)...)][0]
  }

  step "mutation" "assign" {
    mutation = "requestUpdate"
    input = {
      id     = step.request.id
      teamId = step.choice.team.id
      status = "assigned"
    }
  }

  step "mutation" "note" {
    mutation = "noteCreate"
    input = {
      ownerId = step.request.id
      text    = "Assigned to ${step.choice.team.name}, which has the fewest open requests."
    }
  }

  output "subject" { value = step.request.subject }
  output "team" { value = step.choice.team.name }
}
