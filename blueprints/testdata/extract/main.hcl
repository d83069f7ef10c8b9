variable "client_id" {
  type = string
  env  = "XURRENT_CLIENT_ID"
}

variable "client_secret" {
  type      = string
  env       = "XURRENT_CLIENT_SECRET"
  sensitive = true
}

connection "xurrent" "provider" {
  account_id    = "provider"
  client_id     = var.client_id
  client_secret = var.client_secret
  region        = "uk"
}

app "provider_survey" {
  reference                     = "provider_survey"
  name                          = "Survey $${x}"
  service_instance              = "Integrations"
  card_description              = "Feedback \"after\" completion, 100%%{"
  description                   = file("app/description.md")
  features                      = "One line."
  compliance                    = file("app/compliance.md")
  picture                       = "app/picture.svg"
  disabled                      = false
  configuration_uri_template    = "https://run.example.com/{account}"
  oauth_authorization_endpoints = ["https://a.example.com/cb", "https://b.example.com/cb"]
  requires_enabled_oauth_person = true
  openid_connect_discovery      = false

  policy {
    algorithm        = "es256"
    audience         = "survey"
    claim_expires_in = 60
  }

  scope {
    actions = [
      "request:Read",
      "request:Update",
      "note:Create",
      "person:Read",
      "ci:Read",
    ]
    effect     = "allow"
    grant_type = "client_credentials"
  }

  scope {
    actions    = ["me:Read"]
    effect     = "deny"
    grant_type = "authorization_code"
  }

  ui_extension {
    category       = "app_offering"
    name           = "Survey configuration"
    title          = "Survey"
    disabled       = false
    dark_mode_safe = true
    html           = file("ui/config.html")
    css            = file("ui/config.css")
    javascript     = file("ui/config.js")
  }

  automation_rule "ask_customer_to_complete_survey" {
    record      = "request"
    name        = "Ask customer to complete survey!"
    trigger     = "on note added"
    condition   = "completed and was_not_completed"
    description = file("rules/ask_customer_to_complete_survey-description.txt")
    expression "completed" { value = "status = completed" }
    expression "was_not_completed" { value = "status_was != completed" }
    expression "url" { value = "rule_app_instance.custom_fields.form_url" }
    action "note" { value = file("rules/ask_customer_to_complete_survey-action-1-value.txt") }
    action "second \"one\"" { value = "update request set status = completed" }
  }

  automation_rule "tell_the_app" {
    record    = "task"
    name      = "Tell the app"
    trigger   = "on status update"
    condition = "true"
    action "a1" { value = "call webhook '{app_offering_webhook}' with payload ''" }
  }
}

# What a customer's installation is given arrives here, and is kept before the runbook begins.
runbook "secrets" {
  trigger "secrets_changed" {}

  step "log" "kept" {
    message = "The secrets of ${trigger.customer_account_id} for ${trigger.app_reference} are kept."
  }
}
