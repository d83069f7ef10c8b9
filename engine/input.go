package engine

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
)

// Input makes the value of `trigger` for a run that a person or another run asks for: for a manual trigger
// input is its input, for another kind the trigger's output. Null or NilVal is no input.
func Input(rb *compile.Runbook, input cty.Value) (cty.Value, error) {
	if input == cty.NilVal {
		input = cty.NullVal(cty.DynamicPseudoType)
	}
	t := rb.Trigger
	if t.Kind.Name == "manual" {
		typ, defaults, ok := t.Body.TypeOf("input_schema")
		if !ok {
			return cty.ObjectVal(map[string]cty.Value{"input": input}), nil
		}
		v, err := lang.ConvertTo(input, typ, defaults)
		if err != nil {
			return cty.NilVal, pathError("input", err)
		}
		if u, _ := v.Unmark(); u.IsNull() && typ.IsObjectType() && len(typ.AttributeTypes()) > 0 {
			return cty.NilVal, fmt.Errorf("the runbook %q needs input: %s", rb.Name, typ.FriendlyName())
		}
		return cty.ObjectVal(map[string]cty.Value{"input": v}), nil
	}
	if u, _ := input.Unmark(); u.IsNull() {
		return complete(cty.EmptyObjectVal, t.Output), nil
	}
	v, err := lang.ConvertTo(complete(input, t.Output), t.Output, nil)
	if err != nil {
		return cty.NilVal, pathError("trigger", err)
	}
	return v, nil
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
