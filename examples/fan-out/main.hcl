# Asks a service about several things at once and gathers the answers.
#
#   currant run fan-out examples/fan-out --var base_url=http://127.0.0.1:8080 --allow-network 127.0.0.1/32

variable "base_url" {
  type        = string
  description = "The service to ask; GET /items/ID answers with JSON."
  default     = "https://example.com"
}

variable "token" {
  type        = string
  description = "Bearer token of the service."
  default     = "none"
  env         = "FAN_OUT_TOKEN"
  sensitive   = true
}

connection "http" "service" {
  base_url = var.base_url
  headers  = { Accept = "application/json" }
  timeout  = "20s"

  auth "bearer" { token = var.token }
}

runbook "fan-out" {
  description = "Four requests at a time; a missing item is no error."

  trigger "manual" {
    input_schema = object({ ids = optional(list(string), ["1", "2", "3"]) })
  }

  step "loop" "ask" {
    items = trigger.input.ids

    each "item" {
      parallel = 4
      collect  = { id = item.value, status = step.get.status, answer = step.get.json }

      step "http" "get" {
        path   = "/items/${urlencode(item.value)}"
        expect = [200, 404]

        retry {
          attempts = 4
          delay    = "2s"
        }
      }
    }
  }

  output "found" {
    value = [for a in step.ask.collected : a.id if a.status == 200]
  }

  output "answers" {
    value = step.ask.collected
  }
}
