# A blueprint is a directory of *.hcl files. This one has a single runbook: a trigger and a sequence of steps.
# Check it with "currant validate", run it with "currant run greet".

variable "greeting" {
  type        = string
  description = "How people are greeted."
  default     = "Hello"
}

runbook "greet" {
  description = "Greets someone."

  trigger "manual" {
    input_schema = object({ name = optional(string, "world") })
  }

  step "compute" "text" {
    value = "${var.greeting}, ${trigger.input.name}!"
  }

  step "log" "say" {
    message = step.text.value
  }

  output "greeting" {
    value = step.text.value
  }
}
