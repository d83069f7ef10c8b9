# What is deployed: the app offering with its settings page and its rules.

app "survey" {
  name             = "Survey"
  service_instance = var.service_instance
  card_description = "Asks requesters what they think when their request is completed, and tells the team when it went wrong."
  description      = file("app/description.md")
  features         = file("app/features.md")
  compliance       = file("app/compliance.md")
  picture          = "app/logo.svg"

  policy {
    algorithm        = "es256"
    audience         = "survey"
    claim_expires_in = 60
  }

  # What the runbooks read and write in the customer's account.
  scope {
    actions    = ["request:Read", "person:Read", "note:Create"]
    effect     = "allow"
    grant_type = "client_credentials"
  }

  # The answers are nobody else's: the app never reads people's knowledge articles or contracts.
  scope {
    actions    = ["knowledge-article:Read", "contract:Read"]
    effect     = "deny"
    grant_type = "client_credentials"
  }

  ui_extension {
    name        = "Survey settings"
    title       = "Survey"
    description = "Where answers are given and when teams are told."
    html        = file("ui/settings.html")
    css         = file("ui/settings.css")
    javascript  = file("ui/settings.js")
    activate    = true
  }

  automation_rule "ask" {
    name        = "Ask for a survey"
    description = "Asks the requester when a request is completed."
    record      = "request"
    trigger     = "on status update"
    condition   = "completed and was_not_completed and wanted"

    expression "completed" { value = "status = completed" }
    expression "was_not_completed" { value = "status_was != completed" }
    expression "wanted" { value = "rule_app_instance.custom_fields.ask_always or solved" }
    expression "solved" { value = "completion_reason = solved" }
    expression "requester" { value = "requested_for" }
    expression "nr" { value = "id" }
    expression "url" { value = "rule_app_instance.custom_fields.form_url" }

    action "ask" {
      value = "add note '{{@requester}} Your request is completed. How did we do? Answer here, such as *4 of 5, quick help*, or [in our form]({{url}}?request={{nr}}).'"
    }
  }

  automation_rule "collect" {
    name        = "Collect the answer to a survey"
    description = "Sends what the requester writes after completion to the app."
    record      = "request"
    trigger     = "on note added"
    condition   = "completed and by_requester"

    expression "completed" { value = "status = completed" }
    expression "by_requester" { value = "notes[last].person = requested_for" }
    expression "request_id" { value = "id" }
    expression "answer" { value = "notes[last].text" }
    expression "person" { value = "requested_for.name" }

    action "send" { value = "call webhook '{app_offering_webhook}' with payload 'request_id answer person'" }
  }

  automation_rule "task_done" {
    name      = "Say that a survey follows"
    record    = "task"
    trigger   = "on status update"
    condition = "done and was_open"

    expression "done" { value = "status = completed" }
    expression "was_open" { value = "status_was != completed" }
    expression "team_name" { value = "team.name" }

    action "note" { value = "add note 'Done by {{team_name}}. The requester is asked for feedback when the request is completed.'" }
  }

  automation_rule "problem_solved" {
    name      = "Ask whether the cure holds"
    record    = "problem"
    trigger   = "on status update"
    condition = "solved and was_unsolved"

    expression "solved" { value = "status = solved" }
    expression "was_unsolved" { value = "status_was != solved" }

    action "note" { value = "add note 'Requests of this problem are surveyed from now on: read their answers before you close it.'" }
  }
}
