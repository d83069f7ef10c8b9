package runtest

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"currant/steps"
)

// attemptScenarios are retries, put-backs and parked calls.
func attemptScenarios() []Scenario {
	return []Scenario{{
		Name: "retry/defaults",
		HCL: `
  step "probe" "a" {
    value = 1
    retry {}
  }
  output "r" { value = step.a.value }`,
		Answers: Answers{"a": fails(2, steps.NetworkError)},
		Want:    `finished {"r":1}`, Calls: "a=3", Took: 30 * time.Second, AtMost: 31 * time.Second,
	}, {
		Name: "retry/used up",
		HCL: `
  step "probe" "a" {
    retry { attempts = 4 }
  }`,
		Answers: Answers{"a": fails(9, steps.TimeoutError)},
		Want:    `failed timeout at "a": no a`, Calls: "a=4", Took: 70 * time.Second, AtMost: 71 * time.Second,
	}, {
		Name: "retry/backoff up to max_delay",
		HCL: `
  step "probe" "a" {
    retry {
      attempts  = 6
      delay     = "1s"
      backoff   = 10
      max_delay = "20s"
    }
  }`,
		Answers: Answers{"a": fails(9, steps.HTTPError)},
		Want:    `failed http at "a": no a`, Calls: "a=6", Took: 71 * time.Second, AtMost: 72 * time.Second,
	}, {
		Name: "retry/not of that kind",
		HCL: `
  step "probe" "a" {
    retry {}
  }`,
		Answers: Answers{"a": fails(9, steps.GraphQLError)},
		Want:    `failed graphql at "a": no a`, Calls: "a=1",
	}, {
		Name: "retry/on",
		HCL: `
  step "probe" "a" {
    value = 1
    retry { on = ["graphql"] }
  }
  output "r" { value = step.a.value }`,
		Answers: Answers{"a": fails(1, steps.GraphQLError)},
		Want:    `finished {"r":1}`, Calls: "a=2",
	}, {
		Name: "retry/on others only",
		HCL: `
  step "probe" "a" {
    retry { on = ["graphql"] }
  }`,
		Answers: Answers{"a": fails(9, steps.NetworkError)},
		Want:    `failed network at "a": no a`, Calls: "a=1",
	}, {
		Name: "retry/of a loop begins it anew",
		HCL: `
  state "n" { default = 0 }
  step "loop" "l" {
    items = [1, 2, 3]
    retry { attempts = 2 }
    each "x" {
      collect = "${x.value}:${step.p.value}"
      step "set" "s" { n = state.n + 1 }
      step "probe" "p" { value = state.n }
      step "fail" "f" {
        when = state.n == 2
        kind = "network"
      }
    }
  }
  output "r" { value = [state.n, step.l.collected] }`,
		Want: `finished {"r":[5,["1:3","2:4","3:5"]]}`, Calls: "p=5",
	}, {
		Name: "retry/of an if takes the other branch",
		HCL: `
  state "n" { default = 0 }
  step "if" "i" {
    condition = state.n == 0
    retry { on = ["fail"] }
    then {
      step "probe" "a" { value = 1 }
      step "set" "s" { n = 1 }
      step "fail" "f" {}
    }
    else {
      step "probe" "b" { value = 2 }
    }
  }
  step "probe" "see" { value = step.a == null }
  output "r" { value = [step.i.result, step.see.value, step.b.value] }`,
		Want: `finished {"r":[false,true,2]}`, Calls: "a=1 b=1 see=1",
	}, {
		Name: "retry/of branches and a repeat",
		HCL: `
  state "n" { default = 0 }
  step "section" "s" {
    retry {
      attempts = 3
      on       = ["fail"]
    }
    step "set" "up" { n = state.n + 1 }
    step "parallel" "p" {
      branch "a" {
        step "probe" "a" { value = state.n }
      }
      branch "b" {
        step "fail" "f" { when = state.n < 3 }
      }
    }
  }
  output "r" { value = step.a.value }`,
		Want: `finished {"r":3}`, Calls: "a=3",
		Loose: "a stopped call may be repeated",
	}, {
		Name: "put-back/same attempt, Retry-After",
		HCL: `
  step "probe" "a" {
    value = 1
    retry {}
  }
  output "r" { value = step.a.value }`,
		Answers: Answers{"a": func(c Call) Answer {
			if c.Attempt != 1 {
				return Answer{Value: text("wrong attempt")}
			}
			if c.Nth <= 3 {
				return Answer{Err: &steps.PutBack{After: time.Hour, Reason: "busy", Status: 429}}
			}
			return Answer{}
		}},
		Want: `finished {"r":1}`, Calls: "a=4", Took: 3 * time.Hour, AtMost: 3*time.Hour + time.Minute,
		Loose: "a repeated call is put back fewer times",
	}, {
		Name: "put-back/in branches and loops",
		HCL: `
  step "loop" "l" {
    items = [1, 2, 3]
    each {
      parallel = 2
      collect  = step.a.value
      step "probe" "a" { value = each.value }
    }
  }
  output "r" { value = step.l.collected }`,
		Answers: Answers{"a": func(c Call) Answer {
			if c.Nth == 1 {
				return Answer{Err: &steps.PutBack{After: time.Minute, Reason: "busy", Status: 503}}
			}
			return Answer{}
		}},
		Want: `finished {"r":[1,2,3]}`, Calls: "a=6",
		Loose: "a repeated call is put back fewer times",
	}, {
		Name: "put-back/1,000 times",
		HCL: `
  step "try" "t" {
    do {
      step "probe" "a" {
        retry { on = ["http"] }
      }
    }
    catch {
      step "compute" "c" { v = "${error.kind} ${error.status}" }
    }
  }
  output "r" { value = step.c.v }`,
		Answers: Answers{"a": func(Call) Answer { return Answer{Err: &steps.PutBack{After: time.Second, Reason: "busy", Status: 429}} }},
		Want:    `finished {"r":"http 429"}`, Calls: "a=1001", Took: 1000 * time.Second, AtMost: 1001 * time.Second,
		Loose: "too many operations to crash at each",
	}, {
		Name: "put-back/24 hours",
		HCL:  `step "probe" "a" {}`,
		Answers: Answers{"a": func(Call) Answer {
			return Answer{Err: &steps.PutBack{After: 5 * time.Hour, Reason: "busy", Status: 503}}
		}},
		Want: `failed http at "a": put back 5 times since 2030-01-31T12:00:00Z, and still: busy`, Calls: "a=5", Took: 20 * time.Hour, AtMost: 24 * time.Hour,
		Loose: "the count is part of the message",
	}, {
		Name: "park/with a cursor",
		HCL: `
  step "probe" "a" { value = 1 }
  output "r" { value = step.a.value }`,
		Answers: Answers{"a": func(c Call) Answer {
			if len(c.Cursor) < 3 {
				return Answer{Err: &steps.Park{Until: c.Now.Add(time.Hour), Cursor: []byte(c.Cursor + "x"), Reason: "not yet"}}
			}
			return Answer{Value: text(c.Cursor)}
		}},
		Want: `finished {"r":"xxx"}`, Calls: "a=4", Took: 3 * time.Hour,
	}, {
		Name: "park/a retry begins without the cursor",
		HCL: `
  step "probe" "a" {
    value = 1
    retry {}
  }
  output "r" { value = step.a.value }`,
		Answers: Answers{"a": func(c Call) Answer {
			switch {
			case c.Cursor == "":
				return Answer{Err: &steps.Park{Until: c.Now.Add(time.Hour), Cursor: []byte{'0' + byte(c.Attempt)}}}
			case c.Attempt == 1:
				return Answer{Err: steps.Errorf(steps.NetworkError, "gone")}
			}
			return Answer{Value: cty.StringVal(c.Cursor)}
		}},
		Want: `finished {"r":"2"}`, Calls: "a=4", Took: 2 * time.Hour,
	}}
}
