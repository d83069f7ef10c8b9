package graph

import (
	"regexp"
	"slices"
	"strings"
)

var (
	keyPosition    = keyOf("position")
	keyAppOffering = keyOf("appOffering")
	keyCondition   = keyOf("condition")
	keyExpressions = keyOf("expressions")
)

// Types of automation rules: of an app offering, and of the account itself (PLATFORM 9.3).
const (
	offeringRule = "AppOfferingAutomationRule"
	accountRule  = "AutomationRule"
)

// ruleGenerics are the kinds of record that a rule may be about (PLATFORM 9.3).
var ruleGenerics = map[string][]string{
	offeringRule: {"ci", "problem", "request", "task"},
	accountRule:  {"ci", "problem", "project", "project_task", "request", "risk", "scim_group", "scim_user", "task", "workflow"},
}

// checkRule finds what the service would refuse of an automation rule. Its language is checked as far as names go.
func (w *writer) checkRule(t *typeInfo, r *record, in map[string]any) {
	if generic := asText(in["generic"]); generic != "" && !slices.Contains(ruleGenerics[t.name], generic) {
		w.problem("generic", "Generic is not included in the list: "+strings.Join(ruleGenerics[t.name], ", "))
	}
	for _, name := range []string{"expressions", "actions"} {
		w.checkParts(name, in[name])
	}
	expressions, given := in["expressions"].([]any)
	if !given && r != nil {
		expressions, _ = r.get(keyExpressions).([]any)
	}
	condition, changed := in["condition"]
	if !changed && r != nil {
		condition = r.get(keyCondition)
	}
	if changed || given {
		for _, name := range unknownNames(asText(condition), expressions) {
			w.problem("condition", "Condition has the unknown expression '"+name+"'")
		}
	}
	w.checkRuleOwner(r, in)
}

// checkRuleOwner refuses changes to the rules of a published version.
func (w *writer) checkRuleOwner(r *record, in map[string]any) {
	owner := w.a.lookup(asText(in["appOfferingId"]))
	if r != nil {
		if n, ok := r.get(keyAppOffering).(ref); ok {
			owner = w.a.at(uint32(n))
		}
	}
	if owner != nil && w.draftOf(owner) != nil {
		w.problem("appOfferingId", "The published version of an app offering cannot be changed: change its draft")
	}
}

// checkParts looks for blank and double names in expressions or actions.
func (w *writer) checkParts(field string, v any) {
	list, _ := v.([]any)
	seen := map[string]bool{}
	for _, e := range list {
		part, _ := e.(map[string]any)
		name := strings.TrimSpace(asText(part["name"]))
		switch {
		case name == "":
			w.problem(field, human(field)+" has one without a name")
		case strings.TrimSpace(asText(part["value"])) == "":
			w.problem(field, human(field)+" '"+name+"' can't be blank")
		case seen[name]:
			w.problem(field, human(field)+" has the name '"+name+"' twice")
		}
		seen[name] = true
	}
}

var (
	onlyNames     = regexp.MustCompile(`^[A-Za-z0-9_!()\s]*$`)
	conditionName = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
)

// unknownNames are those of a condition that no expression has. A condition that is more than names, such as a comparison of
// fields, is not judged.
func unknownNames(condition string, expressions []any) []string {
	if !onlyNames.MatchString(condition) {
		return nil
	}
	known := map[string]bool{"and": true, "or": true, "not": true, "true": true, "false": true}
	for _, e := range expressions {
		part, _ := e.(map[string]any)
		known[asText(part["name"])] = true
	}
	var unknown []string
	for _, name := range conditionName.FindAllString(condition, -1) {
		if !known[name] {
			known[name] = true
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// placeRule puts a new rule that has no position after its neighbours.
func (w *writer) placeRule(r *record) {
	if r.get(keyPosition) != nil {
		return
	}
	last := int64(0)
	owner := r.get(keyAppOffering)
	for _, n := range w.a.byType[r.typ.name] {
		if other := w.a.at(n); other != r && other.get(keyAppOffering) == owner {
			position, _ := other.get(keyPosition).(int64)
			last = max(last, position)
		}
	}
	r.set(keyPosition, last+1)
}
