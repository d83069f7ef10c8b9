package testrun

import (
	"context"
	"errors"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/steps"
)

// Installation is a customer that a test has for an app.
type Installation struct {
	Customer, App string // the customer's account id, and the app's reference
	Secrets       map[string]string
	CustomFields  cty.Value // an object, or null
	Disabled      bool
}

// installation checks one installation block.
func (b *binder) installation(bl *lang.Block) {
	v, diags := bl.Body.Eval(b.static())
	b.report(diags...)
	if diags.HasErrors() || bl.Label() == "" {
		return
	}
	apps := appsOf(b.bp)
	if bl.Body.Attr("app_reference") == nil && len(apps) != 1 {
		b.report(lang.Error(bl.Range, "Missing argument", "The blueprint has %d apps: say with app_reference which one is installed.", len(apps)))
	}
	if app, ok := steps.Known(v, "app_reference"); ok && len(apps) > 0 && !slices.Contains(apps, app.AsString()) {
		b.report(lang.Error(bl.Body.Attr("app_reference").Expr.Range(), "Unknown app", "The blueprint has no app %q.%s %s", app.AsString(), lang.DidYouMean(app.AsString(), apps), has(apps)))
	}
	if a := bl.Body.Attr("custom_fields"); a != nil {
		if fields, _ := v.GetAttr("custom_fields").Unmark(); fields.IsKnown() && !fields.IsNull() && !isNamed(fields.Type()) {
			b.report(lang.Error(a.NameRange, "Incorrect value type", "\"custom_fields\" is an object of the form's fields by name."))
		}
	}
}

// appsOf are the references of a blueprint's apps.
func appsOf(bp *compile.Blueprint) (out []string) {
	for _, r := range bp.Resources {
		if r.Kind != "app" {
			continue
		}
		reference := r.Name
		if v, ok := steps.Known(r.Args, "reference"); ok {
			reference = v.AsString()
		}
		out = append(out, reference)
	}
	return out
}

// install makes the customers of the test.
func (w *world) install(ctx context.Context, do func(context.Context, *compile.Blueprint, lang.Kept, Installation) error) hcl.Diagnostics {
	for _, bl := range w.test.body.BlocksOf("installation") {
		v, diags := bl.Body.Eval(w.scope(nil))
		if diags.HasErrors() {
			return diags
		}
		var args installationArgs
		installSpec.Decode(v, &args)
		in := Installation{Customer: bl.Label(), App: args.App, Secrets: args.Secrets, CustomFields: args.CustomFields, Disabled: args.Disabled}
		if apps := appsOf(w.blueprint); in.App == "" && len(apps) == 1 {
			in.App = apps[0]
		}
		err := errors.New("there is no simulated account")
		if do != nil {
			err = do(ctx, w.blueprint, w.kept, in)
		}
		if err != nil {
			return hcl.Diagnostics{lang.Error(bl.Range, "App not installed", "%s", sentence(err.Error()))}
		}
	}
	return nil
}
