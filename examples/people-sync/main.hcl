# Sends every person of the account to an HTTP service, four at a time. The place in the list is kept, so that a
# restart goes on where it was; a service that says 429 is asked again when it said so.
#
#   currant run sync examples/people-sync --sim --var directory_url=http://127.0.0.1:8000 --allow-network 127.0.0.1

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

variable "directory_url" {
  type    = string
  default = "https://directory.example.com"
}

connection "xurrent" "account" {
  account_id    = var.account_id
  client_id     = var.client_id
  client_secret = var.client_secret
}

connection "http" "directory" {
  base_url = var.directory_url
}

runbook "sync" {
  description = "Keeps the people of a directory as they are in Xurrent."

  trigger "schedule" {
    every = "1h"
  }

  step "query" "people" {
    object    = "people"
    filter    = { disabled = false }
    fields    = "id name primaryEmail jobTitle organization { name }"
    page_size = 10

    each "person" {
      parallel = 4
      collect  = step.put.status

      # PUT may be done twice: an interrupted one is simply repeated.
      step "http" "put" {
        connection = connection.directory
        method     = "PUT"
        path       = "/people/${person.value.id}"
        json = {
          name         = person.value.name
          email        = person.value.primaryEmail
          title        = person.value.jobTitle
          organization = person.value.organization == null ? null : person.value.organization.name
        }
        retry {
          attempts = 5
          delay    = "2s"
        }
      }
    }
  }

  output "people" { value = step.people.count }
  output "new" { value = length([for status in step.people.collected : status if status == 201]) }
}
