# Credentials and secrets of a customer arrive here. They are kept, sealed, before the run begins.
runbook "secrets" {
  trigger "secrets_changed" {}

  step "log" "kept" {
    message = "The secrets of ${trigger.customer_account_id} are kept."
  }
}

runbook "dispatch" {
  description = "Posts a note to the customer's endpoint; an endpoint that refuses us for good is not asked again."
  concurrency = "per_context" # a customer's notes in the order in which they were written

  trigger "automation_webhook" {
    app_reference = app.dispatcher.reference
    payload_schema = object({
      record = string
      nr     = string
      text   = string
      author = optional(string, "")
    })
    discard_when = trigger.webhook.person.name == local.own_person || trigger.payload.author == local.own_person
  }

  step "config" "settings" {
    field "endpoint_url" { required = true }
    field "signing_key" {
      secret   = true
      required = true
    }
  }

  step "compute" "message" {
    body = jsonencode({
      id      = job.uuid # the same each time that this note is sent
      account = trigger.customer_account_id
      record  = trigger.payload.record
      nr      = trigger.payload.nr
      author  = trigger.payload.author
      text    = trigger.payload.text
    })
  }

  step "try" "delivery" {
    do {
      step "http" "post" {
        method = "POST"
        url    = step.settings.config.endpoint_url
        body   = step.message.body
        headers = {
          Content-Type    = "application/json"
          X-Dispatcher-Id = job.uuid
          X-Signature     = "sha256=${hmac_sha256(step.settings.config.signing_key, step.message.body)}"
        }
        timeout     = "20s"
        interrupted = "repeat" # the receiver knows a note by its id
        retry {
          attempts  = 5
          delay     = "5s"
          backoff   = 3
          max_delay = "5m"
        }
      }
    }

    catch {
      step "switch" "refusal" {
        value = try(error.status, null)

        # It has another key, or is gone: the customer has to look at it, and is told where they look.
        case {
          match = [401, 403, 404, 410]
          step "config_update" "suspend" {
            suspension {
              suspended = true
              comment   = "Your endpoint answers with status ${error.status}. Check its address and its key, then lift the suspension."
            }
          }
        }
      }

      step "fail" "lost" {
        message = "The note of ${trigger.payload.record} ${trigger.payload.nr} is not delivered: ${error.message}"
      }
    }
  }

  output "record" { value = "${trigger.payload.record} ${trigger.payload.nr}" }
}

runbook "installed" {
  description = "Says of each change of an installation what it means."

  trigger "installation_changed" {
    app_reference = app.dispatcher.reference
  }

  step "log" "state" {
    message = (
      trigger.webhook.event == "app_instance.delete" ? "${trigger.customer_account_id} has removed the app." :
      trigger.suspended ? "${trigger.customer_account_id} is suspended." :
      trigger.disabled ? "${trigger.customer_account_id} is disabled." :
      "${trigger.customer_account_id} receives its notes."
    )
  }

  output "event" { value = trigger.webhook.event }
}
