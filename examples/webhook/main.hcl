# Receives GitHub's webhooks, checks their signatures, and tells another service of pushes.
#
#   GITHUB_WEBHOOK_SECRET=… currant serve examples/webhook
#   then point the repository's webhook at http://…/inbound/webhook/push

variable "webhook_secret" {
  type        = string
  description = "The secret that GitHub signs with."
  env         = "GITHUB_WEBHOOK_SECRET"
  sensitive   = true

  validation {
    condition     = length(var.webhook_secret) >= 16
    error_message = "The secret is too short to be safe."
  }
}

variable "notify_url" {
  type        = string
  description = "Where the news go."
  default     = "https://example.com/notify"
}

runbook "push" {
  description = "One branch at a time, in the order in which the pushes arrived."
  concurrency = "per_context"

  trigger "json_endpoint" {
    body_schema = object({
      ref        = string
      repository = object({ full_name = string })
      commits    = optional(list(object({ id = string, message = string })), [])
    })

    header "X-GitHub-Delivery" { required = true }

    auth "hmac" {
      header = "X-Hub-Signature-256"
      prefix = "sha256="
      secret = var.webhook_secret
    }

    deduplication_id = trigger.headers["x-github-delivery"]
    context          = "${trigger.body.repository.full_name}:${trigger.body.ref}"
    discard_when     = length(trigger.body.commits) == 0
  }

  step "try" "guard" {
    retry {
      attempts = 3
      delay    = "5s"
    }

    do {
      step "http" "notify" {
        method = "POST"
        url    = var.notify_url
        json = {
          repository = trigger.body.repository.full_name
          branch     = trimprefix(trigger.body.ref, "refs/heads/")
          messages   = trigger.body.commits[*].message
        }
        # The receiver knows a message by its Idempotency-Key, so repeating one is safe.
        interrupted = "repeat"
      }
    }

    catch {
      step "log" "lost" {
        level   = "error"
        message = "Nobody was told of ${length(trigger.body.commits)} commits: ${error.message}"
        data    = { kind = error.kind, status = error.status }
      }
    }
  }

  output "told" { value = !step.guard.failed }
}
