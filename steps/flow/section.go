package flow

import (
	"currant/engine/lang"
	"currant/steps"
)

// Section groups steps.
var Section = steps.Select(steps.Kind{
	Name: "section",
	Doc:  "Groups steps under one name and, with `when`, one condition.",
	Examples: []steps.Example{{
		Title: "A part of a longer runbook",
		HCL: `step "section" "announce" {
  when = trigger.input.announce
  step "log" "first" { message = "First." }
  step "log" "second" { message = "Second." }
}`,
	}},
}, func(sectionArgs) (string, int, steps.None, error) { return "", 0, steps.None{}, nil })

type sectionArgs struct {
	Steps lang.Steps `hcl:",steps"`
}
