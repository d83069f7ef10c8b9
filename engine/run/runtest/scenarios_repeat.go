package runtest

// repeatScenarios are repeats and states.
func repeatScenarios() []Scenario {
	return []Scenario{{
		Name: "repeat/while",
		HCL: `
  state "n" { default = 0 }
  step "repeat" "r" {
    while = state.n < 3
    do {
      step "probe" "p" { value = state.n }
      step "set" "s" { n = step.p.value + 1 }
    }
  }
  output "r" { value = [step.r.count, state.n, step.p.value, step.s.n] }`,
		Want: `finished {"r":[3,3,2,3]}`, Calls: "p=3",
	}, {
		Name: "repeat/its last turn stays visible",
		HCL: `
  state "n" { default = 0 }
  step "repeat" "r" {
    while = state.n < 2
    do {
      step "set" "s" { n = state.n + 1 }
      step "if" "i" {
        condition = true
        then {
          step "probe" "p" { value = state.n * 10 }
        }
      }
    }
  }
  step "wait" "w" { duration = "1h" }
  output "r" { value = step.p.value }`,
		Want: `finished {"r":20}`, Calls: "p=2",
	}, {
		Name: "repeat/while is false at once",
		HCL: `
  step "repeat" "r" {
    while = false
    do {
      step "probe" "p" {}
    }
  }
  output "r" { value = [step.r.count, step.p == null] }`,
		Want: `finished {"r":[0,true]}`,
	}, {
		Name: "repeat/until sees the steps inside",
		HCL: `
  state "n" { default = 0 }
  step "repeat" "r" {
    until = step.p.value == 2
    do {
      step "set" "s" { n = state.n + 1 }
      step "probe" "p" { value = state.n }
    }
  }
  output "r" { value = [step.r.count, step.p.value] }`,
		Want: `finished {"r":[2,2]}`, Calls: "p=2",
	}, {
		Name: "repeat/steps of the turn before are not seen",
		HCL: `
  state "n" { default = 0 }
  step "repeat" "r" {
    until = state.n == 2
    do {
      step "set" "s" { n = state.n + 1 }
      step "probe" "p" {
        when  = state.n == 1
        value = 1
      }
    }
  }
  output "r" { value = step.p == null }`,
		Want: `finished {"r":true}`, Calls: "p=1",
	}, {
		Name: "repeat/max",
		HCL: `
  step "repeat" "r" {
    while = true
    max   = 3
    do {
      step "probe" "p" {}
    }
  }`,
		Want: `failed fail at "r": the condition did not end the repeat within max = 3 turns`, Calls: "p=3",
	}, {
		Name: "repeat/max from a state that changes",
		HCL: `
  state "m" { default = 3 }
  step "repeat" "r" {
    while = state.m > 0
    max   = state.m
    do {
      step "set" "s" { m = state.m - 1 }
      step "probe" "p" { value = state.m }
    }
  }
  output "r" { value = step.r.count }`,
		Want: `finished {"r":3}`, Calls: "p=3",
	}, {
		Name: "repeat/until at max",
		HCL: `
  state "n" { default = 0 }
  step "repeat" "r" {
    until = state.n == 3
    max   = 3
    do {
      step "set" "s" { n = state.n + 1 }
    }
  }
  output "r" { value = step.r.count }`,
		Want: `finished {"r":3}`,
	}, {
		Name: "repeat/nested in loops",
		HCL: `
  state "n" { default = 0 }
  state "all" { default = "" }
  step "loop" "l" {
    items = [1, 2]
    each "x" {
      step "set" "zero" { n = 0 }
      step "repeat" "r" {
        while = state.n < x.value
        do {
          step "repeat" "q" {
            until = true
            do {
              step "probe" "p" { value = "${x.value}${state.n}" }
            }
          }
          step "set" "s" {
            n   = state.n + 1
            all = "${state.all},${step.p.value}"
          }
        }
      }
    }
  }
  output "r" { value = state.all }`,
		Want: `finished {"r":",10,20,21"}`, Calls: "p=3",
	}, {
		Name: "set/swaps",
		HCL: `
  state "a" { default = 1 }
  state "b" { default = 2 }
  step "probe" "p" {}
  step "set" "s" {
    a = state.b
    b = state.a
  }
  step "probe" "q" {}
  output "r" { value = [state.a, state.b] }`,
		Want: `finished {"r":[2,1]}`, Calls: "p=1 q=1",
	}, {
		Name: "set/takes the state's type",
		HCL: `
  state "a" { type = string }
  step "set" "s" { a = 7 }
  step "probe" "p" { value = step.s.a }
  output "r" { value = [state.a, step.s.a] }`,
		Want: `finished {"r":["7","7"]}`, Calls: "p=1",
	}, {
		Name: "set/all or none",
		HCL: `
  state "a" { default = 1 }
  state "b" { type = number }
  step "try" "t" {
    do {
      step "set" "s" {
        a = 2
        b = trigger.input.b
      }
    }
    catch {
      step "compute" "c" { kind = error.kind }
    }
  }
  output "r" { value = [state.a, state.b, step.c.kind] }`,
		Input: `{"b": "x"}`,
		Want:  `finished {"r":[1,null,"input"]}`,
	}}
}
