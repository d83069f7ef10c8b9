package flow

import (
	"github.com/hashicorp/hcl/v2"

	"currant/engine/lang"
	"currant/steps"
)

// Repeat runs a block while a condition holds, or until one does.
var Repeat = repeat(steps.Kind{
	Name: "repeat",
	Doc:  "Runs its `do` block again and again: `while` is asked before each turn, `until` after it. It is for cursors of other people's APIs, kept in a state.",
	Examples: []steps.Example{{
		Title: "Count to three",
		HCL: `step "repeat" "count" {
  while = state.n < 3
  max   = 10
  do {
    step "set" "next" { n = state.n + 1 }
  }
}`,
	}},
	Check: func(c *steps.Check) hcl.Diagnostics { return steps.ExactlyOne(c.Body, "while", "until") },
})

func repeat(k steps.Kind) *steps.Kind {
	kind := steps.Holder[repeatArgs, repeatResult](k)
	kind.Repeat = &steps.Repeat{Block: "do", While: "while", Until: "until", Max: "max"}
	return kind
}

type repeatArgs struct {
	While lang.Expr  `hcl:"while,optional" doc:"Asked before each turn; the first false ends it. Or write until."`
	Until lang.Expr  `hcl:"until,optional" doc:"Asked after each turn; the first true ends it. Or write while."`
	Max   int        `hcl:"max,optional" default:"1000" min:"1" doc:"The most turns; the step fails, with kind fail, where they do not end it."`
	Do    lang.Steps `hcl:"do,block" doc:"Runs once per turn."`
}

type repeatResult struct {
	Count int `hcl:"count" doc:"How many turns there were."`
}
