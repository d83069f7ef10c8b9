package xurrent

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// ConfigUpdate changes an installation's configuration.
var ConfigUpdate = steps.Action(steps.Kind{
	Name:       "config_update",
	Effect:     steps.Idempotent,
	Connection: connectionType,
	Doc:        "Changes how an app is configured for a customer, disables or suspends it.",
	Examples: []steps.Example{{
		Title: "Suspend, and say why",
		HCL: `step "config_update" "pause" {
  customer_account_id = "wdc"
  app_reference       = "survey"
  custom_fields       = { form_url = "https://example.com/form" }
  suspension {
    suspended = true
    comment   = "The form is gone."
  }
}`,
	}},
	Check: checkConfigUpdate,
}, updateConfig)

type configUpdateArgs struct {
	CustomFields cty.Value   `hcl:"custom_fields,optional" doc:"New values: a map by the form elements' ids, or a list of { id, value }. Others are kept."`
	Disabled     *bool       `hcl:"disabled" doc:"Whether the provider has disabled it."`
	Suspension   *suspension `hcl:"suspension,block" doc:"Suspends it, or lifts that."`
	installation
}

type suspension struct {
	Suspended bool   `hcl:"suspended" doc:"Whether it is suspended."`
	Comment   string `hcl:"comment" doc:"Why; the customer reads it."`
}

type configUpdateResult struct {
	AppInstanceID string `hcl:"app_instance_id" doc:"The node id of the installation."`
}

func checkConfigUpdate(c *steps.Check) hcl.Diagnostics {
	diags := checkInstallation(c)
	if c.Body.Attr("custom_fields") == nil && c.Body.Attr("disabled") == nil && c.Body.Block("suspension") == nil {
		diags = append(diags, lang.Error(c.Body.Range, "Missing argument", "Nothing is changed: write \"custom_fields\", \"disabled\" or a \"suspension\" block."))
	}
	if b := c.Body.Block("suspension"); b != nil && b.Body.Attr("comment") != nil {
		s := &steps.Check{Body: b.Body, Args: steps.Arg(c.Args, "suspension"), Scope: c.Scope}
		diags = append(diags, notEmpty(s, "comment")...)
		if v, ok := steps.Known(s.Args, "comment"); ok && len(v.AsString()) > maxComment {
			diags = append(diags, lang.Error(steps.At(b.Body, "comment"), "Invalid value for \"comment\"", "It may have %d bytes at most.", maxComment))
		}
	}
	return append(diags, checkCustomFields(c)...)
}

func checkCustomFields(c *steps.Check) hcl.Diagnostics {
	v := steps.Arg(c.Args, "custom_fields")
	if v == cty.NilVal {
		return nil
	}
	v, _ = v.Unmark()
	t := v.Type()
	invalid := hcl.Diagnostics{lang.Error(steps.At(c.Body, "custom_fields"), "Incorrect value type",
		"Inappropriate value for \"custom_fields\": a map, or a list of { id, value }, is needed.")}
	switch {
	case t == cty.DynamicPseudoType || t.IsMapType() || t.IsObjectType():
		return nil
	case t.IsListType() || t.IsSetType():
		if !isCustomField(t.ElementType()) {
			return invalid
		}
	case t.IsTupleType():
		for _, et := range t.TupleElementTypes() {
			if !isCustomField(et) {
				return invalid
			}
		}
	default:
		return invalid
	}
	return nil
}

func isCustomField(t cty.Type) bool {
	if t.IsObjectType() {
		return t.HasAttribute("id") && t.HasAttribute("value")
	}
	return t == cty.DynamicPseudoType || t.IsMapType()
}
