package compile

import (
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
	"currant/steps"
)

// unknownLike is an unknown of type t that is sensitive where v is.
func unknownLike(v cty.Value, t cty.Type) cty.Value {
	unknown := cty.UnknownVal(t)
	switch {
	case v == cty.NilVal || !v.ContainsMarked():
		return unknown
	case v.IsMarked() || !v.IsKnown() || v.IsNull() || !v.Type().IsObjectType() || !t.IsObjectType():
		return lang.MarkSensitive(unknown)
	}
	attrs := map[string]cty.Value{}
	for name, at := range t.AttributeTypes() {
		attrs[name] = cty.UnknownVal(at)
		if v.Type().HasAttribute(name) {
			attrs[name] = unknownLike(v.GetAttr(name), at)
		}
	}
	return cty.ObjectVal(attrs)
}

// outputValue is an unknown of a step's output, sensitive in the parts that come from sensitive values: types
// alone do not carry that.
func (r *builder) outputValue(n *Node, check *steps.Check, collected cty.Value) cty.Value {
	out := cty.UnknownVal(n.Output)
	if !n.Output.IsObjectType() {
		return out
	}
	sensitive := map[string]cty.Value{}
	add := func(name string, like cty.Value) {
		if n.Output.HasAttribute(name) && like != cty.NilVal && lang.IsSensitive(like) {
			sensitive[name] = unknownLike(like, n.Output.AttributeType(name))
		}
	}
	if result := n.Kind.Result(); result != nil {
		for _, f := range result.Fields {
			if f.Secret {
				add(f.Name, lang.MarkSensitive(cty.DynamicVal))
			}
		}
	}
	if rest := n.Body.Spec.Remain; rest != nil {
		if written := steps.Arg(check.Args, rest.Name); written != cty.NilVal && written.IsKnown() && !written.IsMarked() {
			for name, v := range written.AsValueMap() {
				add(name, v)
			}
		}
	}
	add("collected", collected)
	if target, ok := n.References["runbook"]; ok && n.Output.HasAttribute("outputs") {
		if t := n.Output.AttributeType("outputs"); t.IsObjectType() {
			add("outputs", secretOutputs(t, r.calls[target].secret))
		}
	}
	if len(sensitive) == 0 {
		return out
	}
	attrs := map[string]cty.Value{}
	for name, t := range n.Output.AttributeTypes() {
		attrs[name] = cty.UnknownVal(t)
		if v, ok := sensitive[name]; ok {
			attrs[name] = v
		}
	}
	return cty.ObjectVal(attrs)
}

func secretOutputs(t cty.Type, secret []string) cty.Value {
	attrs := map[string]cty.Value{}
	for name, at := range t.AttributeTypes() {
		attrs[name] = cty.UnknownVal(at)
	}
	for _, name := range secret {
		if v, ok := attrs[name]; ok {
			attrs[name] = lang.MarkSensitive(v)
		}
	}
	return cty.ObjectVal(attrs)
}
