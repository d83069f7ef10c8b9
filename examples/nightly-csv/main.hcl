# Every night the configuration items that are in use are written to a CSV file, which is attached to a request
# by a note.
#
#   currant run nightly examples/nightly-csv --sim

variable "account_id" {
  type    = string
  default = "wdc"
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

connection "xurrent" "account" {
  account_id    = var.account_id
  client_id     = var.client_id
  client_secret = var.client_secret
}

runbook "nightly" {
  description = "Attaches a list of all configuration items in use to the request that collects them."

  trigger "schedule" {
    cron     = "30 2 * * *"
    timezone = "Europe/Amsterdam"
  }

  step "query" "items" {
    object    = "configurationItems"
    filter    = { status = { values = ["in_production", "being_repaired", "reserved"] } }
    order     = [{ field = "name" }]
    fields    = "label name status product { name brand }"
    page_size = 25

    each "ci" {
      collect = join(",", [
        for text in [ci.value.label, ci.value.name, ci.value.status, step.product.name, step.product.brand] :
        "\"${replace(text == null ? "" : text, "\"", "\"\"")}\""
      ])
      step "compute" "product" {
        name  = ci.value.product == null ? null : ci.value.product.name
        brand = ci.value.product == null ? null : ci.value.product.brand
      }
    }
  }

  step "upload" "csv" {
    file_name    = "configuration-items-${formatdate("YYYY-MM-DD", trigger.triggered_at)}.csv"
    content_type = "text/csv"
    file_content = join("\r\n", concat(["label,name,status,product,brand"], step.items.collected, [""]))
  }

  # One request collects all lists. It is made once: with a source and a sourceID a second one is never created.
  step "query" "collector" {
    object      = "requests"
    filter      = { source = { values = ["Currant"] }, sourceID = { values = ["nightly-csv"] } }
    max_results = 1
  }

  step "if" "first" {
    condition = step.collector.count == 0
    then {
      step "query" "me" {
        object = "me"
      }
      step "mutation" "create" {
        mutation = "requestCreate"
        input = {
          subject        = "Configuration items, night by night"
          category       = "other"
          requestedForId = step.me.id
          source         = "Currant"
          sourceID       = "nightly-csv"
        }
      }
    }
  }

  step "mutation" "note" {
    mutation = "noteCreate"
    input = {
      ownerId     = step.collector.count == 0 ? step.create.request.id : step.collector.nodes[0].id
      text        = "${step.items.count} configuration items."
      attachments = [{ key = step.csv.storage_key }]
    }
  }

  output "items" { value = step.items.count }
  output "size" { value = step.csv.size }
}
