package xurrent

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/schema"
	"currant/steps"
)

// newMutation changes something.
func newMutation(d Deps) *steps.Kind {
	return steps.Action(steps.Kind{
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
		Check:    func(c *steps.Check) hcl.Diagnostics { return checkMutation(d, c) },
		Output:   func(c *steps.Check) cty.Type { return mutationType(d, c) },
	}, mutate)
}

type mutationArgs struct {
	Mutation      string    `hcl:"mutation" doc:"One of the schema's mutations, such as \"requestCreate\"."`
	Input         cty.Value `hcl:"input,optional" doc:"Its input: an object. Attributes that are null are left out."`
	Clear         []string  `hcl:"clear,optional" doc:"Keys of the input that are sent as null, which clears them."`
	Fields        string    `hcl:"fields,optional" doc:"What to read of the payload: a GraphQL selection."`
	Include       []string  `hcl:"include,optional" doc:"Nested objects of the payload, as dotted paths, whose scalar fields are read too; instead of fields."`
	RefreshSchema bool      `hcl:"refresh_schema,optional" default:"false" doc:"Whether to read the account's schema anew first."`
}

// mutationEffect says that an update may be done twice, and that a create which names its source can be looked
// up.
func mutationEffect(args cty.Value) steps.Effect {
	v, ok := steps.Known(args, "mutation")
	switch {
	case ok && strings.HasSuffix(v.AsString(), "Update"):
		return steps.Idempotent
	case ok && strings.HasSuffix(v.AsString(), "Create") && hasText(args, "source") && hasText(args, "sourceID"):
		return steps.Checked
	}
	return steps.Write
}

// hasText says whether a key of the input has a text that is not empty.
func hasText(args cty.Value, key string) bool {
	v, ok := steps.Known(steps.Arg(args, "input"), key)
	return ok && v.Type() == cty.String && v.AsString() != ""
}

func checkMutation(d Deps, c *steps.Check) hcl.Diagnostics {
	diags := steps.AtMostOne(c.Body, "fields", "include")
	diags = append(diags, notEmpty(c, "mutation")...)
	diags = append(diags, isObject(c, "input")...)
	diags = append(diags, checkInclude(c)...)
	diags = append(diags, checkClear(c)...)
	if diags.HasErrors() {
		return diags
	}
	return append(diags, placed(c, checkedMutation(d, c).problems)...)
}

// mutationCheck is a mutation against the account's data model.
type mutationCheck struct {
	mutation *schema.Mutation // nil where nothing is known
	problems []schema.Problem
}

func checkedMutation(d Deps, c *steps.Check) mutationCheck {
	if done, ok := c.Memo.(mutationCheck); ok {
		return done
	}
	var out mutationCheck
	name, ok := steps.Known(c.Args, "mutation")
	clear, cleared := quotable(c.Args, "clear")
	if model := d.modelFor(c); model != nil && ok && name.AsString() != "" && (cleared || isNull(c.Args, "clear")) {
		args := schema.MutationArgs{Mutation: name.AsString(), Input: steps.Arg(c.Args, "input")}
		if c.Body.Attr("input") == nil {
			args.Input = cty.NilVal
		}
		if cleared {
			args.Clear = texts(clear)
		}
		args.Fields, args.FieldsUnknown, args.Include, args.IncludeUnknown = selectionOf(c)
		out.mutation, out.problems = model.Mutation(args)
	}
	c.Memo = out
	return out
}

func texts(list cty.Value) (out []string) {
	for it := list.ElementIterator(); it.Next(); {
		if _, el := it.Element(); !el.IsNull() {
			out = append(out, el.AsString())
		}
	}
	return out
}

// mutationType is typed by the account's data model where that is known.
func mutationType(d Deps, c *steps.Check) cty.Type {
	m := checkedMutation(d, c).mutation
	if m == nil || !m.Selection.Type().IsObjectType() {
		return cty.DynamicPseudoType
	}
	return cty.Object(withTelemetry(m.Selection.Type().AttributeTypes()))
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
