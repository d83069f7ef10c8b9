runbook "nightly" {
  trigger "schedule" {
    cron = "61 3 * * *" # WRONG: Invalid schedule
  }

  step "log" "hello" { message = "hello" }
}

runbook "twice" {
  trigger "manual" {}

  trigger "manual" {} # WRONG: Duplicate block

  step "log" "hello" { message = "hello" }
}

runbook "started" {
  trigger "manul" {} # WRONG: Unknown trigger kind

  step "log" "hello" { message = "hello" }
}

runbook "slow" {
  concurrency = "per_customer" # WRONG: Invalid value for "concurrency"
  timeout     = "3 weeks"      # WRONG: Invalid value for "timeout"

  trigger "manual" {}

  step "log" "hello" { message = "hello" }
}
