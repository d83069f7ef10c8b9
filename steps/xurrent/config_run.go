package xurrent

import (
	"context"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// readConfig gives the configuration of an installation (PLATFORM 7.7). Secrets come first: where one is
// missing, the account need not be asked.
func readConfig(ctx context.Context, d Deps, c *steps.Call, a configArgs) (cty.Value, error) {
	at, err := a.installation.of(c)
	if err != nil {
		return cty.NilVal, err
	}
	form := fieldsOf(c.Body, a.Fields)
	secrets, err := keptSecrets(ctx, d, c, at, form)
	if err != nil {
		return cty.NilVal, err
	}
	found, err := findInstance(ctx, c, at, configSelection)
	if err != nil {
		return cty.NilVal, err
	}
	if found == nil {
		found = &instance{}
	}
	vals := map[string]cty.Value{}
	var missing []string
	for _, f := range form {
		raw := secrets[f.Name]
		if !f.Secret {
			if raw, err = found.field(f.Name); err != nil {
				return cty.NilVal, steps.Errorf(steps.DecodeError, "the field %q of app %s for customer %s cannot be read: %s", f.Name, at.AppReference, at.CustomerAccountID, err)
			}
		}
		v, ok, err := f.value(raw)
		switch {
		case err != nil:
			return cty.NilVal, steps.Errorf(steps.DecodeError, "the field %q of app %s for customer %s does not fit its type: %s", f.Name, at.AppReference, at.CustomerAccountID, err)
		case !ok && f.Required:
			missing = append(missing, f.Name)
		}
		if !v.ContainsMarked() {
			v = withoutSecrets(v, c.Secrets)
		}
		vals[f.Name] = v
	}
	if len(missing) > 0 {
		return cty.NilVal, await(c, "", "Required fields not available yet: "+strings.Join(missing, ", "))
	}
	return cty.ObjectVal(map[string]cty.Value{
		"config":              cty.ObjectVal(vals),
		"disabled":            boolOrNull(found.Disabled),
		"enabled_by_customer": boolOrNull(found.EnabledByCustomer),
		"suspended":           boolOrNull(found.Suspended),
		"suspension_comment":  textOrNull(found.SuspensionComment),
	}), nil
}

// formField is a field with its type, which is written and no argument.
type formField struct {
	configField
	body *lang.Body
}

func fieldsOf(b *lang.Body, fields []configField) []formField {
	out := make([]formField, len(fields))
	blocks := b.BlocksOf("field")
	for i, f := range fields {
		out[i] = formField{configField: f, body: blocks[i].Body}
	}
	return out
}

// keptSecrets are the secret fields that are there, as texts. Where a required one is missing the error puts
// the run back.
func keptSecrets(ctx context.Context, d Deps, c *steps.Call, at installation, form []formField) (map[string]cty.Value, error) {
	if !slices.ContainsFunc(form, func(f formField) bool { return f.Secret }) {
		return nil, nil
	}
	customers, err := d.customersFor(c)
	if err != nil {
		return nil, err
	}
	out := map[string]cty.Value{}
	var missing []string
	for _, f := range form {
		if !f.Secret {
			continue
		}
		find := customers.Secret
		if f.Own {
			find = customers.Own
		}
		value, ok, err := find(ctx, at.CustomerAccountID, at.AppReference, f.Name)
		switch {
		case err != nil:
			return nil, err
		case ok:
			c.Secrets = append(c.Secrets, value)
			out[f.Name] = cty.StringVal(value)
		case f.Required && f.noDefault():
			missing = append(missing, f.Name)
		}
	}
	if len(missing) > 0 {
		return nil, await(c, customers.of(at.CustomerAccountID, at.AppReference).prefix(), "Required secrets not available yet: "+strings.Join(missing, ", "))
	}
	return out, nil
}

func (f formField) noDefault() bool { return f.Default == cty.NilVal || f.Default.IsNull() }

// value is a field's value as the blueprint has it: of its type, sensitive where it is secret. It is the
// default where there is none, or else a null; ok says that it is not that.
func (f formField) value(raw cty.Value) (v cty.Value, ok bool, err error) {
	t, defaults, typed := f.body.TypeOf("type")
	if !typed {
		t = cty.String
	}
	if v = raw; v == cty.NilVal || v.IsNull() || leftEmpty(v, t) {
		v = f.Default
	}
	if v == cty.NilVal || v.IsNull() {
		v = cty.NullVal(t.WithoutOptionalAttributesDeep())
	} else if v, err = lang.ConvertTo(v, t, defaults); err != nil {
		return v, false, err
	}
	ok = !v.IsNull()
	if f.Secret {
		v = lang.MarkSensitive(v)
	}
	return v, ok, nil
}

// leftEmpty says that a form's element has nothing in it, where its type is not one of texts.
func leftEmpty(v cty.Value, t cty.Type) bool {
	return v.Type() == cty.String && v.AsString() == "" && t != cty.String && t != cty.DynamicPseudoType
}

func boolOrNull(b *bool) cty.Value {
	if b == nil {
		return cty.NullVal(cty.Bool)
	}
	return cty.BoolVal(*b)
}

func textOrNull(s *string) cty.Value {
	if s == nil {
		return cty.NullVal(cty.String)
	}
	return cty.StringVal(*s)
}
