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

  step "log" "missing" {} # WRONG: Missing argument

  step "log" { # WRONG: Missing label
    message = "hello"
  }

  step "log" "argument" { # WRONG: Duplicate step name
    message = "again"
  }

  step "log" "early" {
    message = step.text.value # WRONG: Name not available here
  }

  step "compute" "text" {
    value = var.limmit # WRONG: Reference to undeclared variable
  }

  step "compute" "function" {
    value = length(uper("a")) # WRONG: Call to unknown function
    few   = join(",")         # WRONG: Error in function call
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
    totl = 1 # WRONG: Reference to undeclared state
  }

  step "wait" "pause" {
    duration = 30 # WRONG: Invalid value for "duration"
  }

  output "token" {
    value = var.token # WRONG: Output refers to sensitive values
  }
}
