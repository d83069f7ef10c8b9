# A survey app that a provider offers to many customers. When a request is completed, a rule asks the requester what
# they think; their answer, a note such as "4 of 5, quick help", goes to the runbook "collect", which finds the rating
# in it, thanks them, tells the team of a bad one, and sends it to the customer's own system of reports.
#
# On a simulated account, in two terminals:
#
#   currant sim
#
#   currant plan examples/survey --sim=http://127.0.0.1:7790
#   currant apply examples/survey --sim=http://127.0.0.1:7790
#   currant serve examples/survey --sim=http://127.0.0.1:7790
#
# The app is in app.hcl, its texts and pictures in app/, its settings page in ui/. Install it, and let a rule call:
#
#   currant sim install survey acme --field form_url=https://forms.example.com/acme --field threshold=3
#   currant sim automation survey acme --payload '{"request_id": "70001", "answer": "4 of 5", "person": "Ann"}'
#
# On an account of your own, write --sim nowhere, and give the variables values: currant plan examples/survey --var …

blueprint "survey" {
  description = "Asks for feedback when a request is completed, and collects the answers."
}

variable "account_id" {
  type        = string
  description = "The provider's account: the one that publishes the app."
  default     = "provider"
  env         = "XURRENT_ACCOUNT"
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

variable "service_instance" {
  type        = string
  description = "The name of the service instance, in the provider's account, that supports the app."
  default     = "Customer Portal Production"
}

connection "xurrent" "provider" {
  account_id    = var.account_id
  client_id     = var.client_id
  client_secret = var.client_secret
}
