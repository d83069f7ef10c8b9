app "chat" {
  name             = "Chat"
  service_instance = var.service_instance
  card_description = "Brings notes of requests into your chat, and answers back."
  description      = file("app/description.md")
  features         = <<-EOT
    ## In your chat
    - Each request has a thread; each note is a message in it.
    - Whoever answers in the thread answers in the request.

    ## In Xurrent
    - Internal notes stay internal.
    - Nothing is installed on anybody's machine.
  EOT
  compliance       = "Messages are carried, not kept: a finished run is forgotten after 7 days."
  picture          = "app/logo.svg"

  oauth_authorization_endpoints = [var.redirect_url]
  requires_enabled_oauth_person = true
  openid_connect_discovery      = false

  policy {
    algorithm        = "es256"
    audience         = "chat"
    claim_expires_in = 30
  }

  # The app itself reads requests and adds notes …
  scope {
    actions    = ["request:Read", "note:Create", "person:Read"]
    effect     = "allow"
    grant_type = "client_credentials"
  }

  # … and a person who has allowed it lets it do more, in the person's own name.
  scope {
    actions    = ["request:Create", "request:Update", "request:Read"]
    effect     = "allow"
    grant_type = "authorization_code"
  }

  scope {
    actions    = ["person:Update", "person:Delete"]
    effect     = "deny"
    grant_type = "authorization_code"
  }

  ui_extension {
    name       = "Chat settings"
    title      = "Chat"
    html       = file("ui/settings.html")
    css        = file("ui/settings.css")
    javascript = file("ui/settings.js")
    activate   = true
  }

  automation_rule "note" {
    name      = "Send notes to the chat"
    record    = "request"
    trigger   = "on note added"
    condition = "in_chat and !internal"

    expression "in_chat" { value = "team.name = rule_app_instance.custom_fields.team" }
    expression "internal" { value = "notes[last].internal" }
    expression "request_id" { value = "id" }
    expression "text" { value = "notes[last].text" }
    expression "author" { value = "notes[last].person.name" }

    action "send" { value = "call webhook '{app_offering_webhook}' with payload 'request_id text author'" }
  }

  automation_rule "closed" {
    name      = "Say goodbye in the chat"
    record    = "request"
    trigger   = "on status update"
    condition = "in_chat and completed and was_open"

    expression "in_chat" { value = "team.name = rule_app_instance.custom_fields.team" }
    expression "completed" { value = "status = completed" }
    expression "was_open" { value = "status_was != completed" }
    expression "request_id" { value = "id" }
    expression "text" { value = "'This request is completed.'" }

    action "send" { value = "call webhook '{app_offering_webhook}' with payload 'request_id text'" }
  }
}
