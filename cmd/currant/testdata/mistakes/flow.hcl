runbook "ping" {
  trigger "manual" {}

  step "call" "other" {
    runbook = runbook.pong
  }
}

runbook "pong" {
  trigger "manual" {}

  step "call" "other" {
    runbook = runbook.ping # WRONG: Runbooks call each other in a circle
  }
}

runbook "branches" {
  trigger "manual" {}

  step "if" "choice" {
    condition = local.missing # WRONG: Reference to undeclared local value

    then {
      step "compute" "inside" { value = 1 }
    }

    else {
      step "log" "sibling" {
        message = step.inside.value # WRONG: Name not available here
      }
    }

    otherwise { # WRONG: Unsupported block type
    }
  }

  step "log" "state" {
    message = state.total # WRONG: Reference to undeclared state
  }

  step "query" "requests" {
    connection = connection.provder # WRONG: Reference to undeclared connection
    object     = "requests"
  }

  step "compute" "conditional" {
    value = job.attempt > 1 ? { again = true } : [1] # WRONG: Inconsistent conditional result types
    after = error.message                            # WRONG: Name not available here
    item  = item.value                               # WRONG: Unknown name
  }

  step "call" "nobody" {
    runbook = runbook.pnig # WRONG: Reference to undeclared runbook
  }

  step "log" "typed" {
    message = { text = "hello" } # WRONG: Incorrect value type
  }

  step "loop" "twice" {
    items = [1, 2]

    each "item" {
      step "log" "one" {
        message = item.value + "one" # WRONG: Invalid operand
        level   = "warning"          # WRONG: Invalid value for "level"
      }
    }
  }
}
