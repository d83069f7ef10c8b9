package xurrent

import (
	"context"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"currant/engine/lang"
	"currant/steps"
)

// newConfig reads an installation's configuration.
func newConfig(d Deps) *steps.Kind {
	return steps.Action(steps.Kind{
		Name:       "config",
		Effect:     steps.Read,
		Connection: connectionType,
		Doc:        "Reads how a customer has configured an app. Where a required field or secret is missing, the run waits for it: it looks again when a secret has come, and each minute, up to 60 times.",
		Examples: []steps.Example{{
			Title: "A web address and its key",
			HCL: `step "config" "config" {
  customer_account_id = "wdc"
  app_reference       = "survey"
  field "form_url" { required = true }
  field "limit" {
    type    = number
    default = 10
  }
  field "api_key" { secret = true }
}`,
		}},
		Check:   checkConfig,
		Output:  configType,
		Unknown: configUnknown,
	}, func(ctx context.Context, c *steps.Call, a configArgs) (cty.Value, error) {
		return readConfig(ctx, d, c, a)
	})
}

type configArgs struct {
	Fields []configField `hcl:"field,block" doc:"A field of the configuration form."`
	installation
}

type configField struct {
	Name     string              `hcl:"name,label" doc:"The form element's id."`
	Type     lang.TypeConstraint `hcl:"type,optional" doc:"The type of its value; string by default."`
	Required bool                `hcl:"required,optional" default:"false" doc:"Whether the run waits for it."`
	Secret   bool                `hcl:"secret,optional" default:"false" doc:"Whether it is a secret: sensitive, and taken from what the customer's account has sent."`
	Own      bool                `hcl:"own,optional" default:"false" doc:"Whether it is a secret of our own, kept by secret_set."`
	Default  cty.Value           `hcl:"default,optional" doc:"The value where there is none."`
}

func configType(c *steps.Check) cty.Type {
	fields := map[string]cty.Type{}
	for _, b := range c.Body.BlocksOf("field") {
		if name := b.Label(); name != "" {
			fields[name] = fieldType(b.Body).WithoutOptionalAttributesDeep()
		}
	}
	return cty.Object(map[string]cty.Type{
		"config":              cty.Object(fields),
		"disabled":            cty.Bool,
		"enabled_by_customer": cty.Bool,
		"suspended":           cty.Bool,
		"suspension_comment":  cty.String,
	})
}

// configUnknown is sensitive in the secret fields, and where a default is.
func configUnknown(c *steps.Check) cty.Value {
	attrs := map[string]cty.Value{}
	for name, t := range configType(c).AttributeTypes() {
		attrs[name] = cty.UnknownVal(t)
	}
	fields := map[string]cty.Value{}
	written := lang.Elements(steps.Arg(c.Args, "field"))
	for i, b := range c.Body.BlocksOf("field") {
		name := b.Label()
		if name == "" {
			continue
		}
		v := cty.UnknownVal(fieldType(b.Body).WithoutOptionalAttributesDeep())
		if i >= len(written) || mayBeSecret(written[i]) {
			v = lang.MarkSensitive(v)
		}
		fields[name] = v
	}
	attrs["config"] = cty.ObjectVal(fields)
	return cty.ObjectVal(attrs)
}

// mayBeSecret says whether a field's value may have to be hidden; what is not known yet may.
func mayBeSecret(field cty.Value) bool {
	secret, known := steps.Known(field, "secret")
	def := steps.Arg(field, "default")
	return !known || secret.True() || def != cty.NilVal && lang.IsSensitive(def)
}

func fieldType(b *lang.Body) cty.Type {
	if b.Attr("type") == nil {
		return cty.String
	}
	t, _, _ := b.TypeOf("type")
	return t
}

func checkConfig(c *steps.Check) hcl.Diagnostics {
	diags := checkInstallation(c)
	seen := map[string]hcl.Range{}
	fields := lang.Elements(steps.Arg(c.Args, "field"))
	for i, b := range c.Body.BlocksOf("field") {
		if first, dup := seen[b.Label()]; dup {
			diags = append(diags, lang.Error(b.Range, "Duplicate field", "There is a field %q at line %d already.", b.Label(), first.Start.Line))
		}
		seen[b.Label()] = b.Range
		if i >= len(fields) {
			continue
		}
		own, _ := steps.Known(fields[i], "own")
		secret, ok := steps.Known(fields[i], "secret")
		if ok && own.RawEquals(cty.True) && secret.False() {
			diags = append(diags, lang.Error(steps.At(b.Body, "own"), "Invalid value for \"own\"", "A secret of our own is a secret: write secret = true too."))
		}
		if v := steps.Arg(fields[i], "default"); v != cty.NilVal && b.Body.Attr("default") != nil {
			if _, err := convert.Convert(v, fieldType(b.Body)); err != nil {
				diags = append(diags, lang.Error(steps.At(b.Body, "default"), "Incorrect value type", "The default of %q does not fit its type.", b.Label()))
			}
		}
	}
	return diags
}
