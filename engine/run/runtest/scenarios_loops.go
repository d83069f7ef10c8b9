package runtest

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// loopScenarios are loops and batches.
func loopScenarios() []Scenario {
	return []Scenario{{
		Name: "loop/list",
		HCL: `
  step "loop" "l" {
    items = ["a", "b", "c"]
    each "x" {
      collect = "${x.index}${x.value}${step.p.value}"
      step "probe" "p" { value = upper(x.value) }
    }
  }
  output "r" { value = [step.l.count, step.l.collected] }`,
		Want: `finished {"r":[3,["0aA","1bB","2cC"]]}`, Calls: "p=3",
	}, {
		Name: "loop/writes",
		HCL: `
  step "loop" "l" {
    items = ["a", "b", "c"]
    each {
      step "probe" "p" {
        value  = each.value
        effect = "write"
      }
      step "probe" "q" {
        value  = step.p.value
        effect = "write"
      }
    }
  }
  output "r" { value = step.l.count }`,
		Want: `finished {"r":3}`, Calls: "p=3 q=3",
	}, {
		Name: "loop/set in sorted order",
		HCL: `
  step "loop" "l" {
    items = toset(["c", "a", "b"])
    each {
      collect = each.value
      step "probe" "p" { value = each.key == null }
    }
  }
  output "r" { value = step.l.collected }`,
		Want: `finished {"r":["a","b","c"]}`, Calls: "p=3",
	}, {
		Name: "loop/map",
		HCL: `
  step "loop" "l" {
    items = { b = 2, a = 1 }
    each {
      collect = "${each.key}=${each.value}"
      step "probe" "p" { value = each.index }
    }
  }
  output "r" { value = step.l.collected }`,
		Want: `finished {"r":["a=1","b=2"]}`, Calls: "p=2",
	}, {
		Name: "loop/empty and null",
		HCL: `
  step "loop" "e" {
    items = []
    each {
      collect = 1
      step "probe" "p" {}
    }
  }
  step "loop" "n" {
    items = trigger.input.none
    each {
      step "probe" "q" {}
    }
  }
  output "r" { value = [step.e.count, step.e.collected, step.n.count] }`,
		Input: `{"none": null}`,
		Want:  `finished {"r":[0,[],0]}`,
	}, {
		Name: "loop/parallel collects in item order",
		HCL: `
  step "loop" "l" {
    items = [5, 3, 8, 1, 9, 2, 7]
    each "x" {
      parallel = 4
      collect  = step.q.value
      step "probe" "p" { value = x.value }
      step "probe" "q" { value = step.p.value * 10 }
    }
  }
  output "r" { value = step.l.collected }`,
		Answers: Answers{"p": slowByValue},
		Want:    `finished {"r":[50,30,80,10,90,20,70]}`, Calls: "p=7 q=7",
	}, {
		Name: "loop/parallel, one fails",
		HCL: `
  step "try" "t" {
    do {
      step "loop" "l" {
        items = [1, 2, 3, 4, 5]
        each "x" {
          parallel = 3
          step "probe" "p" { value = x.value }
        }
      }
    }
    catch {
      step "compute" "c" { m = "${error.kind} ${error.step} ${error.message}" }
    }
  }
  output "r" { value = step.c.m }`,
		Answers: Answers{"p": func(c Call) Answer {
			if c.Value.RawEquals(cty.NumberIntVal(2)) {
				return Answer{Err: steps.Errorf(steps.GraphQLError, "two")}
			}
			return Answer{Block: true}
		}},
		Want: `finished {"r":"graphql p two"}`, Calls: "p=3",
		Loose: "calls of items begun beside the failing one may be repeated",
	}, {
		Name: "loop/nested",
		HCL: `
  step "loop" "out" {
    items = [[1, 2], [], [3]]
    each "o" {
      collect = step.in.collected
      step "loop" "in" {
        items = o.value
        each "i" {
          collect = step.p.value
          step "probe" "p" { value = "${o.index}.${i.index}:${i.value}" }
        }
      }
      step "log" "done" { message = "${o.index}: ${step.in.count}" }
    }
  }
  output "r" { value = step.out.collected }`,
		Want: `finished {"r":[["0.0:1","0.1:2"],[],["2.0:3"]]}`, Calls: "p=3",
		Lines: []string{"info done: 0: 2", "info done: 1: 0", "info done: 2: 1"},
	}, {
		Name: "loop/nested in parallel",
		HCL: `
  step "loop" "out" {
    items = [1, 2, 3]
    each "o" {
      parallel = 2
      collect  = sum(step.in.collected)
      step "loop" "in" {
        items = [10, 20, 30]
        each "i" {
          parallel = 2
          collect  = step.p.value
          step "probe" "p" { value = o.value * i.value }
        }
      }
    }
  }
  output "r" { value = step.out.collected }`,
		Answers: Answers{"p": slowByValue},
		Want:    `finished {"r":[60,120,180]}`, Calls: "p=9",
	}, {
		Name: "loop/its items' state changes inside",
		HCL: `
  state "todo" { default = ["a", "b", "c"] }
  state "seen" { default = "" }
  step "loop" "l" {
    items = state.todo
    each "x" {
      step "set" "s" {
        todo = []
        seen = "${state.seen}${x.value}"
      }
      step "probe" "p" { value = length(state.todo) }
    }
  }
  output "r" { value = [state.seen, step.l.count] }`,
		Want: `finished {"r":["abc",3]}`, Calls: "p=3",
	}, {
		Name: "loop/steps of earlier iterations are not seen",
		HCL: `
  step "loop" "l" {
    items = [1, 2]
    each "x" {
      collect = step.p == null
      step "probe" "p" {
        when  = x.value == 1
        value = 1
      }
    }
  }
  output "r" { value = step.l.collected }`,
		Want: `finished {"r":[false,true]}`, Calls: "p=1",
	}, {
		Name: "loop/in a section in an if",
		HCL: `
  step "if" "i" {
    condition = true
    then {
      step "section" "s" {
        step "loop" "l" {
          items = [1, 2]
          each {
            step "if" "j" {
              condition = each.value == 2
              then {
                step "probe" "p" { value = each.value }
              }
            }
          }
        }
      }
    }
  }
  output "r" { value = step.l.count }`,
		Want: `finished {"r":2}`, Calls: "p=1",
	}, {
		Name: "loop/over items that are no collection",
		HCL: `
  step "loop" "l" {
    items = trigger.input
    each {
      step "probe" "p" {}
    }
  }`,
		Input: `"text"`,
		Want:  `failed input at "l": items: `,
	}, {
		Name: "batch",
		HCL: `
  step "batch" "b" {
    items = [1, 2, 3, 4, 5]
    size  = 2
    each "c" {
      collect = sum(c.value)
      step "probe" "p" { value = length(c.value) }
    }
  }
  output "r" { value = [step.b.count, step.b.collected] }`,
		Want: `finished {"r":[3,[3,7,5]]}`, Calls: "p=3",
	}}
}

// slowByValue takes so many seconds as the argument says: later ones come back first.
func slowByValue(c Call) Answer {
	n, _ := c.Value.AsBigFloat().Int64()
	return Answer{After: time.Duration(n) * time.Millisecond}
}
