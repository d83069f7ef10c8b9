package blueprints

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// present is what the account has of what matters to the target.
type present struct {
	apps, extensions, rules, instances []node
	// own are all those of our source, whichever blueprint they are of, with little of them.
	ownApps, ownExtensions, ownRules []node
}

const (
	ownFields  = " id name source sourceID disabled createdAt"
	ruleFields = " id position createdAt source sourceID disabled"
)

// read asks for all of it at once.
func (c *comparing) read(ctx context.Context) (*present, error) {
	apps := &listing{alias: "apps", field: "appOfferings", byValues: true, values: c.references(),
		filter: "{ published: false, reference: { values: $apps } }", selection: c.appSelection()}
	extensions := &listing{alias: "extensions", field: "uiExtensions", byValues: true,
		filter: "{ source: { values: [\"" + Source + "\"] }, sourceID: { values: $extensions } }"}
	var all []*thing
	for _, x := range append(slices.Clone(c.want.extensions), c.appExtensions()...) {
		extensions.values = append(extensions.values, x.sourceID)
		all = append(all, x)
	}
	extensions.selection = extensionSelection(extensionTable, all)
	rules := &listing{alias: "rules", field: "automationRules", byValues: true,
		filter:    "{ source: { values: [\"" + Source + "\"] }, sourceID: { values: $rules } }",
		selection: ruleFields + ruleTable.selection(wanted(c.want.rules))}
	for _, one := range c.want.rules {
		rules.values = append(rules.values, one.sourceID)
	}
	instances := &listing{alias: "instances", field: "serviceInstances", byValues: true, values: c.instanceNames(),
		filter: "{ name: { values: $instances } }", selection: " id name"}
	own := func(alias, field, filter, more string) *listing {
		return &listing{alias: alias, field: field, filter: "{ " + filter + "source: { values: [\"" + Source + "\"] } }", selection: ownFields + more}
	}
	ownApps := own("ownApps", "appOfferings", "published: false, ", " reference")
	ownExtensions, ownRules := own("ownExtensions", "uiExtensions", "", " category"), own("ownRules", "automationRules", "", " generic")
	if err := c.lists(ctx, []*listing{apps, extensions, rules, instances, ownApps, ownExtensions, ownRules}); err != nil {
		return nil, err
	}
	p := &present{apps: apps.nodes, extensions: extensions.nodes, rules: rules.nodes, instances: instances.nodes,
		ownApps: ownApps.nodes, ownExtensions: ownExtensions.nodes, ownRules: ownRules.nodes}
	return p, c.renamed(ctx, p, apps)
}

// renamed reads apps whose reference has changed in the blueprint: they are found by their sourceID.
func (c *comparing) renamed(ctx context.Context, p *present, apps *listing) error {
	again := *apps
	again.nodes, again.values, again.from, again.cursor = nil, nil, 0, ""
	for _, a := range c.want.apps {
		if p.app(wishText(a.wishes, "reference")) != nil {
			continue
		}
		if n := oldest(p.ownApps, a.sourceID); n != nil {
			again.values = append(again.values, n.text("reference"))
		}
	}
	if err := c.lists(ctx, []*listing{&again}); err != nil {
		return err
	}
	p.apps = append(p.apps, again.nodes...)
	return nil
}

// app is the draft of a reference.
func (p *present) app(reference string) node {
	for _, n := range p.apps {
		if n.text("reference") == reference {
			return n
		}
	}
	return nil
}

// oldest is the record of ours with a sourceID; of several the one that was made first of those that are enabled.
func oldest(all []node, sourceID string) (found node) {
	for _, n := range all {
		if ours(n) && n.text("sourceID") == sourceID && (found == nil || older(n, found)) {
			found = n
		}
	}
	return found
}

func ours(n node) bool { return n.text("source") == Source }

// older says which of two records goes first: one that is enabled, and then the one that was made first. It decides in
// the same way for all who look.
func older(a, b node) bool {
	if off := b.flag("disabled"); off != a.flag("disabled") {
		return off
	}
	if c := strings.Compare(a.text("createdAt"), b.text("createdAt")); c != 0 {
		return c < 0
	}
	if c := len(a.id()) - len(b.id()); c != 0 {
		return c < 0
	}
	return a.id() < b.id()
}

func (c *comparing) references() (out []string) {
	for _, a := range append(slices.Clone(c.want.apps), c.want.others...) {
		out = append(out, wishText(a.wishes, "reference"))
	}
	return out
}

func (c *comparing) appExtensions() (out []*thing) {
	for _, a := range c.want.apps {
		if a.extension != nil {
			out = append(out, a.extension)
		}
	}
	return out
}

func (c *comparing) instanceNames() (out []string) {
	for _, a := range c.want.apps {
		name := wishText(a.wishes, "service_instance")
		for _, form := range []string{name, norm.NFD.String(name)} { // the account may write it either way
			if name != "" && !slices.Contains(out, form) {
				out = append(out, form)
			}
		}
	}
	return out
}

// wanted says which columns some of the things wish for.
func wanted(all []*thing) func(*column) bool {
	paths := map[string]bool{}
	for _, t := range all {
		for _, w := range t.wishes {
			paths[w.path] = true
		}
	}
	return func(c *column) bool { return paths[c.path] }
}

// appSelection is what is asked of an app: of its fields what is wanted, its form, and its rules.
func (c *comparing) appSelection() string {
	want := wanted(append(slices.Clone(c.want.apps), c.want.others...))
	s := " id name reference source sourceID disabled webhookUriTemplate" + appTable.selection(func(c *column) bool {
		return want(c) && c.field != "name" && c.field != "reference" && c.field != "disabled"
	})
	if len(c.want.apps) > 0 {
		s += " automationRules(first: 100) { pageInfo { hasNextPage endCursor } nodes {" + c.appRuleSelection() + " } }"
	}
	if extensions := c.appExtensions(); len(extensions) > 0 {
		s += " uiExtensionVersion { id uiExtension {" + extensionSelection(appExtensionTable, extensions) + " } }"
	}
	return s
}

// appRuleSelection is all of an app's rules: those to be deleted are shown.
func (c *comparing) appRuleSelection() string {
	return " id createdAt" + appRuleTable.selection(nil)
}

func extensionSelection(t *table, all []*thing) string {
	want := wanted(all)
	s := " id source sourceID disabled createdAt category" + t.selection(func(c *column) bool {
		return want(c) && c.field != "disabled" && c.field != "category"
	})
	version := " id" + t.versionSelection(want)
	s += " activeVersion {" + version + " }"
	if slices.ContainsFunc(all, func(x *thing) bool { return !x.activate }) {
		s += " versions(last: 1) { nodes { status" + version + " } }"
	}
	return s
}
