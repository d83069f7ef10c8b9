package runtest

import (
	"time"

	"currant/engine/run"
	"currant/steps"
)

// parallelScenarios are branches, and what stops what.
func parallelScenarios() []Scenario {
	return []Scenario{{
		Name: "parallel/outputs stay visible",
		HCL: `
  step "parallel" "p" {
    branch "left" {
      step "probe" "a" { value = 1 }
      step "probe" "b" { value = step.a.value + 1 }
    }
    branch "right" {
      step "probe" "c" { value = 10 }
    }
  }
  output "r" { value = step.b.value + step.c.value }`,
		Want: `finished {"r":12}`, Calls: "a=1 b=1 c=1",
	}, {
		Name: "parallel/one fails, others are stopped, their finally runs",
		HCL: `
  step "try" "t" {
    do {
      step "parallel" "p" {
        branch "bad" {
          step "probe" "a" {}
        }
        branch "slow" {
          step "try" "u" {
            do {
              step "probe" "b" {}
            }
            catch {
              step "probe" "never" {}
            }
            finally {
              step "probe" "z" {}
            }
          }
          step "probe" "after" {}
        }
        branch "waiting" {
          step "wait" "w" { duration = "3h" }
        }
      }
    }
    catch {
      step "probe" "c" { value = "${error.kind} ${error.step}" }
    }
  }
  output "r" { value = step.c.value }`,
		Answers: Answers{"a": fails(9, steps.AuthError), "b": func(Call) Answer { return Answer{Block: true} }},
		Want:    `finished {"r":"auth a"}`, Calls: "a=1 b=1 c=1 z=1", AtMost: time.Minute,
		Loose: "a stopped call may be repeated",
	}, {
		Name: "parallel/the first error wins",
		HCL: `
  step "parallel" "p" {
    branch "one" {
      step "probe" "a" {}
    }
    branch "two" {
      step "probe" "b" {}
    }
  }`,
		Answers: Answers{
			"a": func(Call) Answer { return Answer{After: time.Minute, Err: steps.Errorf(steps.AuthError, "late")} },
			"b": func(Call) Answer { return Answer{After: time.Second, Err: steps.Errorf(steps.GraphQLError, "early")} },
		},
		Want: `failed graphql at "b": early`, Calls: "a=1 b=1",
		Loose: "a stopped call may be repeated",
	}, {
		Name: "parallel/nested",
		HCL: `
  step "parallel" "p" {
    branch "one" {
      step "parallel" "q" {
        branch "x" {
          step "probe" "x" { value = 1 }
        }
        branch "y" {
          step "loop" "l" {
            items = [1, 2, 3]
            each {
              parallel = 2
              collect  = step.y.value
              step "probe" "y" { value = each.value }
            }
          }
        }
      }
      step "probe" "after" { value = step.x.value + sum(step.l.collected) }
    }
    branch "two" {
      step "wait" "w" { duration = "10m" }
      step "probe" "z" { value = 100 }
    }
  }
  output "r" { value = step.after.value + step.z.value }`,
		Want: `finished {"r":107}`, Calls: "after=1 x=1 y=3 z=1", Took: 10 * time.Minute,
	}, {
		Name: "cancel/in a call, finally runs",
		HCL: `
  step "try" "t" {
    do {
      step "probe" "a" {}
      step "probe" "b" {}
    }
    catch {
      step "probe" "never" {}
    }
    finally {
      step "probe" "f" {}
      step "wait" "w" { duration = "1m" }
      step "probe" "g" {}
    }
  }
  step "probe" "after" {}`,
		Answers: Answers{"a": cancels("enough")},
		Want:    `cancelled cancelled at "": enough`, Calls: "a=1 f=1 g=1",
		Loose: "the cancelled call may be repeated",
	}, {
		Name: "cancel/in a wait inside a loop inside branches",
		HCL: `
  step "parallel" "p" {
    branch "one" {
      step "loop" "l" {
        items = [1, 2, 3]
        each {
          parallel = 2
          step "try" "t" {
            do {
              step "wait" "w" { duration = "5h" }
            }
            finally {
              step "probe" "f" { value = each.value }
            }
          }
        }
      }
    }
    branch "two" {
      step "wait" "first" { duration = "1h" }
      step "probe" "a" {}
    }
  }`,
		Answers: Answers{"a": cancels("")},
		Want:    `cancelled cancelled at "": the run was cancelled`, Calls: "a=1 f=2", Took: time.Hour, AtMost: 2 * time.Hour,
		Loose: "the cancelled call may be repeated",
	}, {
		Name: "cancel/in the pause of a retry",
		HCL: `
  step "parallel" "p" {
    branch "one" {
      step "try" "t" {
        retry {
          attempts = 5
          delay    = "5m"
        }
        do {
          step "fail" "no" { kind = "network" }
        }
        finally {
          step "probe" "f" {}
        }
      }
    }
    branch "two" {
      step "wait" "first" { duration = "7m" }
      step "probe" "a" {}
    }
  }`,
		Answers: Answers{"a": cancels("stop it")},
		Want:    `cancelled cancelled at "": stop it`, Calls: "a=1 f=1", Took: 7 * time.Minute, AtMost: 8 * time.Minute,
		Loose: "the cancelled call may be repeated",
	}, {
		Name: "cancel/twice, and a failing finally",
		HCL: `
  step "try" "t" {
    do {
      step "probe" "a" {}
    }
    finally {
      step "probe" "f" {}
    }
  }`,
		Answers: Answers{"a": cancels("once"), "f": func(Call) Answer {
			return Answer{Err: steps.Errorf(steps.AuthError, "no"), Events: []run.Event{run.Cancelled{Reason: "twice"}}}
		}},
		Want: `cancelled cancelled at "": once`, Calls: "a=1 f=1",
		Loose: "the cancelled call may be repeated",
	}}
}

// cancels lets the run be cancelled while the call goes on.
func cancels(reason string) func(Call) Answer {
	return func(Call) Answer { return Answer{Block: true, Events: []run.Event{run.Cancelled{Reason: reason}}} }
}
