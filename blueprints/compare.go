package blueprints

import (
	"context"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"currant/engine/lang"
	"currant/engine/outbound"
)

// Compare reads the account and says what brings it to the target; it changes nothing. Its errors are
// hcl.Diagnostics for what the blueprint asks and this account cannot have (a service instance that it does not
// know, a name that creating needs), and else those of [Account.Do], among them kind not_found for an app that a
// runbook wants an address on and that is neither declared nor on the account. An answer 429 or 503 is waited for.
func Compare(ctx context.Context, a Account, t Target) (*Plan, error) {
	var r reader
	d := r.declare(t)
	if r.diags.HasErrors() {
		return nil, r.diags
	}
	secrets := slices.Concat(r.secrets, t.Secrets)
	c := &comparing{caller: &caller{account: a, secrets: secrets, waits: t.Waits}, target: t, want: d, hidden: outbound.NewSecrets(secrets...),
		files: loader{dir: t.Dir}, sums: map[string]string{}, ledger: ledger{salt: t.Blueprint}}
	have, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context, *present) error{c.apps, c.extensions, c.rules, c.others, c.gone} {
		if err := step(ctx, have); err != nil {
			return nil, err
		}
	}
	if c.diags.HasErrors() {
		return nil, c.diags
	}
	p := &Plan{Changes: make([]Change, len(c.things)), Basis: c.ledger.sum(), target: t, things: c.things, secrets: secrets, instances: c.instances}
	for i, one := range c.things {
		c.conceal(&one.change)
		p.Changes[i] = one.change
	}
	return p, nil
}

// comparing is one call of Compare.
type comparing struct {
	*caller
	target Target
	want   declared
	files  loader
	sums   map[string]string // of the account's files, by key or address
	ledger ledger
	hidden *outbound.Secrets // what no plan shows
	diags  hcl.Diagnostics
	unseen string // why a file of the thing that is compared could not be looked at

	things    []*thing // in the order of their changes
	instances map[string]string
}

// compare finds what is to be done with a thing whose node is known. Columns of a version are those of the version.
func (c *comparing) compare(ctx context.Context, t *thing, version node) error {
	last, err := c.last(ctx, t.change.Address)
	if err != nil {
		return err
	}
	t.call(last)
	t.id, t.digests, t.change.Fields, t.change.Action = t.node.id(), t.stillConcealed(last), []Field{}, None
	if t.node == nil {
		t.change.Action = Create
		if err := c.vanished(ctx, t, last); err != nil {
			return err
		}
	}
	for _, w := range t.wishes {
		n := t.node
		if w.version {
			n = version
		}
		if w.create && t.node != nil {
			if is := w.column.value(n); !w.same(is, w.value) {
				c.diags = append(c.diags, lang.Error(w.at, "Invalid value for \""+w.attr+"\"",
					"The account has %q under this label, and it cannot be changed: give the block another label to make a new one.", is))
			}
			continue
		}
		before, after, err := c.sides(ctx, w, n, last)
		if err != nil {
			return err
		}
		c.ledger.field(t, w, before.is, after.is, w.sensitive || w.concealedIn(last) || c.holdsSecret(before.is))
		w.digests(after.is, t.digests)
		fields := w.diff(before, after, last)
		if t.node == nil {
			for i := range fields {
				fields[i].Drift = false
			}
		}
		if len(fields) > 0 {
			t.differ = append(t.differ, w)
			t.change.Fields = append(t.change.Fields, fields...)
		}
	}
	if len(t.differ) > 0 && t.node != nil {
		t.change.Action = Update
	}
	if c.unseen != "" {
		t.change.Note, c.unseen = c.unseen, ""
	}
	c.enabled(t, last)
	c.ledger.thing(t)
	return nil
}

// vanished notes that somebody removed what was applied. A rule that the app did not have lately is a new one.
func (c *comparing) vanished(ctx context.Context, t *thing, last map[string]string) error {
	applied := len(last) > 0
	if applied && t.record == appRuleRecord {
		app, err := c.last(ctx, t.app.change.Address)
		if err != nil {
			return err
		}
		_, applied = app[t.marker()]
		for _, w := range t.wishes {
			if w.path == "name" || w.path == "record" {
				applied = applied && last[w.path] == w.digest(w.value)
			}
		}
	}
	if applied {
		t.change.Note = "it was applied before, and is gone from the account"
	}
	return nil
}

// enabled brings back what was disabled because it was gone from the blueprint. What somebody else disabled stays so.
func (c *comparing) enabled(t *thing, last map[string]string) {
	disabled := t.table.column("disabled")
	if disabled == nil || !t.node.flag(disabled.field) || wishFor(t.wishes, disabled.path) != nil {
		return
	}
	if last[disabled.path] != disabled.digest(true) {
		t.change.Note = "it is disabled on the account; write disabled = false to enable it"
		return
	}
	w := &wish{column: disabled, value: false, at: t.change.Range}
	t.wishes, t.differ = append(t.wishes, w), append(t.differ, w)
	t.change.Fields = append(t.change.Fields, Field{Path: disabled.path, Before: true, After: false, Range: w.at})
	t.change.Action = Update
	t.change.Note = "it was disabled by an earlier apply, and is enabled again"
}

// last is what was applied last; nil where nothing is remembered.
func (c *comparing) last(ctx context.Context, address string) (map[string]string, error) {
	if c.target.Applied == nil {
		return nil, nil
	}
	return c.target.Applied.Last(ctx, address)
}

// needed reports what creating needs and the block does not say.
func (c *comparing) needed(t *thing, paths ...string) {
	for _, path := range paths {
		if w := wishFor(t.wishes, path); w == nil || w.value == nil {
			c.diags = append(c.diags, lang.Error(t.at(path), "Missing argument",
				"The account has no such %s yet, and creating it needs %q.", t.change.Kind, path))
		}
	}
}
