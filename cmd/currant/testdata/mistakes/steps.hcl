runbook "steps" {
  trigger "manual" {
    input_schema = object({ name = string, count = number })
  }

  state "total" {
    type    = number
    default = 0
  }

  step "lgo" "kind" { # WRONG: Unknown step kind
    message = "hello"
  }

  step "log" "argument" {
    mesage  = "hello" # WRONG: Unsupported argument
    message = "hello"
  }

  step "log" "missing" {} # WRONG: Missing required argument

  step "log" { # WRONG: Missing label
    message = "hello"
  }

  step "log" "argument" { # WRONG: Duplicate step
    message = "again"
  }

  step "log" "early" {
    message = step.text.value # WRONG: Reference to a later step
  }

  step "compute" "text" {
    value = var.limmit # WRONG: Reference to undeclared variable
  }

  step "compute" "function" {
    value = length(uper("a")) # WRONG: Call to unknown function
    few   = join(",")         # WRONG: Not enough function arguments
    part  = step.text.vlaue   # WRONG: Unsupported attribute
  }

  step "compute" "field" {
    value = trigger.input.nmae # WRONG: Unsupported attribute
  }

  step "loop" "each" {
    items = [1, 2, 3]

    each "item" {
      parallel = 3

      step "set" "add" { # WRONG: State set in parallel
        total = item.value
      }
    }
  }

  step "set" "unknown" {
    totl = 1 # WRONG: Undeclared state
  }

  step "wait" "pause" {
    duration = 30 # WRONG: Invalid duration
  }

  output "token" {
    value = var.token # WRONG: Output refers to sensitive values
  }
}
