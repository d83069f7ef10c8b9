package blueprints

import (
	"context"
	"slices"

	"currant/steps"
	"currant/steps/xurrent/api"
)

// How a thing is created so that two who apply at once do not both have it (promise P4). The service refuses the
// second app of a reference. Of anything else we look whether it is there right before it is created, and again
// afterwards: of two, the one that was made later is taken back by who made it.

// create makes a record of what its block says. After an answer that asks to wait we look again: it may have been
// made all the same.
func (x *applying) create(ctx context.Context, t *thing) error {
	input, err := x.input(ctx, t, t.wishes)
	if err != nil {
		return err
	}
	switch t.record {
	case extensionRecord:
		input["activate"] = t.activate
	case appRuleRecord:
		input["appOfferingId"] = t.app.id
	}
	if t.sourceID != "" {
		input["source"], input["sourceID"] = Source, t.sourceID
	}
	again := false
	err = api.Patiently(ctx, x.waits, func() error {
		if err := x.notThere(ctx, t, again); err != nil {
			return err
		}
		again = true
		payload, err := x.mutateOnce(ctx, mutation{name: t.record.name + "Create", inputType: t.record.typ + "CreateInput",
			record: t.record.name, selection: t.answers(), input: input})
		if err != nil {
			return err
		}
		made := payload.child(t.record.name)
		if made.id() == "" {
			return steps.Errorf(steps.DecodeError, "the answer to %sCreate holds no id", t.record.name)
		}
		t.id, t.active = made.id(), made.child("activeVersion").id()
		if t.record == appRuleRecord {
			t.app.had = append(t.app.had, t.id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := x.onlyOne(ctx, t); err != nil {
		return err
	}
	return x.show(ctx, t)
}

// notThere fails where the thing has come into being since the account was read.
func (x *applying) notThere(ctx context.Context, t *thing, again bool) error {
	var there bool
	switch {
	case t.record == offeringRecord:
		return nil
	case t.record == appRuleRecord:
		if !again && !t.app.shared {
			return nil
		}
		rules, err := x.rulesOf(ctx, t.app)
		if err != nil {
			return err
		}
		for _, n := range rules {
			there = there || t.strangersRule(n)
		}
	default:
		all, err := x.withSource(ctx, t)
		if err != nil {
			return err
		}
		there = len(all) > 0
	}
	if there {
		return steps.Errorf(steps.MutationError, "it has come into being since the plan was made: plan and apply again")
	}
	return nil
}

// onlyOne takes back what somebody else has made too, and earlier.
func (x *applying) onlyOne(ctx context.Context, t *thing) error {
	// The mutation was made; what follows from that is done even where the context has ended.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), inFlight)
	defer cancel()
	const message = "somebody else made it at the same time, and ours was %s: plan and apply again"
	switch {
	case t.record == offeringRecord:
		return nil
	case t.record == appRuleRecord:
		if !t.app.shared {
			return nil
		}
		rules, err := x.rulesOf(ctx, t.app)
		if err != nil {
			return err
		}
		if t.late(rules, t.strangersRule) {
			if err := x.remove(ctx, t); err != nil {
				return err
			}
			return steps.Errorf(steps.MutationError, message, "deleted")
		}
	default:
		all, err := x.withSource(ctx, t)
		if err != nil {
			return err
		}
		if t.late(all, func(node) bool { return true }) {
			disabled := t.table.column("disabled")
			if err := x.update(ctx, t, map[string]any{disabled.input: true}); err != nil {
				return err
			}
			t.digests[disabled.path] = disabled.digest(true) // so that it is brought back where theirs does not stay
			x.remember(ctx, t)
			return steps.Errorf(steps.MutationError, message, "disabled")
		}
	}
	return nil
}

// late says whether another record of those that count as the thing was made before it. Of two that were made in the
// same second both are late: their ids do not say which was first.
func (t *thing) late(all []node, counts func(node) bool) bool {
	var own node
	for _, n := range all {
		if n.id() == t.id {
			own = n
		}
	}
	for _, n := range all {
		if own != nil && n.id() != t.id && counts(n) && n.text("createdAt") <= own.text("createdAt") {
			return true
		}
	}
	return false
}

// strangersRule says whether a node counts as the rule, and somebody else has made it since the plan.
func (t *thing) strangersRule(n node) bool {
	return t.sameRule(n) && !slices.Contains(t.app.had, n.id())
}

// withSource are the records that have the thing's sourceID.
func (x *applying) withSource(ctx context.Context, t *thing) (out []node, err error) {
	data, err := x.ask(ctx, "query($sourceID: String!) { found: "+t.record.name+"s(first: 100, filter: { source: { values: [\""+Source+
		"\"] }, sourceID: { values: [$sourceID] } }) { nodes { id source sourceID createdAt } } }", map[string]any{"sourceID": t.sourceID})
	if err != nil {
		return nil, err
	}
	for _, n := range data.nodes("found") {
		if ours(n) && n.text("sourceID") == t.sourceID {
			out = append(out, n)
		}
	}
	return out, nil
}

// rulesOf are the rules of an app as they are now.
func (x *applying) rulesOf(ctx context.Context, app *thing) ([]node, error) {
	const fields = " id name generic createdAt"
	data, err := x.ask(ctx, "query($id: ID!) { node(id: $id) { ... on AppOffering { id automationRules(first: 100) { pageInfo { hasNextPage endCursor } nodes {"+fields+" } } } } }",
		map[string]any{"id": app.id})
	if err != nil {
		return nil, err
	}
	return x.restOfRules(ctx, data.child("node"), fields)
}
