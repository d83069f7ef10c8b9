package flow

import (
	"currant/engine/lang"
	"currant/steps"
)

// Try guards a block.
var Try = try(steps.Kind{
	Name: "try",
	Doc: "Guards its `do` block: an error in it, however deep, leads to `catch`, where it is `error`. " +
		"With a `retry` block `do` is run again first. Without a `catch` the error goes on. `finally` always runs, also before a `finish` or `fail` inside ends the run.",
	Examples: []steps.Example{{
		Title: "Go on without an answer",
		HCL: `step "try" "ask" {
  retry { attempts = 2 }
  do {
    step "fail" "no" { message = "No answer." }
  }
  catch {
    step "log" "why" { message = "Gave up: ${error.message}" }
  }
  finally {
    step "log" "end" { message = "Asked." }
  }
}`,
	}},
})

func try(k steps.Kind) *steps.Kind {
	kind := steps.Holder[tryArgs, tryResult](k)
	kind.Try = &steps.Try{Do: "do", Catch: "catch", Finally: "finally"}
	return kind
}

type tryArgs struct {
	Do      lang.Steps `hcl:"do,block" doc:"What is guarded."`
	Catch   lang.Steps `hcl:"catch,block,optional" doc:"Runs when do has failed and its attempts are used up."`
	Finally lang.Steps `hcl:"finally,block,optional" doc:"Runs at the end, whatever happened."`
}

type tryResult struct {
	Failed bool      `hcl:"failed" doc:"Whether do failed in its last attempt."`
	Error  *tryError `hcl:"error" doc:"The error, as in catch; null when there was none."`
}

type tryError struct {
	Message string `hcl:"message" doc:"What happened."`
	Kind    string `hcl:"kind" doc:"The error's kind."`
	Step    string `hcl:"step" doc:"The name of the step that failed."`
	Status  *int   `hcl:"status" doc:"The HTTP status, or null."`
}
