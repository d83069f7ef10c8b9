package compile

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
)

// checkRunbooks checks the runbooks, or takes over those of the compilation before that nothing has touched:
// callees before callers, and those that do not call each other side by side.
func (c *compiler) checkRunbooks(next *generation) {
	var names []string
	for _, b := range c.body.BlocksOf("runbook") {
		if c.runbooks[b.Label()] == b {
			names = append(names, b.Label())
		}
	}
	levels, diags := c.graph().levels(names)
	c.report(diags...)
	ch := c.changes()
	c.checked = make(map[string]*compiled, len(names))
	for _, level := range levels {
		results := make([]*compiled, len(level))
		sideBySide(len(level), func(i int) { results[i] = c.checkRunbook(c.runbooks[level[i]], ch) })
		for i, name := range level {
			c.checked[name] = results[i]
		}
	}
	for _, name := range names {
		e := c.checked[name]
		c.report(e.diags...)
		rb := e.instance(c.bp)
		c.bp.Runbooks = append(c.bp.Runbooks, rb)
		c.bp.byName[name] = rb
		if !e.diags.HasErrors() {
			next.runbooks[e.block.Source] = e
		}
	}
	next.env, next.connections, next.steps, next.triggers = c.env, c.connectionBases(), c.o.Steps, c.o.Triggers
}

// checkRunbook checks one runbook, or takes it over.
func (c *compiler) checkRunbook(b *lang.Block, ch changes) (e *compiled) {
	if c.previous != nil {
		if old := c.previous.runbooks[b.Source]; old != nil && !old.reads && !ch.touch(old) && c.sameCalls(old) {
			return old
		}
	}
	r := newBuilder(c, b)
	defer func() {
		if p := recover(); p != nil {
			// A mistake of ours must not end the process; nor may the runbook be run.
			r.report(lang.Error(b.Range, "Runbook could not be checked", "Checking the runbook failed inside Currant (%s). Please report it as a bug, with the runbook.", fault(p)))
			e = &compiled{block: b, diags: r.diags, plan: newBuilder(c, b).rb}
			e.signature = signature{input: cty.DynamicPseudoType, outputs: cty.DynamicPseudoType}
		}
	}()
	return r.build()
}

// fault is a panic's words where they hold no value of the blueprint.
func fault(p any) string {
	if err, ok := p.(interface{ RuntimeError() }); ok {
		return fmt.Sprint(err)
	}
	return "a library failed"
}

func (c *compiler) sameCalls(e *compiled) bool {
	for name, before := range e.calls {
		now, ok := c.signatureOf(name)
		if !ok || !now.equals(before) {
			return false
		}
	}
	return true
}

// signatureOf is what a runbook takes and gives: all of it where it has been checked, as of callees before
// their callers. Of others, in a circle or the targets of schedules, the outputs are not known.
func (c *compiler) signatureOf(name string) (signature, bool) {
	b := c.runbooks[name]
	if b == nil {
		return signature{}, false
	}
	if e := c.checked[name]; e != nil {
		return e.signature, true
	}
	s := signature{input: cty.DynamicPseudoType, outputs: cty.DynamicPseudoType}
	tb := blockIn(b.Source.Body, "trigger")
	if tb == nil || len(tb.Labels) != 1 {
		return s, true
	}
	kind := c.o.Triggers.Kind(tb.Labels[0])
	if kind == nil {
		return s, true
	}
	// What is wrong with it is reported where the runbook itself is checked.
	body, _ := kind.Spec().Bind(tb.Body, tb.DefRange())
	args, _ := body.Eval(c.static())
	s.trigger, s.input = kind.Name, inputOf(kind, body, outputOf(kind, &ingress.Check{Body: body, Args: args, Scope: c.static()}))
	return s, true
}

func outputOf(kind *ingress.Kind, check *ingress.Check) cty.Type {
	if kind.Output == nil {
		return cty.EmptyObject
	}
	return kind.Output(check)
}

