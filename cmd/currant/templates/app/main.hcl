# An app that customers install: when one of their requests is completed, it thanks the requester in the customer's own
# words. "currant dev --sim" serves it on a simulated account, where "currant send" plays the customer.

variable "account_id" {
  type        = string
  description = "The provider's account: the one that publishes the app."
  default     = "provider"
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

connection "xurrent" "provider" {
  account_id    = var.account_id
  client_id     = var.client_id
  client_secret = var.client_secret
}

# What "currant plan" and "currant apply" bring to the account.
app "thanks" {
  name             = "Thanks"
  service_instance = "Customer Portal Production" # the name of one of your account
  card_description = "Thanks requesters when their request is completed."

  scope {
    actions = ["request:Read", "note:Create"]
  }

  ui_extension {
    name     = "Thanks settings"
    title    = "Thanks"
    html     = file("ui/settings.html")
    activate = true
  }

  automation_rule "completed" {
    name      = "Thank the requester"
    record    = "request"
    trigger   = "on status update"
    condition = "completed and was_open"

    expression "completed" { value = "status = completed" }
    expression "was_open" { value = "status_was != completed" }
    expression "request_id" { value = "id" }
    expression "person" { value = "requested_for.name" }

    action "call" { value = "call webhook '{app_offering_webhook}' with payload 'request_id person'" }
  }
}

# The credentials of a customer arrive here and are kept, sealed, before the run begins.
runbook "secrets" {
  trigger "secrets_changed" {}

  step "log" "kept" { message = "The credentials of ${trigger.customer_account_id} are kept." }
}

runbook "onboarding" {
  description = "A customer has installed the app."

  trigger "installation_changed" {
    app_reference = app.thanks.reference
    events        = ["app_instance.create"]
  }

  step "config" "settings" {
    field "words" { default = "Thank you" }
  }

  step "log" "welcome" {
    message = "${trigger.customer_account_id} has installed the app, and says: ${step.settings.config.words}."
  }

  output "words" { value = step.settings.config.words }
}

runbook "thank" {
  description = "The rule has called: a request is completed."
  concurrency = "per_context" # a customer's requests one after the other

  trigger "automation_webhook" {
    app_reference  = app.thanks.reference
    payload_schema = object({ request_id = string, person = string })
  }

  # A connection to the customer's account, with the credentials that it has sent.
  step "token" "token" {}

  connection "xurrent" "customer" {
    account_id    = trigger.customer_account_id
    client_id     = step.token.client_id
    client_secret = step.token.client_secret
  }

  step "config" "words" {
    field "words" { default = "Thank you" }
  }

  step "query" "request" {
    connection  = connection.customer
    object      = "requests"
    filter      = { requestId = { values = [trigger.payload.request_id] } }
    fields      = "id subject"
    max_results = 1
  }

  step "mutation" "note" {
    when       = step.request.count > 0
    connection = connection.customer
    mutation   = "noteCreate"
    input = {
      ownerId = step.request.nodes[0].id
      text    = "${step.words.config.words}, ${trigger.payload.person}!"
    }
  }

  output "thanked" { value = step.request.count > 0 }
}
