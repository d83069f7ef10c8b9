package ingress

import "currant/engine/lang"

var endpointExamples = []lang.Example{{
	Title: "JSON with a schema, for callers that know a token",
	HCL: `trigger "json_endpoint" {
  body_schema = object({
    subject = string
    items   = optional(list(object({ name = string, price = number })), [])
  })

  auth "bearer" { token = var.endpoint_token }
}`,
}, {
	Title: "Typeform",
	HCL: `trigger "json_endpoint" {
  auth "hmac" {
    header   = "Typeform-Signature"
    secret   = var.typeform_secret
    encoding = "base64"
    prefix   = "sha256="
  }

  deduplication_id = trigger.body.event_id
}`,
}, {
	Title: "GitHub",
	HCL: `trigger "json_endpoint" {
  auth "hmac" {
    header = "X-Hub-Signature-256"
    secret = var.github_secret
    prefix = "sha256="
  }

  deduplication_id = trigger.headers["x-github-delivery"]
  discard_when     = trigger.headers["x-github-event"] == "ping"
}`,
}, {
	Title: "A Slack command",
	HCL: `trigger "json_endpoint" {
  content = "form"

  auth "hmac" {
    header           = "X-Slack-Signature"
    secret           = var.slack_signing_secret
    prefix           = "v0="
    signed           = "v0:${request.headers["x-slack-request-timestamp"]}:${request.body}"
    timestamp_header = "X-Slack-Request-Timestamp"
    tolerance        = "5m"
  }

  respond {
    headers = { Content-Type = "application/json" }
    body    = { response_type = "ephemeral", text = "Working on it: ${trigger.body.command}" }
  }
}`,
}, {
	Title: "Slack events, with the answer to its challenge",
	HCL: `trigger "json_endpoint" {
  auth "hmac" {
    header           = "X-Slack-Signature"
    secret           = var.slack_signing_secret
    prefix           = "v0="
    signed           = "v0:${request.headers["x-slack-request-timestamp"]}:${request.body}"
    timestamp_header = "X-Slack-Request-Timestamp"
    tolerance        = "5m"
  }

  deduplication_id = try(trigger.body.event_id, null)

  respond {
    body = try(trigger.body.challenge, "")
  }
}`,
}}