// inputOf is the type of what a trigger takes from a call: a manual one its input, with attributes that may
// be left out; one that fires by itself anything; others what they would put out, all of it optional.
func inputOf(kind *ingress.Kind, body *lang.Body, output cty.Type) cty.Type {
	switch {
	case kind.Name == "manual":
		t, _, _ := body.TypeOf("input_schema")
		return t
	case kind.Start != nil || !output.IsObjectType():
		return cty.DynamicPseudoType
	}
	var names []string
	for name := range output.AttributeTypes() {
		names = append(names, name)
	}
	return cty.ObjectWithOptionalAttrs(output.AttributeTypes(), names)
}

// appRules checks the rules on the triggers of apps (LANGUAGE section 4).
func (c *compiler) appRules() {
	var secrets, apps []*Runbook
	byApp := map[string]*Runbook{}
	unknown := false
	for _, rb := range c.bp.Runbooks {
		if rb.Trigger == nil {
			unknown = true // reported where it stands; it may be the one that seems to be missing
			continue
		}
		if rb.Trigger.Kind.App {
			apps = append(apps, rb)
		}
		switch rb.Trigger.Kind.Name {
		case "secrets_changed":
			secrets = append(secrets, rb)
		case "automation_webhook":
			app, ok := textOf(rb.Trigger.Args, "app_reference")
			if !ok {
				continue
			}
			if prev := byApp[app]; prev != nil {
				c.report(lang.Error(rb.Range, "Two automation webhooks for one app", "The runbooks %q (%s:%d) and %q both serve the app %q; an app has one automation webhook. Make one runbook of them, or take one out.", prev.Name, prev.Range.Filename, prev.Range.Start.Line, rb.Name, app))
				continue
			}
			byApp[app] = rb
		}
	}
	c.uriTemplates(apps)
	var first *BoundResource
	for i, r := range c.bp.Resources {
		if r.Kind == "app" {
			first = &c.bp.Resources[i]
			break
		}
	}
	switch {
	case len(secrets) > 1:
		for _, rb := range secrets[1:] {
			c.report(lang.Error(rb.Range, "More than one secrets_changed runbook", "A blueprint has exactly one runbook with the trigger secrets_changed; the first is %q at %s:%d. Take the others out.", secrets[0].Name, secrets[0].Range.Filename, secrets[0].Range.Start.Line))
		}
	case len(secrets) == 0 && !unknown && (first != nil || len(apps) > 0):
		at := hcl.Range{}
		if first != nil {
			at = first.Range
		} else {
			at = apps[0].Range
		}
		c.report(lang.Error(at, "No secrets_changed runbook", "A blueprint with an app, or with a trigger of one, needs exactly one runbook with the trigger secrets_changed: the customers' credentials arrive there. Add runbook \"secrets\" { trigger \"secrets_changed\" {} … }."))
	}
}

// uriTemplates refuses a configuration_uri_template that stands in an app and in a trigger of the app.
func (c *compiler) uriTemplates(apps []*Runbook) {
	for _, rb := range apps {
		a := rb.Trigger.Body.Attr("configuration_uri_template")
		if a == nil {
			continue
		}
		served, named := textOf(rb.Trigger.Args, "app_reference")
		for _, r := range c.bp.Resources {
			if r.Kind != "app" || r.Body.Attr("configuration_uri_template") == nil {
				continue
			}
			reference, ok := textOf(r.Args, "reference")
			if !ok {
				reference = r.Name
			}
			if !named || reference == served {
				c.report(lang.Error(a.NameRange, "Conflicting arguments", "The app %q (%s:%d) has a configuration_uri_template too. Write it in one of the two places.", r.Name, r.Range.Filename, r.Range.Start.Line))
			}
		}
	}
}

// textOf is a text of evaluated arguments; false where it is not there, not known or sensitive.
func textOf(args cty.Value, name string) (string, bool) {
	if args == cty.NilVal || args.IsMarked() || !args.IsKnown() || args.IsNull() || !args.Type().IsObjectType() || !args.Type().HasAttribute(name) {
		return "", false
	}
	v := args.GetAttr(name)
	if v.IsMarked() || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}
