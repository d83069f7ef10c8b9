# Does something on weekdays at half past six, and once for the time that the runner was down.

runbook "report" {
  trigger "schedule" {
    cron         = "30 6 * * 1-5"
    timezone     = "Europe/Amsterdam"
    catch_up     = "one"
    request_body = { report = "open requests" }
  }

  step "compute" "title" {
    text = "${trigger.body.report}, ${formatdate("EEE D MMM YYYY", trigger.triggered_at)}"
  }

  step "log" "begin" { message = step.title.text }

  output "title" { value = step.title.text }
}
