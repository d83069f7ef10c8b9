# A runbook that starts by itself, every ten seconds here, and works through a list.

locals {
  teams = ["Network", "Workplace", "Applications"]
}

runbook "sweep" {
  description = "Looks after every team."
  concurrency = "per_runbook" # one sweep at a time

  trigger "schedule" {
    every = "10s"
  }

  step "loop" "teams" {
    items = local.teams

    each "team" {
      collect = upper(team.value)

      step "log" "visit" {
        message = "${team.index + 1}. ${team.value}"
      }
    }
  }

  output "visited" {
    value = step.teams.collected
  }
}
