package compile

import (
	"github.com/zclconf/go-cty/cty"

	"currant/engine/ingress"
	"currant/steps"
)

// runbookType is what a runbook takes and gives, as far as it is known without checking it whole: a call
// may stand before the runbook that it calls.
func (c *compiler) runbookType(name string) steps.RunbookType {
	if t, ok := c.types[name]; ok {
		return t
	}
	t := steps.RunbookType{Input: cty.DynamicPseudoType, Outputs: cty.DynamicPseudoType}
	c.types[name] = t
	b := c.runbooks[name]
	if tb := b.Body.Block("trigger"); tb != nil {
		t.Trigger = tb.Label()
		if kind := c.o.Triggers.Kind(tb.Label()); kind != nil && kind.Output != nil {
			// What is wrong with it is reported where the runbook itself is checked.
			body, _ := kind.Spec().Bind(tb.Source.Body, tb.Range)
			args, _ := body.Eval(c.static())
			out := kind.Output(&ingress.Check{Body: body, Args: args, Scope: c.static()})
			t.Input = out
			if tb.Label() == "manual" && out.IsObjectType() && out.HasAttribute("input") {
				t.Input = out.AttributeType("input")
			}
		}
	}
	outs := map[string]cty.Type{}
	for _, o := range b.Body.BlocksOf("output") {
		outs[o.Label()] = cty.DynamicPseudoType
	}
	t.Outputs = cty.Object(outs)
	if done := c.bp.byName[name]; done != nil {
		t.Outputs = done.OutputType
	}
	c.types[name] = t
	return t
}
