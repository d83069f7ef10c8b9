# Loops inside loops, with a value that the run carries along.

runbook "inventory" {
  trigger "manual" {
    input_schema = object({
      rooms = optional(map(list(object({ item = string, pieces = number }))), {
        attic  = [{ item = "lamp", pieces = 2 }, { item = "box", pieces = 9 }]
        cellar = [{ item = "shelf", pieces = 4 }, { item = "lamp", pieces = 1 }]
      })
    })
  }

  state "pieces" {
    type    = number
    default = 0
  }

  state "lamps" { default = [] }

  step "loop" "rooms" {
    items = trigger.input.rooms

    each "room" {
      collect = "${room.key}: ${step.shelves.count} kinds"

      step "loop" "shelves" {
        items = room.value

        each "thing" {
          step "set" "add" {
            pieces = state.pieces + thing.value.pieces
          }

          step "if" "lamp" {
            condition = thing.value.item == "lamp"

            then {
              step "set" "remember" {
                lamps = concat(state.lamps, [room.key])
              }
            }
          }
        }
      }
    }
  }

  output "pieces" { value = state.pieces }
  output "lamps" { value = state.lamps }
  output "rooms" { value = step.rooms.collected }
}
