package blueprints

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// appRules compares the rules of an app as PLATFORM 8.7 says: deletes first, then updates, then creates; those of the
// file in its order.
func (c *comparing) appRules(ctx context.Context, a *thing) error {
	existing, err := c.restOfRules(ctx, a.node, c.appRuleSelection())
	if err != nil {
		return err
	}
	for _, n := range existing {
		a.had = append(a.had, n.id())
	}
	byPosition(existing)
	rest := match(a.rules, existing)
	order(a.rules)
	var creates []*thing
	var others []*thing
	for _, r := range a.rules {
		a.digests[r.marker()] = ""
		if err := c.compare(ctx, r, nil); err != nil {
			return err
		}
		if r.node == nil {
			creates = append(creates, r)
		} else {
			others = append(others, r)
		}
	}
	for _, n := range rest {
		last, err := c.lastOfRule(ctx, a, n)
		if err != nil {
			return err
		}
		c.things = append(c.things, c.removed(a, n, last))
	}
	c.things = append(append(c.things, others...), creates...)
	return nil
}

// removed is a rule that the block of its app does not have any more.
func (c *comparing) removed(a *thing, n node, last map[string]string) *thing {
	t := &thing{record: appRuleRecord, table: appRuleTable, app: a, node: n, id: n.id()}
	name := called(n, last)
	t.change = Change{Action: Delete, Kind: kindRule, Name: name, Range: a.change.Range, Fields: []Field{},
		Address: a.change.Address + "." + kindRule + "[" + strconv.Quote(name) + "]"}
	for _, column := range appRuleTable.columns {
		w := &wish{column: column, at: a.change.Range}
		before := both(column.value(n))
		c.ledger.field(t, w, before.is, nil, w.concealedIn(last) || c.holdsSecret(before.is))
		t.change.Fields = append(t.change.Fields, w.diff(before, side{}, last)...)
	}
	c.ledger.thing(t)
	return t
}

// byPosition sorts rules by their places on the account; those without one come last.
func byPosition(rules []node) {
	place := func(n node) int64 {
		if p, ok := n["position"].(int64); ok {
			return p
		}
		return math.MaxInt64
	}
	slices.SortStableFunc(rules, func(a, b node) int { return cmp.Compare(place(a), place(b)) })
}

// match gives each rule its node, by the record and the name without regard to case (PLATFORM 8.7), and returns the
// nodes that no rule has. A block that does not say the record takes what the others leave.
func match(rules []*thing, existing []node) (rest []node) {
	taken := make([]bool, len(existing))
	for _, said := range []bool{true, false} {
		for _, r := range rules {
			if said != (wishText(r.wishes, "record") != "") {
				continue
			}
			for i, n := range existing {
				if !taken[i] && r.sameRule(n) {
					r.node, taken[i] = n, true
					break
				}
			}
		}
	}
	for i, n := range existing {
		if !taken[i] {
			rest = append(rest, n)
		}
	}
	return rest
}

// sameRule says whether a node counts as the rule.
func (t *thing) sameRule(n node) bool {
	record := wishText(t.wishes, "record")
	return strings.EqualFold(cty.NormalizeString(n.text("name")), wishText(t.wishes, "name")) && (record == "" || strings.EqualFold(record, n.text("generic")))
}

// order makes the places on the account follow the order in the file. A rule that is in order where it is keeps its
// place; a place that a block says itself is taken as it is.
func order(rules []*thing) {
	last := int64(0)
	for _, r := range rules {
		if w := wishFor(r.wishes, "position"); w != nil {
			if p, ok := w.value.(int64); ok {
				last = p
			}
			continue
		}
		is, told := r.node["position"].(int64)
		if r.node != nil && !told {
			continue // the account gives it no place
		}
		if is <= last {
			is = last + 1
		}
		last = is
		r.wishes = append(r.wishes, &wish{column: r.table.column("position"), value: is, at: r.change.Range})
	}
}
