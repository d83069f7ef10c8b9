package runtest

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/engine/run"
)

// Outcome is how a run stands when it has ended or can only be helped by a person.
type Outcome struct {
	// Status is finished, failed, cancelled, held or waiting (for something that never comes).
	Status string
	// Outputs as JSON; sensitive parts masked.
	Outputs string
	// Kind, Step and Text are of the run's error; Step is "" where it is none's.
	Kind, Step, Text string
	// Message of a finish step.
	Message string
}

// String is the outcome on one line.
func (o Outcome) String() string {
	s := o.Status
	if o.Outputs != "" && o.Outputs != "{}" {
		s += " " + o.Outputs
	}
	if o.Kind != "" {
		s += fmt.Sprintf(" %s at %q: %s", o.Kind, o.Step, o.Text)
	}
	if o.Message != "" {
		s += " " + o.Message
	}
	return s
}

func outcomeOf(r *run.Result) Outcome { return OutcomeOf(r) }

// OutcomeOf is a result's outcome.
func OutcomeOf(r *run.Result) Outcome {
	o := Outcome{Status: r.Status, Message: r.Message}
	if r.Outputs != cty.NilVal {
		text, err := lang.ToJSON(r.Outputs)
		if err != nil {
			text = []byte("unreadable: " + err.Error())
		}
		o.Outputs = string(text)
	}
	if r.Err != nil {
		o.Kind, o.Step, o.Text = string(r.Err.Kind), r.Err.Step, r.Err.Message
	}
	return o
}
