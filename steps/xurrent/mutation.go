package xurrent

import (
	"context"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// Mutation changes something.
var Mutation = planned[mutationArgs, cty.Value](steps.Kind{
	Name:       "mutation",
	Effect:     steps.Write,
	Connection: connectionType,
	Doc:        "Changes something in the account: creates, updates or deletes. Its output has the payload's fields.",
	Examples: []steps.Example{{
		Title: "Add a note",
		HCL: `step "mutation" "note" {
  mutation = "noteCreate"
  input = {
    ownerId = "NG1lLnh1cnJlbnQuY29tL1JlcXVlc3QvMQ"
    text    = "Thank you."
  }
}`,
	}, {
		Title: "Clear a field",
		HCL: `step "mutation" "unassign" {
  mutation = "requestUpdate"
  input    = { id = trigger.input.id }
  clear    = ["memberId"]
}`,
	}},
	EffectOf: mutationEffect,
	Check:    checkMutation,
	Output:   func(*steps.Check) cty.Type { return cty.DynamicPseudoType },
})

// planned declares a kind that is decoded and checked, and that this build cannot run.
func planned[A, R any](k steps.Kind) *steps.Kind {
	k.Planned = true
	name := k.Name
	return steps.Action(k, func(context.Context, *steps.Call, A) (R, error) {
		var none R
		return none, steps.Errorf(steps.InternalError, "this build cannot run %q steps yet", name)
	})
}

type mutationArgs struct {
	Mutation      string    `hcl:"mutation" doc:"One of the schema's mutations, such as \"requestCreate\"."`
	Input         cty.Value `hcl:"input,optional" doc:"Its input: an object. Attributes that are null are left out."`
	Clear         []string  `hcl:"clear,optional" doc:"Keys of the input that are sent as null, which clears them."`
	Fields        string    `hcl:"fields,optional" doc:"What to read of the payload: a GraphQL selection."`
	Include       []string  `hcl:"include,optional" doc:"Nested objects of the payload, as dotted paths, whose scalar fields are read too; instead of fields."`
	RefreshSchema bool      `hcl:"refresh_schema,optional" default:"false" doc:"Whether to read the account's schema anew first."`
}

// mutationEffect says that an update may be done twice.
func mutationEffect(args cty.Value) steps.Effect {
	if v, ok := steps.Known(args, "mutation"); ok && strings.HasSuffix(v.AsString(), "Update") {
		return steps.Idempotent
	}
	return steps.Write
}

func checkMutation(c *steps.Check) hcl.Diagnostics {
	diags := steps.AtMostOne(c.Body, "fields", "include")
	diags = append(diags, notEmpty(c, "mutation")...)
	diags = append(diags, isObject(c, "input")...)
	diags = append(diags, checkInclude(c)...)
	return append(diags, checkClear(c)...)
}

// checkClear reports keys that are given a value and cleared at once.
func checkClear(c *steps.Check) (diags hcl.Diagnostics) {
	keys, ok := quotable(c.Args, "clear")
	input := steps.Arg(c.Args, "input")
	if !ok || input == cty.NilVal {
		return nil
	}
	input, _ = input.Unmark()
	if !input.IsKnown() || input.IsNull() || !input.Type().IsObjectType() {
		return nil
	}
	for it := keys.ElementIterator(); it.Next(); {
		_, k := it.Element()
		if k.IsNull() || !input.Type().HasAttribute(k.AsString()) {
			continue
		}
		if v, _ := input.GetAttr(k.AsString()).Unmark(); v.IsKnown() && !v.IsNull() {
			diags = append(diags, lang.Error(steps.At(c.Body, "clear"), "Conflicting arguments",
				"%q has a value in \"input\", so it cannot be cleared too.", k.AsString()))
		}
	}
	return diags
}
