package runtest

import (
	"time"

	"currant/steps"
)

// timeScenarios are waits and timeouts.
func timeScenarios() []Scenario {
	block := func(Call) Answer { return Answer{Block: true} }
	return []Scenario{{
		Name: "wait/duration",
		HCL: `
  step "probe" "a" { value = 1 }
  step "wait" "w" { duration = "90m" }
  step "probe" "b" { value = step.w.requested_wait }
  output "r" { value = [step.b.value, step.w.actual_wait >= 5400] }`,
		Want: `finished {"r":[5400,true]}`, Calls: "a=1 b=1", Took: 90 * time.Minute, AtMost: 91 * time.Minute,
	}, {
		Name: "wait/until",
		HCL: `
  step "wait" "w" { until = "2030-02-01T00:00:00Z" }
  step "probe" "b" { value = substr(step.w.completed_at, 0, 19) }
  output "r" { value = step.b.value }`,
		Want: `finished {"r":"2030-02-01T00:00:00"}`, Calls: "b=1", Took: 12 * time.Hour,
	}, {
		Name: "wait/until what is past",
		HCL: `
  step "wait" "w" { until = "2030-01-01T00:00:00Z" }
  output "r" { value = [step.w.requested_wait, step.w.actual_wait] }`,
		Want: `finished {"r":[0,0]}`, AtMost: time.Second,
	}, {
		Name: "wait/after timestamp()",
		HCL: `
  step "wait" "w" { until = timeadd(timestamp(), "72h") }
  step "probe" "b" {}
  output "r" { value = step.w.requested_wait >= 259199 }`,
		Want: `finished {"r":true}`, Calls: "b=1", Took: 72 * time.Hour, AtMost: 73 * time.Hour,
	}, {
		Name: "wait/in branches",
		HCL: `
  step "parallel" "p" {
    branch "a" {
      step "wait" "w1" { duration = "2h" }
      step "probe" "a" { value = 1 }
    }
    branch "b" {
      step "wait" "w2" { duration = "1h" }
      step "probe" "b" { value = 2 }
      step "wait" "w3" { duration = "1h" }
    }
  }
  output "r" { value = step.a.value + step.b.value }`,
		Want: `finished {"r":3}`, Calls: "a=1 b=1", Took: 2 * time.Hour, AtMost: 2*time.Hour + time.Minute,
	}, {
		Name: "wait/in a loop",
		HCL: `
  step "loop" "l" {
    items = [1, 2, 3]
    each {
      step "wait" "w" { duration = "1h" }
      step "probe" "a" { value = each.value }
    }
  }
  output "r" { value = step.l.count }`,
		Want: `finished {"r":3}`, Calls: "a=3", Took: 3 * time.Hour, AtMost: 3*time.Hour + time.Minute,
	}, {
		Name: "timeout/of a call",
		HCL: `
  step "probe" "a" { timeout = "30s" }`,
		Answers: Answers{"a": block},
		Want:    `failed timeout at "a": no result within the step's timeout of 30s`, Calls: "a=1", Took: 30 * time.Second, AtMost: 31 * time.Second,
	}, {
		Name: "timeout/of each attempt of a call",
		HCL: `
  step "probe" "a" {
    timeout = "30s"
    retry {
      attempts = 2
      delay    = "10s"
    }
  }`,
		Answers: Answers{"a": block},
		Want:    `failed timeout at "a": no result`, Calls: "a=2", Took: 70 * time.Second, AtMost: 71 * time.Second,
	}, {
		Name: "timeout/does not count a put-back",
		HCL: `
  step "probe" "a" {
    value   = 1
    timeout = "30s"
  }
  output "r" { value = step.a.value }`,
		Answers: Answers{"a": func(c Call) Answer {
			if c.Nth == 1 {
				return Answer{Err: &steps.PutBack{After: time.Hour}}
			}
			return Answer{}
		}},
		Want: `finished {"r":1}`, Calls: "a=2",
		Loose: "a repeated call is not put back",
	}, {
		Name: "timeout/null is none",
		HCL: `
  step "section" "s" {
    timeout = trigger.input.t
    step "wait" "w" { duration = "1h" }
    step "probe" "a" { value = 1 }
  }
  output "r" { value = step.a.value }`,
		Input: `{"t": null}`,
		Want:  `finished {"r":1}`, Calls: "a=1",
	}, {
		Name: "timeout/of a section stops what is inside",
		HCL: `
  step "try" "t" {
    do {
      step "section" "s" {
        timeout = "5m"
        step "probe" "a" {}
        step "try" "u" {
          do {
            step "wait" "w" { duration = "1h" }
          }
          catch {
            step "probe" "never" {}
          }
          finally {
            step "probe" "f" {}
          }
        }
      }
    }
    catch {
      step "probe" "c" { value = "${error.kind} ${error.step}" }
    }
  }
  output "r" { value = step.c.value }`,
		Want: `finished {"r":"timeout s"}`, Calls: "a=1 c=1 f=1", Took: 5 * time.Minute, AtMost: 6 * time.Minute,
	}, {
		Name: "timeout/of a loop, a repeat and branches",
		HCL: `
  step "try" "a" {
    do {
      step "loop" "l" {
        timeout = "90m"
        items   = [1, 2, 3]
        each {
          step "wait" "w1" { duration = "1h" }
        }
      }
    }
    catch {
      step "probe" "c1" { value = error.step }
    }
  }
  step "try" "b" {
    do {
      step "repeat" "r" {
        timeout = "90m"
        while   = true
        do {
          step "wait" "w2" { duration = "1h" }
        }
      }
    }
    catch {
      step "probe" "c2" { value = error.step }
    }
  }
  step "try" "c" {
    do {
      step "parallel" "p" {
        timeout = "90m"
        branch "x" {
          step "wait" "w3" { duration = "1h" }
        }
        branch "y" {
          step "wait" "w4" { duration = "2h" }
        }
      }
    }
    catch {
      step "probe" "c3" { value = error.step }
    }
  }
  output "r" { value = "${step.c1.value}${step.c2.value}${step.c3.value}" }`,
		Want: `finished {"r":"lrp"}`, Calls: "c1=1 c2=1 c3=1", Took: 270 * time.Minute, AtMost: 271 * time.Minute,
	}, {
		Name: "timeout/of a wait, retried",
		HCL: `
  step "wait" "w" {
    duration = "1h"
    timeout  = "1m"
    retry {
      attempts = 3
      delay    = "1m"
      backoff  = 1
    }
  }`,
		Want: `failed timeout at "w": the step took longer than its timeout of 1m`, Took: 5 * time.Minute, AtMost: 6 * time.Minute,
	}, {
		Name: "timeout/of the run, not caught, finally runs",
		HCL: `
  timeout = "1h"
  step "try" "t" {
    retry { attempts = 3 }
    do {
      step "parallel" "p" {
        branch "a" {
          step "wait" "w" { duration = "5h" }
        }
        branch "b" {
          step "loop" "l" {
            items = [1]
            each {
              step "probe" "b" {}
            }
          }
        }
      }
    }
    catch {
      step "probe" "never" {}
    }
    finally {
      step "wait" "v" { duration = "2h" }
      step "probe" "f" {}
    }
  }
  step "probe" "after" {}`,
		Answers: Answers{"b": block},
		Want:    `failed timeout at "": the run took longer than its timeout of 1h`, Calls: "b=1 f=1", Took: 3 * time.Hour,
		Loose: "a stopped call may be repeated",
	}, {
		Name: "timeout/of the run in a wait",
		HCL: `
  timeout = "1h"
  step "wait" "w" { duration = "5h" }`,
		Want: `failed timeout at "": the run took longer`, Took: time.Hour, AtMost: 61 * time.Minute,
	}}
}
