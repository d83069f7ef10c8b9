package engine_test

// Everything that handles a sensitive value, and every way in which that fails.
const secretsBlueprint = `
runbook "main" {
  trigger "manual" {}
  state "st" {
    type    = string
    default = "none"
  }
  state "num" {
    type    = number
    default = 0
  }
  step "compute" "c" {
    plain  = var.s00
    nested = { a = [var.s01], text = "x${var.s02}y", (var.s03) = 1 }
    json   = jsonencode({ k = var.s04 })
    b64    = base64encode(var.s05)
    url    = urlencode(var.s06)
    hash   = upper(var.s07)
  }
  step "log" "l1" {
    message = "m ${var.s08}"
    data    = { v = var.s09, l = [var.s10, { deep = step.c.nested }], all = step.c }
  }
  step "set" "set" { st = var.s11 }
  step "probe" "marked" { value = "fine" }
  step "log" "l2" { message = "got ${step.marked.value}" }
  step "if" "if" {
    condition = var.s12 == "x"
    then {
      step "log" "l3" { message = var.s12 }
    }
    else {
      step "log" "l4" { message = "state ${state.st}" }
    }
  }
  step "switch" "sw" {
    value = var.s13
    case {
      match = [var.s13]
      step "log" "l5" { message = var.s13 }
    }
  }
  step "loop" "lp" {
    items = [var.s14, "b"]
    each "it" {
      collect = it.value
      step "log" "l6" { message = "item ${it.value}" }
      step "probe" "in_loop" { value = it.value }
    }
  }
  step "loop" "lm" {
    items = { a = var.s15 }
    each "it" {
      collect = { v = it.value }
      step "wait" "nap" { duration = "5ms" }
      step "log" "l7" {
        message = "item"
        data    = it
      }
    }
  }
  step "batch" "ba" {
    items = [var.s16, var.s17, "c"]
    size  = 2
    each "chunk" {
      collect = chunk.value
      step "probe" "in_batch" { value = chunk.value }
    }
  }
  step "parallel" "pa" {
    branch "a" {
      step "probe" "in_branch" {
        effect = "write"
        value  = { deep = [var.s18], (var.s19) = "key" }
      }
    }
    branch "b" {
      step "wait" "short" { duration = "10ms" }
    }
  }
  step "repeat" "re" {
    until = state.num > 0
    do {
      step "set" "inc" { num = 1 }
    }
  }
  step "call" "sub" {
    runbook = runbook.child
    input   = { secret = var.s20, plain = "p" }
  }
  step "log" "l8" { message = "child says ${step.sub.outputs.secret}" }
  step "schedule_create" "later" {
    reference = "later"
    runbook   = runbook.child
    at        = timeadd(timestamp(), "1s")
    input     = { secret = var.s21, plain = "scheduled" }
  }
  step "probe" "back" { value = var.s22 }
  output "secret" {
    value     = { v = var.s23, all = step.c, loop = step.lp.collected, state = state.st }
    sensitive = true
  }
  step "finish" "end" { message = "done ${var.s24}" }
}

runbook "child" {
  trigger "manual" {
    input_schema = object({ secret = string, plain = string })
  }
  step "log" "hello" {
    message = "child got ${trigger.input.secret}"
    data    = trigger.input
  }
  step "probe" "in_child" { value = trigger.input.secret }
  output "secret" {
    value     = trigger.input.secret
    sensitive = true
  }
}

runbook "hook" {
  trigger "json_endpoint" {
    body_schema = object({ text = string })
    auth "bearer" {
      token = var.s25
    }
  }
  step "log" "l" { message = trigger.body.text }
}
`

// failing are steps that fail with a sensitive value at hand; each becomes a runbook of its own, and once more
// inside a try whose catch shows the error.
var failing = []string{
	`step "fail" "f" { message = "no ${var.s26}" }`,
	`step "compute" "f" { n = tonumber(var.s26) }`,
	`step "compute" "f" { n = jsondecode(var.s27) }`,
	`step "compute" "f" { n = regex(var.s27, "x") }`,
	`step "compute" "f" { n = regex("^$", var.s27) }`,
	`step "compute" "f" { n = base64decode(var.s28) }`,
	`step "compute" "f" { n = { a = 1 }[var.s28] }`,
	`step "compute" "f" { n = [1, 2][var.s28] }`,
	`step "compute" "f" { n = timeadd(var.s29, "1h") }`,
	`step "compute" "f" { n = formatdate(var.s29, timestamp()) }`,
	`step "compute" "f" { n = parseint(var.s29, 10) }`,
	`step "compute" "f" { n = yamldecode("a: [${var.s29}") }`,
	`step "compute" "f" { n = csvdecode("a,b\n${var.s29}\n1,2,3") }`,
	`step "compute" "f" { n = 1 + var.s29 }`,
	`step "compute" "f" { n = file(var.s30) }`,
	`step "compute" "f" { n = cidrhost(var.s30, 1) }`,
	`step "wait" "f" { until = var.s30 }`,
	`step "wait" "f" { duration = var.s30 }`,
	`step "loop" "f" {
    items = var.s31
    each {
      step "log" "x" { message = "x" }
    }
  }`,
	`step "if" "f" {
    condition = var.s31
    then {
      step "log" "x" { message = "x" }
    }
  }`,
	`step "log" "f" {
    when    = var.s31
    message = "x"
  }`,
	`step "probe" "g" { timeout = var.s31 }`,
	`step "probe" "leaky" { value = var.s32 }`,
	`step "probe" "panics" { value = var.s33 }`,
	`step "probe" "leaky_park" { value = var.s34 }`,
	`step "call" "f" {
    runbook = runbook.typed
    input   = { n = var.s35 }
  }`,
	`step "call" "f" {
    runbook = runbook.broken
    input   = { text = var.s35 }
  }`,
	`step "schedule_create" "f" {
    reference = "bad"
    runbook   = runbook.typed
    cron      = var.s35
    input     = { n = 1 }
  }`,
	`step "schedule_update" "f" {
    reference = var.s36
    every     = "1h"
  }`,
	`step "set" "f" { num = var.s36 }`,
	`step "probe" "f" {
    value = var.s36
    retry {
      attempts = var.s37
    }
  }`,
	`step "log" "f" {
    message = "x"
    level   = var.s37
  }`,
}
