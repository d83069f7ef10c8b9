# One runbook calls another and goes on with what it gives.

runbook "price" {
  description = "The price of one thing."

  trigger "manual" {
    input_schema = object({ item = string, pieces = number })
  }

  step "switch" "by-item" {
    value = trigger.input.item

    case "lamp" {
      step "compute" "lamp" { each = 12.5 }
    }

    case {
      match = ["box", "shelf"]
      step "compute" "furniture" { each = 40 }
    }

    default {
      step "fail" "unknown" {
        message = "Nobody knows the price of ${trigger.input.item}."
        kind    = "not_found"
      }
    }
  }

  output "price" {
    value = trigger.input.pieces * coalesce(try(step.lamp.each, null), try(step.furniture.each, null), 0)
  }
}

runbook "order" {
  trigger "manual" {
    input_schema = object({
      lines = optional(list(object({ item = string, pieces = number })), [
        { item = "lamp", pieces = 2 },
        { item = "box", pieces = 1 },
        { item = "unicorn", pieces = 1 },
      ])
    })
  }

  step "loop" "lines" {
    items = trigger.input.lines

    each "line" {
      parallel = 2
      collect  = step.guard.failed ? null : step.ask.outputs.price

      step "try" "guard" {
        do {
          step "call" "ask" {
            runbook = runbook.price
            input   = { item = line.value.item, pieces = line.value.pieces }
          }
        }

        catch {
          step "log" "skipped" {
            level   = "warn"
            message = "${line.value.item} is left out: ${error.message}"
          }
        }
      }
    }
  }

  output "total" { value = sum([for p in step.lines.collected : p if p != null]) }
}
