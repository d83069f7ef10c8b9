package flow

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// Loop runs a block once per item.
var Loop = loop(steps.Kind{
	Name: "loop",
	Doc:  "Runs its `each` block once per item of a list, a set (in sorted order) or a map (by key). Nothing runs for null or an empty one.",
	Examples: []steps.Example{{
		Title: "Greet everybody, and keep the greetings",
		HCL: `step "loop" "greet" {
  items = ["Ann", "Bo"]
  each "person" {
    collect = "Hello ${person.value}"
    step "log" "hello" { message = "Hello ${person.value}" }
  }
}`,
	}},
	Check:  func(c *steps.Check) hcl.Diagnostics { return checkItems(c) },
	Output: loopType,
})

func loop(k steps.Kind) *steps.Kind {
	kind := steps.Holder[loopArgs, cty.Value](k)
	kind.Loop = &steps.Loop{Block: "each", Items: loopItems, Done: loopDone}
	return kind
}

type loopArgs struct {
	Items cty.Value  `hcl:"items,optional" doc:"What to run over: a list, set, map or object."`
	Each  steps.Each `hcl:"each,block" doc:"Runs once per item, which is its value; key is the key of a map, index the place from 0."`
}

func loopItems(args cty.Value) (steps.Items, error) {
	v, marks, err := collection(args)
	if err != nil || v == cty.NilVal {
		return steps.Items{}, err
	}
	values, keys := split(v)
	return steps.Items{
		Len: len(values),
		At: func(i int) (value, key cty.Value) {
			key = cty.NullVal(cty.String)
			if keys != nil {
				key = keys[i].WithMarks(marks)
			}
			return values[i].WithMarks(marks), key
		},
	}, nil
}

// collection is the items argument and its own marks; NilVal is no items at all.
func collection(args cty.Value) (cty.Value, cty.ValueMarks, error) {
	v := steps.Arg(args, "items")
	if v == cty.NilVal {
		return cty.NilVal, nil, nil
	}
	v, marks := v.Unmark()
	switch {
	case !v.IsKnown():
		return cty.NilVal, nil, steps.Errorf(steps.InputError, "items: the value is not known")
	case v.IsNull():
		return cty.NilVal, nil, nil
	case !v.CanIterateElements():
		return cty.NilVal, nil, steps.Errorf(steps.InputError, "items: a list, set, map or object is needed, not %s", v.Type().FriendlyName())
	}
	return v, marks, nil
}

// split is the elements of a collection in the order of the language, and the keys of a map or object, else
// nil. Sets come sorted and maps by key: that is how cty keeps them.
func split(v cty.Value) (values, keys []cty.Value) {
	keyed := v.Type().IsMapType() || v.Type().IsObjectType()
	values = make([]cty.Value, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		k, el := it.Element()
		values = append(values, el)
		if keyed {
			keys = append(keys, k)
		}
	}
	return values, keys
}

// elements are the values of a list, or none of null.
func elements(v cty.Value) []cty.Value {
	if v == cty.NilVal {
		return nil
	}
	v, marks := v.Unmark()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return nil
	}
	values, _ := split(v)
	for i := range values {
		values[i] = values[i].WithMarks(marks)
	}
	return values
}

func loopDone(_ cty.Value, r steps.LoopResult) cty.Value {
	out := map[string]cty.Value{"count": cty.NumberIntVal(int64(r.Count))}
	if r.Collected != cty.NilVal {
		out["collected"] = lang.AsList(r.Collected)
	}
	return cty.ObjectVal(out)
}

// loopType is the output of a step with an each block: collected is there only with a collect expression.
func loopType(c *steps.Check) cty.Type {
	attrs := map[string]cty.Type{"count": cty.Number}
	if t := c.Collected; t != cty.NilType {
		attrs["collected"] = cty.DynamicPseudoType
		if !t.HasDynamicTypes() {
			attrs["collected"] = cty.List(t)
		}
	}
	return cty.Object(attrs)
}

func checkItems(c *steps.Check) hcl.Diagnostics {
	diags := steps.Required(c.Body, "items")
	v := steps.Arg(c.Args, "items")
	if v == cty.NilVal {
		return diags
	}
	t := v.Type()
	if t != cty.DynamicPseudoType && !t.IsCollectionType() && !t.IsTupleType() && !t.IsObjectType() {
		diags = append(diags, lang.Error(steps.At(c.Body, "items"), "Incorrect value type",
			"Inappropriate value for \"items\": a list, set, map or object is needed, not %s.", t.FriendlyName()))
	}
	return diags
}
