package xurrent

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/engine/lang"
	"currant/steps"
)

// The parts that several triggers have.

// account is the argument of triggers that belong to an account.
type account struct {
	Connection lang.Ref `hcl:"connection,optional,connection" doc:"The provider's account; may be left out when the blueprint has exactly one xurrent connection."`
}

var (
	person = cty.Object(map[string]cty.Type{"id": cty.Number, "nodeID": cty.String, "name": cty.String})

	// appWebhook is what is told of the delivery by the triggers of apps.
	appWebhook = cty.Object(map[string]cty.Type{
		"event": cty.String, "delivery": cty.String, "delivery_origin": cty.String, "person": person,
	})
)

// payloadType is the type that a trigger's payload_schema writes, or any.
func payloadType(b *lang.Body) cty.Type {
	t, _, ok := b.TypeOf("payload_schema")
	if !ok {
		return cty.DynamicPseudoType
	}
	return t.WithoutOptionalAttributesDeep()
}

// checkPayloadSchema reports a payload schema that is no object or map: that is what payloads are.
func checkPayloadSchema(c *ingress.Check) hcl.Diagnostics {
	t, _, ok := c.Body.TypeOf("payload_schema")
	if !ok || t == cty.DynamicPseudoType || t.IsObjectType() || t.IsMapType() {
		return nil
	}
	return hcl.Diagnostics{lang.Error(steps.At(c.Body, "payload_schema"), "Invalid value for \"payload_schema\"",
		"A payload is an object: write object({ … }), not %s.", t.FriendlyName())}
}

// checkEvents reports events that are none of those known: as errors, or as warnings where the vendor may
// have added some.
func checkEvents(c *ingress.Check, known []string, severity hcl.DiagnosticSeverity) (diags hcl.Diagnostics) {
	v, ok := quotable(c.Args, "events")
	if !ok {
		return nil
	}
	for it := v.ElementIterator(); it.Next(); {
		_, el := it.Element()
		if !el.IsNull() && slices.Contains(known, el.AsString()) {
			continue
		}
		name := "null"
		if !el.IsNull() {
			name = el.AsString()
		}
		d := lang.Error(steps.At(c.Body, "events"), "Unknown event", "%q is no event of Xurrent that is known here.%s", name, lang.DidYouMean(name, known))
		d.Severity = severity
		diags = append(diags, d)
	}
	if v.LengthInt() == 0 {
		diags = append(diags, lang.Error(steps.At(c.Body, "events"), "Invalid value for \"events\"", "An empty list would accept nothing: name an event, or leave \"events\" out."))
	}
	return diags
}
