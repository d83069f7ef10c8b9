# A chat app: notes of requests appear in the customer's chat, and what is answered there becomes a note again. The
# customer's chat signs its calls with a key that the app makes for each customer and keeps sealed.
#
# On a simulated account, in two terminals:
#
#   currant sim
#
#   currant plan examples/chat --sim=http://127.0.0.1:7790
#   currant apply examples/chat --sim=http://127.0.0.1:7790
#   currant serve examples/chat --sim=http://127.0.0.1:7790 --allow-network 127.0.0.1
#
# Install it with a chat that listens on this machine, and let a rule call:
#
#   currant sim install chat acme --field chat_url=http://127.0.0.1:8000 --field channel=help-desk --secret chat_token=t-1
#   currant sim automation chat acme --payload '{"request_id": "70001", "text": "Any news?", "author": "Ann"}'

blueprint "chat" {
  description = "Carries notes of requests to a chat, and answers back."
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
  default     = "Email Production"
}

variable "redirect_url" {
  type        = string
  description = "Where people come back to after they have allowed the app to write in their name."
  default     = "https://chat.example.com/oauth/callback"
}

connection "xurrent" "provider" {
  account_id    = var.account_id
  client_id     = var.client_id
  client_secret = var.client_secret
}
