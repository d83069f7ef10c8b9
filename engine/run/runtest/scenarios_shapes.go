package runtest

import (
	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// fails answers the first n attempts with an error of a kind, and then with the argument.
func fails(n int, kind steps.ErrorKind) func(Call) Answer {
	return func(c Call) Answer {
		if c.Attempt <= n {
			return Answer{Err: &steps.Error{Kind: kind, Message: "no " + c.Step, Status: 500}}
		}
		return Answer{}
	}
}

func text(s string) cty.Value { return cty.StringVal(s) }

// shapeScenarios are sequences, conditions and choices.
func shapeScenarios() []Scenario {
	return []Scenario{{
		Name: "sequence",
		HCL: `
  step "probe" "a" { value = 1 }
  step "compute" "b" { n = step.a.value + 1 }
  step "probe" "c" {
    value  = step.b.n + 1
    effect = "write"
  }
  output "c" { value = step.c.value }`,
		Want: `finished {"c":3}`, Calls: "a=1 c=1",
	}, {
		Name: "sequence/input and job",
		HCL: `
  step "probe" "a" { value = "${trigger.input.name} ${job.runbook} ${job.attempt} ${job.context} ${job.blueprint}" }
  output "a" { value = step.a.value }
  output "s" { value = job.started_at }`,
		Input: `{"name": "Ann"}`,
		Want:  `finished {"a":"Ann main 1 wdc scenario","s":"2030-01-31T12:00:00Z"}`, Calls: "a=1",
	}, {
		Name: "when/skipped",
		HCL: `
  step "probe" "a" { value = false }
  step "probe" "b" {
    when  = step.a.value
    value = 1
  }
  step "probe" "c" { value = 2 }
  output "b" { value = step.b == null }
  output "c" { value = step.c.value }`,
		Want: `finished {"b":true,"c":2}`, Calls: "a=1 c=1",
	}, {
		Name: "when/null",
		HCL: `
  step "probe" "a" { value = null }
  step "try" "t" {
    do {
      step "probe" "b" {
        when  = step.a.value
        retry {
          attempts = 3
          on       = ["input"]
        }
      }
    }
    catch {
      step "compute" "why" { kind = error.kind }
    }
  }
  output "kind" { value = step.why.kind }`,
		Want: `finished {"kind":"input"}`, Calls: "a=1",
	}, {
		Name: "when/skips a whole section",
		HCL: `
  step "section" "s" {
    when = 1 == 2
    step "probe" "a" { value = 1 }
  }
  output "a" { value = step.a == null && step.s == null }`,
		Want: `finished {"a":true}`,
	}, {
		Name: "if/then",
		HCL: `
  step "probe" "p" { value = 5 }
  step "if" "i" {
    condition = step.p.value > 3
    then {
      step "probe" "yes" { value = "y" }
    }
    else {
      step "probe" "no" { value = "n" }
    }
  }
  output "r" { value = [step.i.result, step.yes.value, step.no == null] }`,
		Want: `finished {"r":[true,"y",true]}`, Calls: "p=1 yes=1",
	}, {
		Name: "if/else",
		HCL: `
  step "if" "i" {
    condition = trigger.input.n > 3
    then {
      step "probe" "yes" { value = "y" }
    }
    else {
      step "probe" "no" { value = "n" }
      step "probe" "more" { value = "${step.no.value}m" }
    }
  }
  output "r" { value = [step.i.result, step.yes == null, step.more.value] }`,
		Input: `{"n": 3}`,
		Want:  `finished {"r":[false,true,"nm"]}`, Calls: "more=1 no=1",
	}, {
		Name: "if/no else",
		HCL: `
  step "if" "i" {
    condition = false
    then {
      step "probe" "yes" { value = "y" }
    }
  }
  output "r" { value = step.i.result }`,
		Want: `finished {"r":false}`,
	}, {
		Name: "if/its condition's state changes inside",
		HCL: `
  state "n" { default = 0 }
  step "if" "i" {
    condition = state.n == 0
    then {
      step "set" "s" { n = 1 }
      step "probe" "yes" { value = state.n }
    }
    else {
      step "probe" "no" {}
    }
  }
  output "r" { value = [step.i.result, step.yes.value, state.n] }`,
		Want: `finished {"r":[true,1,1]}`, Calls: "yes=1",
	}, {
		Name: "switch/text",
		HCL:  switchBody, Input: `{"v": "b"}`,
		Want: `finished {"m":"b","r":["","b","",""]}`, Calls: "b=1",
	}, {
		Name: "switch/match list",
		HCL:  switchBody, Input: `{"v": 7}`,
		Want: `finished {"m":"7","r":["","","c",""]}`, Calls: "c=1",
	}, {
		Name: "switch/default",
		HCL:  switchBody, Input: `{"v": "zzz"}`,
		Want: `finished {"m":null,"r":["","","","d"]}`, Calls: "d=1",
	}, {
		Name: "switch/null",
		HCL:  switchBody, Input: `{"v": null}`,
		Want: `finished {"m":null,"r":["","","","d"]}`, Calls: "d=1",
	}, {
		Name: "switch/none",
		HCL: `
  step "switch" "s" {
    value = "x"
    case "y" {
      step "probe" "y" {}
    }
  }
  output "m" { value = step.s.matched == null }`,
		Want: `finished {"m":true}`,
	}, {
		Name: "section",
		HCL: `
  step "section" "s" {
    step "probe" "a" { value = 1 }
    step "section" "t" {
      step "probe" "b" { value = step.a.value + 1 }
    }
    step "probe" "c" { value = step.b.value + 1 }
  }
  output "c" { value = step.c.value + step.b.value }`,
		Want: `finished {"c":5}`, Calls: "a=1 b=1 c=1",
	}, {
		Name: "connection/local to the run",
		HCL: `
  step "probe" "a" { value = "host-1" }
  connection "peer" "p" { address = step.a.value }
  step "probe" "b" { connection = connection.p }
  output "b" { value = step.b.value }`,
		Answers: Answers{},
		Want:    `finished {"b":"host-1"}`, Calls: "a=1 b=1",
		Loose: "simulated hosts only",
	}, {
		Name: "call/waits for the other run",
		HCL: `
  step "call" "c" {
    runbook = runbook.other
    input   = { n = 20 }
  }
  step "probe" "p" { value = step.c.outputs.twice + 2 }
  output "p" { value = step.p.value }`,
		More: callee,
		Want: `finished {"p":42}`, Calls: "p=1",
	}, {
		Name: "call/without waiting",
		HCL: `
  step "call" "c" {
    runbook = runbook.other
    input   = { n = 20 }
    wait    = false
  }
  output "p" { value = step.c.job_uuid != "" }`,
		More: callee,
		Want: `finished {"p":true}`,
	}, {
		Name: "call/the other run fails",
		HCL: `
  step "call" "c" {
    runbook = runbook.other
    input   = { n = "not a number" }
  }`,
		More: callee,
		Want: `failed input at "c": runbook other failed: `,
	}, {
		Name: "call/in branches",
		HCL: `
  step "parallel" "both" {
    branch "l" {
      step "call" "l" {
        runbook = runbook.other
        input   = { n = 1 }
      }
    }
    branch "r" {
      step "probe" "slow" { value = 1 }
      step "call" "r" {
        runbook = runbook.other
        input   = { n = 2 }
      }
    }
  }
  output "sum" { value = step.l.outputs.twice + step.r.outputs.twice }`,
		More:    callee,
		Answers: Answers{"slow": func(Call) Answer { return Answer{After: childTime / 2} }},
		Want:    `finished {"sum":6}`, Calls: "slow=1",
	}}
}

const callee = `
runbook "other" {
  trigger "manual" {}
  step "compute" "c" { twice = trigger.input.n * 2 }
  output "twice" { value = step.c.twice }
}`

const switchBody = `
  step "switch" "s" {
    value = trigger.input.v
    case "a" {
      step "probe" "a" { value = "a" }
    }
    case "b" {
      step "probe" "b" { value = "b" }
    }
    case {
      match = ["x", 7]
      step "probe" "c" { value = "c" }
    }
    default {
      step "probe" "d" { value = "d" }
    }
  }
  output "m" { value = step.s.matched }
  output "r" { value = [for s in [step.a, step.b, step.c, step.d] : s == null ? "" : s.value] }`
