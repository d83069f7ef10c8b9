# A note dispatcher: every new note on a request, task or problem of a customer goes to an endpoint of that customer,
# signed with a key that only the customer and the runner know. Notes that the app itself has written are left out.
#
# On a simulated account, in two terminals:
#
#   currant sim
#
#   currant plan examples/dispatcher --sim=http://127.0.0.1:7790
#   currant apply examples/dispatcher --sim=http://127.0.0.1:7790
#   currant serve examples/dispatcher --sim=http://127.0.0.1:7790 --allow-network 127.0.0.1
#
# Install it with an endpoint that listens on this machine, and let a rule call:
#
#   currant sim install note_dispatcher acme --field endpoint_url=http://127.0.0.1:8000/notes --secret signing_key=k-1
#   currant sim automation note_dispatcher acme --payload '{"record": "request", "nr": "70001", "text": "Any news?", "author": "Ann"}'

blueprint "dispatcher" {
  description = "Sends each new note to the customer's own endpoint."
}

variable "account_id" {
  type        = string
  description = "The provider's account: the one that publishes the app."
  default     = "provider"
  env         = "XURRENT_ACCOUNT"
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

variable "service_instance" {
  type        = string
  description = "The name of the service instance, in the provider's account, that supports the app."
  default     = "Network Production"
}

locals {
  # Who adds the notes that the app writes in a customer's account: what they write is not sent.
  own_person = "Note Dispatcher"
}

connection "xurrent" "provider" {
  account_id    = var.account_id
  client_id     = var.client_id
  client_secret = var.client_secret
}

app "dispatcher" {
  reference        = "note_dispatcher"
  name             = "Note Dispatcher"
  service_instance = var.service_instance
  card_description = "Sends new notes of requests, tasks and problems to an endpoint of your own, signed and in order."
  description      = file("app/description.md")
  features         = file("app/features.md")
  compliance       = "Notes go from your account to your endpoint. They are kept by the runner for 30 days, sealed on disk."
  picture          = "app/logo.svg"

  policy {
    algorithm        = "es512"
    audience         = "note-dispatcher"
    claim_expires_in = 15
  }

  scope {
    actions    = ["request:Read", "task:Read", "problem:Read"]
    effect     = "allow"
    grant_type = "client_credentials"
  }

  scope {
    actions    = ["note:Create"]
    effect     = "allow"
    grant_type = "client_credentials"
  }

  ui_extension {
    name       = "Note Dispatcher settings"
    title      = "Endpoint"
    html       = file("ui/settings.html")
    css        = file("ui/settings.css")
    javascript = file("ui/settings.js")
    activate   = true
  }

  automation_rule "request_note" {
    name      = "Dispatch notes of requests"
    record    = "request"
    trigger   = "on note added"
    condition = "wanted and !silent"

    expression "wanted" { value = "rule_app_instance.custom_fields.send_requests" }
    expression "silent" { value = "notes[last].internal and !rule_app_instance.custom_fields.send_internal" }
    expression "record" { value = "'request'" }
    expression "nr" { value = "id" }
    expression "text" { value = "notes[last].text" }
    expression "author" { value = "notes[last].person.name" }

    action "dispatch" { value = "call webhook '{app_offering_webhook}' with payload 'record nr text author'" }
  }

  automation_rule "task_note" {
    name      = "Dispatch notes of tasks"
    record    = "task"
    trigger   = "on note added"
    condition = "wanted"

    expression "wanted" { value = "rule_app_instance.custom_fields.send_tasks" }
    expression "record" { value = "'task'" }
    expression "nr" { value = "id" }
    expression "text" { value = "notes[last].text" }
    expression "author" { value = "notes[last].person.name" }

    action "dispatch" { value = "call webhook '{app_offering_webhook}' with payload 'record nr text author'" }
  }

  automation_rule "problem_note" {
    name      = "Dispatch notes of problems"
    record    = "problem"
    trigger   = "on note added"
    condition = "wanted"

    expression "wanted" { value = "rule_app_instance.custom_fields.send_problems" }
    expression "record" { value = "'problem'" }
    expression "nr" { value = "id" }
    expression "text" { value = "notes[last].text" }
    expression "author" { value = "notes[last].person.name" }

    action "dispatch" { value = "call webhook '{app_offering_webhook}' with payload 'record nr text author'" }
  }
}
