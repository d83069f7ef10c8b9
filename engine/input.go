package engine

import (
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/lang"
)

// Input makes the value of `trigger` for a run that a person asks for: for a manual trigger input is its
// input, for another kind the trigger's output. NilVal is no input.
func Input(rb *compile.Runbook, input cty.Value) (cty.Value, error) {
	if input == cty.NilVal {
		input = cty.NullVal(cty.DynamicPseudoType)
	}
	t := rb.Trigger
	if t.Kind.Name == "manual" {
		return Called(rb, input)
	}
	if u, _ := input.Unmark(); u.IsNull() {
		if t.Kind.Fire != nil {
			return t.Kind.Fire(t.Args, timeNow()).Value, nil
		}
		return complete(cty.EmptyObjectVal, t.Output), nil
	}
	v, err := lang.ConvertTo(complete(input, t.Output), t.Output, nil)
	if err != nil {
		return cty.NilVal, pathError("trigger", err)
	}
	return v, nil
}

// Called makes the value of `trigger` for a run that another run, or a schedule of one, asks for.
func Called(rb *compile.Runbook, input cty.Value) (cty.Value, error) {
	t := rb.Trigger
	if t.Kind.Start == nil {
		return Input(rb, input)
	}
	ev, err := t.Kind.Start(t, input, timeNow())
	var refusal *ingress.Refusal
	if errors.As(err, &refusal) {
		return cty.NilVal, errors.New(refusal.Message)
	}
	return ev.Value, err
}

// complete adds the attributes that a trigger's output has and the input leaves out, as null.
func complete(v cty.Value, t cty.Type) cty.Value {
	if !v.Type().IsObjectType() || !t.IsObjectType() || v.IsNull() {
		return v
	}
	attrs := v.AsValueMap()
	if attrs == nil {
		attrs = map[string]cty.Value{}
	}
	for name, at := range t.AttributeTypes() {
		if _, ok := attrs[name]; !ok {
			attrs[name] = cty.NullVal(at)
		}
	}
	return cty.ObjectVal(attrs)
}

func pathError(root string, err error) error {
	if pe, ok := err.(cty.PathError); ok && len(pe.Path) > 0 {
		return fmt.Errorf("%s%s: %w", root, lang.PathText(pe.Path), err)
	}
	return fmt.Errorf("%s: %w", root, err)
}
