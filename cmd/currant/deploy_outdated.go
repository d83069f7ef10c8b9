package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"currant/blueprints"
)

// outdated is a plan that is not carried out, because something is not as it was when it was made.
type outdated struct {
	what  string
	lines []string
}

func (o *outdated) Error() string {
	return o.what + ":\n  " + strings.Join(o.lines, "\n  ") + "\nNothing was changed. Plan again."
}

// maxOutdated is how many differences between two plans are listed.
const maxOutdated = 20

// samePlan refuses to carry out a plan that would be another one now.
func samePlan(was planView, basis string, now *deployPlan) error {
	if basis == now.basis {
		return nil
	}
	lines := differences(was, now.view())
	if len(lines) == 0 {
		lines = []string{"something that the plan does not show: a sensitive value, or a thing with nothing to change"}
	}
	if more := len(lines) - maxOutdated; more > 0 {
		lines = append(lines[:maxOutdated], fmt.Sprintf("… and %d more", more))
	}
	return &outdated{"What was planned is not what there is now", lines}
}

// differences says in which changes and fields two plans differ.
func differences(was, now planView) (lines []string) {
	key := func(c changeView) string { return c.Connection + " " + c.Address }
	before := map[string]changeView{}
	for _, c := range was.Changes {
		before[key(c)] = c
	}
	for _, c := range now.Changes {
		old, known := before[key(c)]
		delete(before, key(c))
		address := plain(c.Address)
		if known && old.Action != c.Action {
			lines = append(lines, fmt.Sprintf("%s: %s was planned; now it is %s", address, deed(old.Action), deed(c.Action)))
		}
		if !known {
			lines = append(lines, fmt.Sprintf("%s: nothing was planned; now it is %s", address, deed(c.Action)))
		}
		if known && old.Action != blueprints.Create {
			lines = append(lines, fieldDifferences(address, old.Fields, c.Fields)...)
		}
	}
	for _, c := range was.Changes {
		if _, gone := before[key(c)]; gone {
			lines = append(lines, fmt.Sprintf("%s: %s was planned; now it is not there", plain(c.Address), deed(c.Action)))
		}
	}
	return lines
}

func fieldDifferences(address string, was, now []blueprints.Field) (lines []string) {
	before := map[string]blueprints.Field{}
	for _, f := range was {
		before[f.Path] = f
	}
	at := func(f blueprints.Field, note string) {
		lines = append(lines, fmt.Sprintf("%s: %s %s", address, plain(f.Path), note))
	}
	for _, f := range now {
		old, known := before[f.Path]
		delete(before, f.Path)
		switch {
		case !known:
			at(f, "is not as it should be any more: it is "+brief(f, f.Before))
		case !equalJSON(old.Before, f.Before):
			at(f, "was "+brief(old, old.Before)+"; now it is "+brief(f, f.Before))
		case !equalJSON(old.After, f.After):
			at(f, "was to become "+brief(old, old.After)+"; now it is to become "+brief(f, f.After))
		}
	}
	for _, f := range was {
		if _, gone := before[f.Path]; gone {
			at(f, "was to be changed; now it is as it should be")
		}
	}
	return lines
}

// deed is an action in a sentence.
func deed(a blueprints.Action) string {
	if a == blueprints.None {
		return "nothing"
	}
	return `"` + plain(string(a)) + `"`
}

// briefly is how many characters of a value are shown in a line about it.
const briefly = 60

func brief(f blueprints.Field, v any) string {
	if f.Sensitive {
		return "(sensitive)"
	}
	return cut(literal(v), briefly)
}

// equalJSON compares two values by their JSON: one of them may have been read from a file.
func equalJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
