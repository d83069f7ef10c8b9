package blueprints

import (
	"context"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// apps compares the apps, each with its form and its rules.
func (c *comparing) apps(ctx context.Context, have *present) error {
	c.instances = map[string]string{}
	for _, a := range c.want.apps {
		if a.node = have.app(wishText(a.wishes, "reference")); a.node == nil {
			if n := oldest(have.apps, a.sourceID); n != nil {
				a.node = n
			}
		}
		if a.node == nil {
			c.needed(a, "name", "service_instance")
		}
		c.instance(a, have)
		if err := c.compare(ctx, a, nil); err != nil {
			return err
		}
		if ours(a.node) && !c.mine(a.node) && a.change.Note == "" {
			a.change.Note = "it was made for " + a.node.text("sourceID") + ", of another blueprint"
		}
		a.shared = a.node != nil
		c.things = append(c.things, a)
		if x := a.extension; x != nil {
			if err := c.appExtension(ctx, x, have); err != nil {
				return err
			}
			c.things = append(c.things, x)
		}
		if err := c.appRules(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// instance finds the service instance that an app names (PLATFORM 8.6).
func (c *comparing) instance(a *thing, have *present) {
	w := wishFor(a.wishes, "service_instance")
	name := wishText(a.wishes, "service_instance")
	if name == "" || name == cty.NormalizeString(a.node.child(w.field).text("name")) {
		return
	}
	var found []string
	for _, n := range have.instances {
		if cty.NormalizeString(n.text("name")) == name {
			found = append(found, n.id())
		}
	}
	switch len(found) {
	case 0:
		c.diags = append(c.diags, lang.Error(w.at, "Unknown service instance", "Unable to find Service Instance with name '%s'.", shownText(w)))
	case 1:
		c.instances[name] = found[0]
		c.ledger.note(a.change.Address, w.path, found[0])
	default:
		c.diags = append(c.diags, lang.Error(w.at, "Ambiguous service instance", "The account has %d service instances named '%s'.", len(found), shownText(w)))
	}
}

func shownText(w *wish) string {
	if s, _ := w.value.(string); !w.sensitive {
		return s
	}
	return "(sensitive)"
}

// appExtension compares the form of an app: that which the app has, or else one that an earlier apply made for it
// (PLATFORM 8.6).
func (c *comparing) appExtension(ctx context.Context, x *thing, have *present) error {
	version := x.app.node.child("uiExtensionVersion")
	if x.node = version.child("uiExtension"); x.node == nil {
		x.node = oldest(have.extensions, x.sourceID)
	}
	active := x.node.child("activeVersion")
	x.active = active.id()
	switch {
	case x.node == nil:
		x.link = true
	case x.activate:
		x.link = x.active != "" && version.id() != x.active
	default:
		x.link = x.active != "" && version.child("uiExtension").id() != x.node.id()
	}
	if x.node == nil {
		c.needed(x, "name")
	}
	if err := c.compare(ctx, x, x.content()); err != nil {
		return err
	}
	if x.link && x.change.Action == None {
		x.change.Action = Update
		x.change.Fields = append(x.change.Fields, Field{Path: "activate", Before: false, After: true, Range: x.change.Range})
		x.change.Note = "the app does not show the active version yet"
	}
	return nil
}

// content is the version that the block is compared with: the active one, or the one that is prepared where the block
// does not activate it.
func (t *thing) content() node {
	if !t.activate {
		for _, v := range t.node.nodes("versions") {
			if v.text("status") == "being_prepared" {
				return v
			}
		}
	}
	return t.node.child("activeVersion")
}

// extensions compares the UI extensions that are on their own.
func (c *comparing) extensions(ctx context.Context, have *present) error {
	for _, x := range c.want.extensions {
		x.node = oldest(have.extensions, x.sourceID)
		x.active = x.node.child("activeVersion").id()
		if x.node == nil {
			c.needed(x, "name")
		}
		if err := c.compare(ctx, x, x.content()); err != nil {
			return err
		}
		c.things = append(c.things, x)
	}
	return nil
}

// rules compares the automation rules that are on their own.
func (c *comparing) rules(ctx context.Context, have *present) error {
	for _, r := range c.want.rules {
		r.node = oldest(have.rules, r.sourceID)
		if err := c.compare(ctx, r, nil); err != nil {
			return err
		}
		c.things = append(c.things, r)
	}
	return nil
}

// others compares the addresses of apps that are not declared.
func (c *comparing) others(ctx context.Context, have *present) error {
	for _, o := range c.want.others {
		reference := wishText(o.wishes, "reference")
		if o.node = have.app(reference); o.node == nil {
			return steps.Errorf(steps.NotFoundError, "No App offering found with reference '%s'", reference)
		}
		o.wishes = slices.DeleteFunc(o.wishes, func(w *wish) bool { return w.path == "reference" })
		if err := c.compare(ctx, o, nil); err != nil {
			return err
		}
		o.change.Note = ""
		c.things = append(c.things, o)
	}
	return nil
}
