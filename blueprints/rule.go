package blueprints

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

func topRule() Resource {
	return Resource{
		Name: "automation_rule",
		Doc:  "An automation rule on its own. What is not written is left as it is in the account; expressions and actions are the whole list.",
		Spec: lang.SpecOf[ruleArgs](),
		Examples: []lang.Example{{
			Title: "Thank the customer",
			HCL: `automation_rule "thank" {
  name      = "Thank the customer"
  record    = "request"
  trigger   = "on status update"
  condition = "completed and !was_completed"
  expression "completed"     { value = "status = completed" }
  expression "was_completed" { value = "status_was = completed" }
  action "note"              { value = "add note 'Thank you.'" }
}`,
		}},
		Check: func(b *lang.Body, args cty.Value, _ fs.FS) hcl.Diagnostics { return checkRule(b, args) },
	}
}

type ruleArgs struct {
	source
	Record   string `hcl:"record,optional" xurrent:"generic" enum:"request|problem|workflow|task|project_task|ci|risk|scim_user|scim_group" doc:"The kind of record (Xurrent's generic)."`
	Disabled *bool  `hcl:"disabled" xurrent:"disabled" doc:"Whether the rule is switched off."`
	rule
}

// appRule is a rule of an app: a template that each installation makes a rule of.
type appRule struct {
	Record string `hcl:"record,optional" xurrent:"generic" enum:"request|task|ci|problem" doc:"The kind of record (Xurrent's generic)."`
	rule
}

// rule is what an automation rule has wherever it stands.
type rule struct {
	Name        string   `hcl:"name" xurrent:"name" doc:"The rule's name; rules are found again by it."`
	Trigger     string   `hcl:"trigger" xurrent:"trigger" doc:"When it is looked at, such as \"on note added\" or \"on status update\"."`
	Condition   string   `hcl:"condition" xurrent:"condition,text" doc:"When it acts: names of expressions with and, or, ! and parentheses, or true."`
	Description string   `hcl:"description,optional" xurrent:"description,text" doc:"Text for people."`
	Position    *int     `hcl:"position" xurrent:"position,always" min:"1" doc:"Its place among the rules; of an app's rules, the place in the file by default."`
	Expressions []phrase `hcl:"expression,block" xurrent:"expressions" doc:"A value with a name, for the condition and the actions."`
	Actions     []phrase `hcl:"action,block" xurrent:"actions" doc:"What is done, in this order."`
}

// phrase is a named text in the language of automation rules.
type phrase struct {
	Name  string `hcl:"name,label" xurrent:"name" doc:"Its name, unique in the rule."`
	Value string `hcl:"value" xurrent:"value,text" doc:"Its text, in the language of Xurrent's automation rules."`
}

// checkRules looks at the rules of an app. They are matched by name and record when deployed, without
// regard to case: two of a name would be one.
func checkRules(b *lang.Body, args cty.Value) (diags hcl.Diagnostics) {
	values := lang.Elements(args)
	labels, names := map[string]hcl.Range{}, map[string]hcl.Range{}
	for i, bl := range b.BlocksOf("automation_rule") {
		if first, dup := labels[bl.Label()]; dup {
			diags = append(diags, lang.Error(bl.Range, "Duplicate automation rule", "There is a rule %q at line %d already.", bl.Label(), first.Start.Line))
		}
		labels[bl.Label()] = bl.Range
		if i >= len(values) {
			continue
		}
		name, ok := text(values[i], "name")
		record, _ := text(values[i], "record")
		key := strings.ToLower(name) + "\x00" + record
		if first, dup := names[key]; ok && dup {
			diags = append(diags, invalid(bl.Body, "name", "The rule at line %d has this name too, and the same record.", first.Start.Line))
		}
		names[key] = bl.Range
		diags = append(diags, checkRule(bl.Body, values[i])...)
	}
	return diags
}

func checkRule(b *lang.Body, args cty.Value) (diags hcl.Diagnostics) {
	for _, name := range []string{"name", "trigger", "condition"} {
		if s, ok := text(args, name); ok && strings.TrimSpace(s) == "" {
			diags = append(diags, invalid(b, name, "It may not be empty."))
		}
	}
	known := labelsOf(b, "expression", &diags)
	labelsOf(b, "action", &diags)
	if s, ok := text(args, "condition"); ok {
		for _, name := range conditionNames(s) {
			diags = append(diags, undefined(b, "condition", name, known)...)
		}
	}
	diags = append(diags, checkExpressions(b, args, known)...)
	values := lang.Elements(attr(args, "action"))
	for i, bl := range b.BlocksOf("action") {
		if i >= len(values) {
			continue
		}
		s, ok := text(values[i], "value")
		if !ok {
			continue
		}
		for _, name := range append(insertions(s), payloadNames(s)...) {
			diags = append(diags, undefined(bl.Body, "value", name, known)...)
		}
	}
	return diags
}

// checkExpressions warns where an expression that combines others has a name that is nearly one of theirs. It may be
// a field of the record, which the platform knows.
func checkExpressions(b *lang.Body, args cty.Value, known []string) (diags hcl.Diagnostics) {
	values := lang.Elements(attr(args, "expression"))
	for i, bl := range b.BlocksOf("expression") {
		if i >= len(values) {
			continue
		}
		s, ok := text(values[i], "value")
		if !ok {
			continue
		}
		for _, name := range combined(s) {
			if near := lang.Suggest(name, known); near != "" && near != bl.Label() && !slices.Contains(known, name) {
				diags = append(diags, warning(at(bl.Body, "value"), "Undefined expression", "There is no expression named %q in this rule. Did you mean %q?", name, near))
			}
		}
	}
	return diags
}

// labelsOf are the labels of the blocks of a type; doubles are reported.
func labelsOf(b *lang.Body, typ string, diags *hcl.Diagnostics) (labels []string) {
	seen := map[string]hcl.Range{}
	for _, bl := range b.BlocksOf(typ) {
		name := bl.Label()
		if first, dup := seen[name]; dup {
			*diags = append(*diags, lang.Error(bl.Range, "Duplicate "+typ, "There is an %s %q at line %d already.", typ, name, first.Start.Line))
			continue
		}
		seen[name] = bl.Range
		labels = append(labels, name)
	}
	return labels
}

func undefined(b *lang.Body, argument, name string, known []string) hcl.Diagnostics {
	if slices.Contains(known, name) {
		return nil
	}
	return hcl.Diagnostics{lang.Error(at(b, argument), "Undefined expression",
		"There is no expression named %q in this rule.%s", name, lang.DidYouMean(name, known))}
}
