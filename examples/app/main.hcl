# An app that a provider offers to many customers: one blueprint serves them all, each with its own credentials.
#
#   currant serve examples/app --sim
#   currant sim install survey acme --sim=URL --secret api_key=k-1 --field greeting=Hello
#   currant sim automation survey acme --sim=URL --payload '{"request_id": "NODE ID OF A REQUEST", "text": "Thank you"}'

variable "account_id" {
  type    = string
  default = "provider"
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

connection "xurrent" "provider" {
  account_id    = var.account_id
  client_id     = var.client_id
  client_secret = var.client_secret
}

app "survey" {
  name             = "Survey"
  card_description = "Asks for feedback when a request is completed."
  service_instance = "Integrations"

  scope {
    actions    = ["request:Read", "person:Read", "note:Create"]
    effect     = "allow"
    grant_type = "client_credentials"
  }
}

# What a customer's installation is given arrives here, and is kept, sealed, before the runbook begins.
runbook "secrets" {
  trigger "secrets_changed" {}

  step "log" "kept" {
    message = "The secrets of ${trigger.customer_account_id} for ${trigger.app_reference} are kept."
  }
}

# A customer installs the app: its settings are read, and a secret for its system's calls is made.
runbook "onboarding" {
  concurrency = "per_context"

  trigger "installation_changed" {
    app_reference = app.survey.reference
    events        = ["app_instance.create"]
  }

  # The token, and what the customer has typed, may still be on their way: the run waits for them.
  step "token" "token" {}

  step "config" "settings" {
    field "greeting" {
      default = "Hello"
    }
    field "api_key" {
      secret   = true
      required = true
    }
  }

  connection "xurrent" "customer" {
    account_id    = trigger.customer_account_id
    client_id     = step.token.client_id
    client_secret = step.token.client_secret
  }

  step "query" "account" {
    connection = connection.customer
    object     = "account"
    fields     = "id name"
  }

  step "compute" "secret" {
    hook = random_secret(32)
  }

  step "secret_set" "hook" {
    name  = "hook_key"
    value = step.secret.hook
  }

  step "config_update" "ready" {
    connection    = connection.provider
    custom_fields = { status = "ready since ${formatdate("YYYY-MM-DD", job.started_at)}" }
  }

  output "customer" { value = step.account.id }
  output "greeting" { value = step.settings.config.greeting }
}

# The customer's automation rule calls, signed by the customer's own policy.
runbook "ask" {
  concurrency = "per_context"

  trigger "automation_webhook" {
    app_reference  = app.survey.reference
    payload_schema = object({ request_id = string, text = optional(string, "") })
  }

  step "token" "ask_token" {}

  step "config" "greeting" {
    field "greeting" {
      default = "Hello"
    }
  }

  connection "xurrent" "customer" {
    account_id    = trigger.customer_account_id
    client_id     = step.ask_token.client_id
    client_secret = step.ask_token.client_secret
  }

  step "mutation" "note" {
    connection = connection.customer
    mutation   = "noteCreate"
    input = {
      ownerId = trigger.payload.request_id
      text    = "${step.greeting.config.greeting}, how did we do? ${trigger.payload.text}"
    }
  }

  output "note" { value = step.note.note.id }
}

runbook "offboarding" {
  trigger "installation_changed" {
    app_reference = app.survey.reference
    events        = ["app_instance.delete"]
  }

  step "log" "goodbye" {
    message = "${trigger.customer_account_id} has removed ${trigger.app_reference}."
  }
}
