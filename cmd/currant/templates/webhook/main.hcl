# A runbook that starts when JSON arrives at its endpoint, with a token that the caller must send.

variable "token" {
  type        = string
  description = "What callers send in the header Authorization, after \"Bearer \". Change it: CURRANT_VAR_token."
  default     = "change-me"
  sensitive   = true
}

runbook "receive" {
  description = "Takes an event and says what is in it."

  trigger "json_endpoint" {
    body_schema = object({ text = string, urgent = optional(bool, false) })

    auth "bearer" {
      token = var.token
    }
  }

  step "if" "urgent" {
    condition = trigger.body.urgent

    then {
      step "log" "alarm" {
        level   = "warn"
        message = "Urgent: ${trigger.body.text}"
      }
    }

    else {
      step "log" "note" {
        message = trigger.body.text
      }
    }
  }

  output "text" {
    value = trigger.body.text
  }
}
