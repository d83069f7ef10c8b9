package runtest

import (
	"time"

	"currant/steps"
)

// tryScenarios are try, catch and finally.
func tryScenarios() []Scenario {
	return []Scenario{{
		Name: "try/nothing fails",
		HCL: `
  step "try" "t" {
    do {
      step "probe" "a" { value = 1 }
    }
    catch {
      step "probe" "c" {}
    }
    finally {
      step "probe" "f" { value = 1 }
    }
  }
  output "r" { value = [step.t.failed, step.t.error == null, step.a.value, step.c == null, step.f.value] }`,
		Want: `finished {"r":[false,true,1,true,1]}`, Calls: "a=1 f=1",
	}, {
		Name: "try/caught",
		HCL: `
  step "try" "t" {
    do {
      step "probe" "ok" { value = "kept" }
      step "section" "deep" {
        step "probe" "a" {}
      }
      step "probe" "never" {}
    }
    catch {
      step "probe" "c" { value = "${error.kind}/${error.step}/${error.status}/${error.message}" }
    }
    finally {
      step "probe" "f" {}
    }
  }
  output "r" { value = [step.t.failed, step.t.error.kind, step.c.value, step.ok.value, step.never == null] }`,
		Answers: Answers{"a": fails(9, steps.HTTPError)},
		Want:    `finished {"r":[true,"http","http/a/500/no a","kept",true]}`, Calls: "a=1 c=1 f=1 ok=1",
	}, {
		Name: "try/without catch the error goes on, finally runs",
		HCL: `
  step "try" "t" {
    do {
      step "probe" "a" {}
    }
    finally {
      step "probe" "f" {}
      step "log" "l" { message = "cleaned" }
    }
  }
  step "probe" "never" {}`,
		Answers: Answers{"a": fails(9, steps.AuthError)},
		Want:    `failed auth at "a": no a`, Calls: "a=1 f=1", Lines: []string{"info l: cleaned"},
	}, {
		Name: "try/error in catch",
		HCL: `
  step "try" "t" {
    do {
      step "probe" "a" {}
    }
    catch {
      step "probe" "c" {}
    }
    finally {
      step "probe" "f" {}
    }
  }`,
		Answers: Answers{"a": fails(9, steps.AuthError), "c": fails(9, steps.DecodeError)},
		Want:    `failed decode at "c": no c`, Calls: "a=1 c=1 f=1",
	}, {
		Name: "try/error in finally",
		HCL: `
  step "try" "t" {
    do {
      step "probe" "a" {}
    }
    finally {
      step "probe" "f" {}
      step "probe" "g" {}
    }
  }`,
		Answers: Answers{"f": fails(9, steps.DecodeError)},
		Want:    `failed decode at "f": no f`, Calls: "a=1 f=1",
	}, {
		Name: "try/retry reruns do, then catch",
		HCL: `
  state "n" { default = 0 }
  step "try" "t" {
    retry {
      attempts = 3
      delay    = "1m"
      on       = ["auth"]
    }
    do {
      step "set" "s" { n = state.n + 1 }
      step "probe" "w" { value = state.n }
      step "probe" "a" {}
    }
    catch {
      step "probe" "c" { value = error.kind }
    }
  }
  output "r" { value = [state.n, step.c.value, step.t.failed, step.w.value] }`,
		Answers: Answers{"a": fails(9, steps.AuthError)},
		Want:    `finished {"r":[3,"auth",true,3]}`, Calls: "a=3 c=1 w=3", Took: 3 * time.Minute, AtMost: 3*time.Minute + time.Second,
	}, {
		Name: "try/retry succeeds, finally once",
		HCL: `
  state "n" { default = 0 }
  step "try" "t" {
    retry { attempts = 5 }
    do {
      step "set" "s" { n = state.n + 1 }
      step "fail" "f" {
        when    = state.n < 3
        message = "again"
        kind    = "network"
      }
      step "probe" "ok" { value = state.n }
    }
    catch {
      step "probe" "c" {}
    }
    finally {
      step "probe" "z" {}
    }
  }
  output "r" { value = [state.n, step.t.failed, step.ok.value] }`,
		Want: `finished {"r":[3,false,3]}`, Calls: "ok=1 z=1",
	}, {
		Name: "try/a step's own retry comes first",
		HCL: `
  step "try" "t" {
    do {
      step "probe" "a" {
        retry { attempts = 2 }
      }
    }
    catch {
      step "probe" "c" {}
    }
  }
  output "r" { value = step.t.failed }`,
		Answers: Answers{"a": fails(9, steps.NetworkError)},
		Want:    `finished {"r":true}`, Calls: "a=2 c=1",
	}, {
		Name: "try/nested",
		HCL: `
  step "try" "outer" {
    do {
      step "try" "inner" {
        do {
          step "probe" "a" {}
        }
        catch {
          step "probe" "c1" { value = error.message }
          step "fail" "again" {
            message = "more: ${error.message}"
            kind    = "mutation"
          }
        }
        finally {
          step "probe" "f1" {}
        }
      }
    }
    catch {
      step "probe" "c2" { value = "${error.kind} ${error.step} ${error.message}" }
    }
    finally {
      step "probe" "f2" {}
    }
  }
  output "r" { value = [step.c1.value, step.c2.value, step.inner == null] }`,
		Answers: Answers{"a": fails(9, steps.GraphQLError)},
		Want:    `finished {"r":["no a","mutation again more: no a",true]}`, Calls: "a=1 c1=1 c2=1 f1=1 f2=1",
	}, {
		Name: "try/error in nested finally beats the first",
		HCL: `
  step "try" "outer" {
    do {
      step "try" "inner" {
        do {
          step "probe" "a" {}
        }
        finally {
          step "try" "deep" {
            do {
              step "probe" "f" {}
            }
            finally {
              step "probe" "g" {}
            }
          }
        }
      }
    }
    catch {
      step "probe" "c" { value = error.step }
    }
  }
  output "r" { value = step.c.value }`,
		Answers: Answers{"a": fails(9, steps.GraphQLError), "f": fails(9, steps.NotFoundError)},
		Want:    `finished {"r":"f"}`, Calls: "a=1 c=1 f=1 g=1",
	}, {
		Name: "try/its timeout is not for catch",
		HCL: `
  step "try" "t" {
    timeout = "1m"
    do {
      step "probe" "a" {}
    }
    catch {
      step "wait" "long" { duration = "5m" }
      step "probe" "c" { value = error.kind }
    }
  }
  output "r" { value = step.c.value }`,
		Answers: Answers{"a": fails(1, steps.AuthError)},
		Want:    `finished {"r":"auth"}`, Calls: "a=1 c=1", Took: 5 * time.Minute,
	}, {
		Name: "try/timeout of its attempt, retried and caught",
		HCL: `
  step "try" "t" {
    timeout = "1m"
    retry {
      attempts = 2
      delay    = "10s"
    }
    do {
      step "probe" "a" {}
      step "wait" "w" { duration = "2h" }
    }
    catch {
      step "wait" "long" { duration = "5m" }
      step "probe" "c" { value = "${error.kind} ${error.step}" }
    }
    finally {
      step "probe" "f" {}
    }
  }
  output "r" { value = step.c.value }`,
		Want: `finished {"r":"timeout t"}`, Calls: "a=2 c=1 f=1", Took: 7*time.Minute + 10*time.Second, AtMost: 7*time.Minute + 11*time.Second,
	}}
}

