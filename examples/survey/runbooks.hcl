# What runs: the life of an installation, and the answers.

# Credentials and secrets of a customer arrive here. They are kept, sealed, before the run begins.
runbook "secrets" {
  description = "Keeps what a customer's account sends."

  trigger "secrets_changed" {}

  step "log" "kept" {
    message = "The secrets of ${trigger.customer_account_id} are kept."
  }
}

runbook "onboarding" {
  description = "A customer has installed the app: its settings are checked, and its page says so."
  concurrency = "per_context"

  trigger "installation_changed" {
    app_reference = app.survey.reference
    events        = ["app_instance.create"]
  }

  # What the customer's account sends may still be on its way: these steps wait for it.
  step "token" "credentials" {}

  step "config" "settings" {
    field "form_url" { required = true }
    field "threshold" {
      type    = number
      default = 3
    }
    field "report_url" {}
    field "report_key" { secret = true }
  }

  connection "xurrent" "customer" {
    account_id    = trigger.customer_account_id
    client_id     = step.credentials.client_id
    client_secret = step.credentials.client_secret
  }

  # Proves that the credentials work, before the customer needs them.
  step "query" "account" {
    connection = connection.customer
    object     = "account"
    fields     = "id name"
  }

  step "compute" "check" {
    problem = (
      !startswith(step.settings.config.form_url, "https://") ? "The address of the form must begin with https://." :
      step.settings.config.report_url != null && !nonsensitive(step.settings.config.report_key != null) ? "Reports need a key." :
      null
    )
  }

  step "config_update" "status" {
    connection    = connection.provider
    custom_fields = { status = coalesce(step.check.problem, "Ready since ${formatdate("YYYY-MM-DD", job.started_at)}.") }
  }

  output "customer" { value = step.account.id }
  output "problem" { value = step.check.problem }
}

runbook "collect" {
  description = "Finds the rating in an answer, thanks for it, and tells of it."
  concurrency = "per_context" # a customer's answers in the order in which they were given

  trigger "automation_webhook" {
    app_reference  = app.survey.reference
    payload_schema = object({ request_id = string, answer = string, person = optional(string, "you") })
  }

  step "compute" "answer" {
    rating = try(tonumber(regex("([1-5])\\s*(?:of|out of|/)\\s*5", lower(trigger.payload.answer))[0]), null)
  }

  step "if" "rated" {
    condition = step.answer.rating == null
    then {
      step "finish" "no_rating" { message = "The note holds no rating." }
    }
  }

  step "token" "customer_token" {}

  step "config" "survey_settings" {
    field "threshold" {
      type    = number
      default = 3
    }
    field "report_url" {}
    field "report_key" { secret = true }
  }

  connection "xurrent" "account" {
    account_id    = trigger.customer_account_id
    client_id     = step.customer_token.client_id
    client_secret = step.customer_token.client_secret
  }

  step "query" "request" {
    connection  = connection.account
    object      = "requests"
    filter      = { requestId = { values = [trigger.payload.request_id] } }
    fields      = "id requestId subject team { id name coordinator { id name } }"
    max_results = 1
  }

  step "if" "unknown" {
    condition = step.request.count == 0
    then {
      step "fail" "no_request" {
        kind    = "not_found"
        message = "${trigger.customer_account_id} has no request ${trigger.payload.request_id}."
      }
    }
  }

  step "compute" "verdict" {
    bad  = step.answer.rating < step.survey_settings.config.threshold
    team = try(step.request.nodes[0].team.name, null)
  }

  step "mutation" "thanks" {
    connection = connection.account
    mutation   = "noteCreate"
    input = {
      ownerId = step.request.nodes[0].id
      text    = "Thank you, ${trigger.payload.person}, for ${step.answer.rating} of 5.${step.verdict.bad ? " We are sorry; somebody will look at what went wrong." : ""}"
    }
  }

  step "mutation" "alarm" {
    when       = step.verdict.bad
    connection = connection.account
    mutation   = "noteCreate"
    input = {
      ownerId  = step.request.nodes[0].id
      internal = true
      text     = "${step.verdict.team == null ? "To whom it concerns" : step.verdict.team}: rated ${step.answer.rating} of 5. Please call ${trigger.payload.person}."
    }
  }

  # The customer's own reports; that they are down is not the requester's concern.
  step "try" "report" {
    do {
      step "http" "send" {
        when    = step.survey_settings.config.report_url != null
        method  = "POST"
        url     = coalesce(step.survey_settings.config.report_url, "https://none.invalid")
        headers = { Authorization = "Bearer ${coalesce(step.survey_settings.config.report_key, "none")}" }
        json = {
          request = trigger.payload.request_id
          rating  = step.answer.rating
          team    = step.verdict.team
          at      = timestamp()
        }
        interrupted = "repeat" # the Idempotency-Key of the request is the same each time
        retry {
          attempts = 4
          delay    = "10s"
        }
      }
    }
    catch {
      step "log" "unreported" {
        level   = "error"
        message = "The rating of request ${trigger.payload.request_id} is not reported: ${error.message}"
        data    = { kind = error.kind, status = error.status }
      }
    }
  }

  output "rating" { value = step.answer.rating }
  output "bad" { value = step.verdict.bad }
}

runbook "offboarding" {
  description = "A customer has removed the app: what it has sent is forgotten after 30 days."

  trigger "installation_changed" {
    app_reference = app.survey.reference
    events        = ["app_instance.delete"]
  }

  step "log" "goodbye" {
    message = "${trigger.customer_account_id} has removed the app."
  }

  output "customer" { value = trigger.customer_account_id }
}
