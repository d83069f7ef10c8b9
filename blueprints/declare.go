package blueprints

import (
	"maps"
	"slices"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// placeholder stands in extracted blueprints for the address of a webhook; it must not reach an account (PLATFORM 8.6).
const placeholder = "https://test.com"

// webhookColumn is the field of an app offering that only a runbook's trigger says.
var webhookColumn = &column{path: "webhook_uri_template", attr: "webhook_uri_template", field: "webhookUriTemplate", input: "webhookUriTemplate"}

var configurationColumn = appTable.column("configuration_uri_template")

// declared is what a target wants.
type declared struct {
	apps, extensions, rules []*thing
	// others are apps that the blueprint does not deploy, but whose addresses runbooks set.
	others []*thing
}

// declare reads the blocks of the target.
func (r *reader) declare(t Target) (d declared) {
	references := map[string]bool{}
	for _, one := range t.Resources {
		sourceID := t.Blueprint + "/" + one.Name
		switch one.Kind {
		case kindApp:
			a := r.app(one, sourceID, t.Templates)
			reference := wishText(a.wishes, "reference")
			if references[reference] {
				r.diags = append(r.diags, lang.Error(a.at("reference"), "Duplicate reference", "Another app has the reference %q too.", reference))
			}
			references[reference] = true
			d.apps = append(d.apps, a)
		case kindExtension:
			x := &thing{record: extensionRecord, table: extensionTable, sourceID: sourceID}
			x.change = Change{Kind: kindExtension, Name: one.Name, Address: kindExtension + "." + one.Name, Range: one.Range}
			r.extension(x, one.Body, one.Args)
			d.extensions = append(d.extensions, x)
		case kindRule:
			rule := &thing{record: ruleRecord, table: ruleTable, sourceID: sourceID}
			rule.change = Change{Kind: kindRule, Name: one.Name, Address: kindRule + "." + one.Name, Range: one.Range}
			rule.wishes = r.wishes(ruleTable, one.Body, one.Args)
			d.rules = append(d.rules, rule)
		}
	}
	// Both are found by the same sourceID.
	for _, x := range d.extensions {
		if slices.ContainsFunc(d.apps, func(a *thing) bool { return a.extension != nil && a.sourceID == x.sourceID }) {
			r.diags = append(r.diags, lang.Error(x.change.Range, "Duplicate UI extension",
				"The app of the same label has a UI extension of its own; give one of the blocks another label."))
		}
	}
	for _, reference := range slices.Sorted(maps.Keys(t.Templates)) {
		if templates := t.Templates[reference]; !references[reference] && templates != (Templates{}) {
			o := &thing{record: offeringRecord, table: appTable}
			o.change = Change{Kind: kindApp, Name: reference, Address: kindApp + "[" + strconv.Quote(reference) + "]"}
			o.wishes = []*wish{{column: appTable.column("reference"), value: reference}}
			o.want(templates)
			d.others = append(d.others, o)
		}
	}
	return d
}

func (r *reader) app(d Declared, sourceID string, templates map[string]Templates) *thing {
	a := &thing{record: offeringRecord, table: appTable, sourceID: sourceID}
	a.change = Change{Kind: kindApp, Name: d.Name, Address: kindApp + "." + d.Name, Range: d.Range}
	a.wishes = r.wishes(appTable, d.Body, d.Args)
	if w := wishFor(a.wishes, "reference"); w == nil || w.value == nil {
		a.wishes = slices.DeleteFunc(a.wishes, func(o *wish) bool { return o == w })
		a.wishes = append([]*wish{{column: appTable.column("reference"), value: d.Name, at: d.Range}}, a.wishes...)
	}
	a.want(templates[wishText(a.wishes, "reference")])
	if bl := d.Body.Block("ui_extension"); bl != nil {
		x := &thing{record: extensionRecord, table: appExtensionTable, sourceID: sourceID, app: a}
		x.change = Change{Kind: kindExtension, Name: d.Name, Address: a.change.Address + "." + kindExtension, Range: bl.Range}
		r.extension(x, bl.Body, member(d.Args, "ui_extension"))
		a.extension = x
	}
	values := lang.Elements(plain(member(d.Args, "automation_rule")))
	for i, bl := range d.Body.BlocksOf("automation_rule") {
		if i >= len(values) {
			break
		}
		rule := &thing{record: appRuleRecord, table: appRuleTable, app: a}
		rule.change = Change{Kind: kindRule, Name: bl.Label(), Address: a.change.Address + "." + kindRule + "." + bl.Label(), Range: bl.Range}
		rule.wishes = r.wishes(appRuleTable, bl.Body, values[i])
		a.rules = append(a.rules, rule)
	}
	return a
}

func (r *reader) extension(x *thing, b *lang.Body, args cty.Value) {
	x.wishes = r.wishes(x.table, b, args)
	activate := plain(member(args, "activate"))
	x.activate = activate == cty.NilVal || !activate.IsKnown() || activate.IsNull() || activate.True()
}

// want adds the addresses that runbooks want on an app. What its block says itself stays.
func (t *thing) want(templates Templates) {
	for _, one := range []struct {
		column *column
		value  string
	}{{webhookColumn, templates.Webhook}, {configurationColumn, templates.Configuration}} {
		if one.value != "" && one.value != placeholder && wishFor(t.wishes, one.column.path) == nil {
			t.wishes = append(t.wishes, &wish{column: one.column, value: one.value, at: t.change.Range})
		}
	}
}

// plain is a value without its own mark.
func plain(v cty.Value) cty.Value {
	if v == cty.NilVal {
		return v
	}
	v, _ = v.Unmark()
	return v
}