// endScenarios are the ways in which a run ends early.
func endScenarios() []Scenario {
	return []Scenario{{
		Name: "finish/at the top",
		HCL: `
  step "probe" "a" { value = 1 }
  step "finish" "f" { message = "enough" }
  step "probe" "b" { value = 2 }
  output "a" { value = step.a.value }
  output "b" { value = step.b.value }`,
		Want: `finished {"a":1,"b":null} enough`, Calls: "a=1",
	}, {
		Name: "finish/deep, and finally runs",
		HCL: `
  step "loop" "l" {
    items = [1, 2, 3]
    each {
      step "try" "t" {
        do {
          step "section" "s" {
            step "if" "i" {
              condition = each.value == 2
              then {
                step "finish" "f" {}
              }
            }
          }
        }
        catch {
          step "probe" "never" {}
        }
        finally {
          step "probe" "z" { value = each.value }
        }
      }
    }
  }
  step "probe" "after" {}`,
		Want: `finished Runbook execution completed`, Calls: "z=2",
	}, {
		Name: "finish/in a catch, and finally runs",
		HCL: `
  step "try" "t" {
    do {
      step "probe" "a" {}
    }
    catch {
      step "finish" "f" { message = error.kind }
    }
    finally {
      step "wait" "w" { duration = "1m" }
      step "probe" "z" {}
    }
  }`,
		Answers: Answers{"a": fails(1, steps.AuthError)},
		Want:    `finished auth`, Calls: "a=1 z=1",
	}, {
		Name: "finish/in a branch stops the others",
		HCL: `
  step "parallel" "p" {
    branch "a" {
      step "probe" "a" {}
      step "finish" "f" { message = "done" }
    }
    branch "b" {
      step "try" "t" {
        do {
          step "probe" "b" {}
        }
        finally {
          step "probe" "z" {}
        }
      }
      step "probe" "c" {}
    }
  }`,
		Answers: Answers{"b": func(Call) Answer { return Answer{Block: true} }},
		Want:    `finished done`, Calls: "a=1 b=1 z=1",
		Loose: "a stopped call may be repeated",
	}, {
		Name: "fail/kind and message",
		HCL: `
  step "probe" "a" { value = "x" }
  step "fail" "f" {
    message = "bad ${step.a.value}"
    kind    = "not_found"
  }`,
		Want: `failed not_found at "f": bad x`, Calls: "a=1",
	}, {
		Name: "fail/default kind",
		HCL:  `step "fail" "f" {}`,
		Want: `failed fail at "f": Stopped`,
	}, {
		Name: "output/that fails",
		HCL: `
  step "probe" "a" { value = "x" }
  output "o" { value = step.a.value + 1 }`,
		Want: `failed input at ""`, Calls: "a=1",
	}, {
		Name: "log/levels and data",
		HCL: `
  step "probe" "a" { value = "x" }
  step "log" "one" { message = "got ${step.a.value}" }
  step "log" "two" {
    level   = "warn"
    message = "data"
    data    = { a = [1, step.a.value] }
  }`,
		Want: `finished`, Calls: "a=1",
		Lines: []string{"info one: got x", `warn two: data {"a":[1,"x"]}`},
	}}
}
