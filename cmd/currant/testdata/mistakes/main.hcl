# Every line that ends in "# WRONG: …" holds one mistake, and validate must show each of them, there.

blueprint "mistakes" {
  descripton = "How not to do it." # WRONG: Unsupported argument
}

variable "limit" {
  type    = number
  default = "many" # WRONG: Invalid value for variable
}

variable "Team" { # WRONG: Invalid name
  type = string
}

variable "token" {
  type      = string
  sensitive = true
  default   = "t0p-secret"
}

locals {
  first   = local.second # WRONG: Cycle in local values
  second  = local.first
  shout   = uper("hello")             # WRONG: Call to unknown function
  doubled = [for x in [1, 2] : y * 2] # WRONG: Unknown name
}

connection "xurrent" "provider" {
  account_id            = "wna-it"
  personal_access_token = var.token
}

conection "xurrent" "spare" { # WRONG: Unsupported block type
  account_id = "wna-it"
}

connection "xurent" "other" { # WRONG: Unknown connection type
  account_id = "wna-it"
}
