package blueprints

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// formCategory is the category of the forms of apps.
const formCategory = "app_offering"

const goneNote = "it is gone from the blueprint; it cannot be deleted and is disabled instead"

// gone disables what this blueprint has made and does not have any more. Nothing that somebody else made is touched
// (promise P3).
func (c *comparing) gone(ctx context.Context, have *present) error {
	var apps, extensions, rules []string // sourceIDs that stay
	for _, a := range c.want.apps {
		apps = append(apps, a.sourceID)
	}
	for _, x := range c.want.extensions {
		extensions = append(extensions, x.sourceID)
	}
	for _, r := range c.want.rules {
		rules = append(rules, r.sourceID)
	}
	for _, one := range []struct {
		kind   string
		record *record
		table  *table
		own    []node
		stay   []string
	}{
		{kindApp, offeringRecord, appTable, have.ownApps, apps},
		{kindExtension, extensionRecord, extensionTable, have.ownExtensions, extensions},
		{kindRule, ruleRecord, ruleTable, have.ownRules, rules},
	} {
		for _, n := range one.own {
			if c.mine(n) && !n.flag("disabled") && !slices.Contains(one.stay, n.text("sourceID")) && !c.planned(n) &&
				!(one.record == extensionRecord && c.form(n, have)) {
				last, err := c.last(ctx, one.kind+"."+labelOf(n.text("sourceID")))
				if err != nil {
					return err
				}
				c.disable(one.kind, one.record, one.table, n, last, goneNote)
			}
		}
	}
	return c.doubles(ctx, have)
}

// mine says whether this blueprint has made a record.
func (c *comparing) mine(n node) bool {
	return ours(n) && strings.HasPrefix(n.text("sourceID"), c.target.Blueprint+"/")
}

// planned says whether a record is one of the things already.
func (c *comparing) planned(n node) bool {
	return slices.ContainsFunc(c.things, func(t *thing) bool { return t.id == n.id() })
}

// form says whether a record is the form of one of our apps. It stays as long as there are installations that use it.
func (c *comparing) form(n node, have *present) bool {
	return n.text("category") == formCategory && (oldest(have.ownApps, n.text("sourceID")) != nil ||
		slices.ContainsFunc(c.want.apps, func(a *thing) bool { return a.sourceID == n.text("sourceID") }))
}

// doubles disables what two applies at once have made twice, and only one of them could keep.
func (c *comparing) doubles(ctx context.Context, have *present) error {
	for _, t := range append(append(slices.Clone(c.want.extensions), c.appExtensions()...), c.want.rules...) {
		own := have.ownExtensions
		if t.record == ruleRecord {
			own = have.ownRules
		}
		for _, n := range own {
			if ours(t.node) && t.node.text("sourceID") == t.sourceID && c.mine(n) && n.text("sourceID") == t.sourceID && n.id() != t.id && !n.flag("disabled") &&
				n.text("category") == t.node.text("category") {
				last, err := c.last(ctx, t.change.Address)
				if err != nil {
					return err
				}
				c.disable(t.change.Kind, t.record, t.table, n, last, "it was made twice; the other one stays").double = true
			}
		}
	}
	return nil
}

func (c *comparing) disable(kind string, r *record, table *table, n node, last map[string]string, note string) *thing {
	disabled, name := table.column("disabled"), called(n, last)
	t := &thing{record: r, table: table, node: n, id: n.id(), sourceID: n.text("sourceID")}
	t.change = Change{Action: Disable, Kind: kind, Name: name, Note: note,
		Address: kind + "[" + strconv.Quote(name) + "]",
		Fields:  []Field{{Path: disabled.path, Before: n.flag("disabled"), After: true}}}
	c.ledger.thing(t)
	c.things = append(c.things, t)
	return t
}
