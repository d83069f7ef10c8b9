runbook "hello" {
  trigger "manual" {
    input_schema = object({ name = optional(string, "world") })
  }

  step "compute" "greeting" {
    text = "Hello, ${trigger.input.name}!"
  }

  step "log" "say" {
    message = step.greeting.text
  }

  output "greeting" { value = step.greeting.text }
}
