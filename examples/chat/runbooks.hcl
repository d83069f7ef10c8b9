# Credentials and secrets of a customer arrive here. They are kept, sealed, before the run begins.
runbook "secrets" {
  trigger "secrets_changed" {}

  step "log" "kept" {
    message = "The secrets of ${trigger.customer_account_id} are kept."
  }
}

# A customer who has installed the app is sent here by the platform, and back again at once: all that there is to
# configure stands on the settings page. The way back enables the installation.
runbook "configuration" {
  trigger "configuration" {
    app_reference = app.chat.reference
    respond {
      status  = 303
      headers = { Location = trigger.confirmation_url }
    }
  }

  step "log" "visited" {
    message = "${trigger.customer_account_id} confirms the installation."
  }
}

runbook "onboarding" {
  description = "Makes the key that the customer's chat signs with, and tells the chat where to send answers."
  concurrency = "per_context"
  retention   = "7d"

  trigger "installation_changed" {
    app_reference = app.chat.reference
    events        = ["app_instance.create"]
  }

  step "config" "settings" {
    field "chat_url" { required = true }
    field "channel" { default = "general" }
    field "chat_token" {
      secret   = true
      required = true
    }
  }

  step "compute" "made" {
    key = random_secret(32)
  }

  step "secret_set" "chat_key" {
    name  = "chat_key"
    value = step.made.key
  }

  # PUT: it may be done again after a crash.
  step "http" "subscribe" {
    method  = "PUT"
    url     = "${trimsuffix(step.settings.config.chat_url, "/")}/channels/${replace(urlencode(step.settings.config.channel), "+", "%20")}/subscription"
    headers = { Authorization = "Bearer ${step.settings.config.chat_token}" }
    json = {
      url = "${runbook.answer.endpoint}/${trigger.customer_account_id}"
      key = step.made.key
    }
    retry {
      attempts = 6
      delay    = "10s"
    }
  }

  step "config_update" "connected" {
    custom_fields = { status = "Connected to #${step.settings.config.channel} since ${formatdate("YYYY-MM-DD", job.started_at)}." }
  }
}

runbook "post" {
  description = "A note of a request becomes a message of its thread."
  concurrency = "per_context"
  retention   = "7d"

  trigger "automation_webhook" {
    app_reference = app.chat.reference
    payload_schema = object({
      request_id = string
      text       = string
      author     = optional(string)
    })
    # What came out of the chat does not go back into it.
    discard_when = startswith(trigger.payload.text, "💬")
  }

  step "config" "chat" {
    field "chat_url" { required = true }
    field "channel" { default = "general" }
    field "chat_token" {
      secret   = true
      required = true
    }
  }

  step "http" "message" {
    method  = "POST"
    url     = "${trimsuffix(step.chat.config.chat_url, "/")}/channels/${replace(urlencode(step.chat.config.channel), "+", "%20")}/messages"
    headers = { Authorization = "Bearer ${step.chat.config.chat_token}" }
    json = {
      thread = "request-${trigger.payload.request_id}"
      text   = trigger.payload.author == null ? trigger.payload.text : "${trigger.payload.author}: ${trigger.payload.text}"
    }
    interrupted = "repeat" # the chat knows a message by its Idempotency-Key
  }

  output "thread" { value = "request-${trigger.payload.request_id}" }
}

runbook "answer" {
  description = "What somebody writes in the chat becomes a note of the request."
  retention   = "7d"

  # POST …/inbound/chat/answer/CUSTOMER
  trigger "json_endpoint" {
    body_schema = object({
      id     = string
      thread = string
      author = string
      text   = string
    })

    auth "hmac" {
      header    = "X-Chat-Signature"
      secret    = customer_secret(trimprefix(request.url_postfix, "/"), "chat_key")
      prefix    = "sha256="
      algorithm = "sha256"
    }

    deduplication_id = "${trigger.url_postfix}/${trigger.body.id}"
    context          = trimprefix(trigger.url_postfix, "/")
    discard_when     = !startswith(trigger.body.thread, "request-")

    respond {
      status = 202
      body   = { accepted = trigger.body.id }
    }
  }

  step "token" "token" {
    customer_account_id = job.context
    app_reference       = app.chat.reference
  }

  connection "xurrent" "customer" {
    account_id    = job.context
    client_id     = step.token.client_id
    client_secret = step.token.client_secret
  }

  step "query" "request" {
    connection  = connection.customer
    object      = "requests"
    filter      = { requestId = { values = [trimprefix(trigger.body.thread, "request-")] } }
    fields      = "id status"
    max_results = 1
  }

  step "if" "known" {
    condition = step.request.count > 0

    then {
      step "mutation" "note" {
        connection = connection.customer
        mutation   = "noteCreate"
        input = {
          ownerId = step.request.nodes[0].id
          text    = "💬 ${trigger.body.author}: ${trigger.body.text}"
        }
      }
    }

    else {
      step "log" "unknown" {
        level   = "warn"
        message = "${job.context} has no request of the thread ${trigger.body.thread}."
      }
    }
  }

  output "note" { value = try(step.note.note.id, null) }
}

runbook "offboarding" {
  trigger "installation_changed" {
    app_reference = app.chat.reference
    events        = ["app_instance.delete"]
  }

  step "log" "goodbye" {
    message = "${trigger.customer_account_id} has removed the app."
  }

  output "customer" { value = trigger.customer_account_id }
}
