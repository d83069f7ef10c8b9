package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/lang"
	"currant/steps"
)

// typedBy is what a customer types who installs an app of a blueprint: a value for each field that its config steps
// ask for. A field with a default is left to it.
func typedBy(bp *compile.Blueprint) (secrets map[string]string, fields map[string]any) {
	secrets, fields = map[string]string{}, map[string]any{}
	for _, rb := range bp.Runbooks {
		for _, node := range rb.Nodes {
			if node.Kind.Name != "config" {
				continue
			}
			for _, b := range node.Body.BlocksOf("field") {
				name := b.Label()
				switch {
				case b.Body == nil || b.Body.Attr("default") != nil || literalTrue(b.Body, "own"):
				case literalTrue(b.Body, "secret"):
					secrets[name] = "sample-" + name
				default:
					fields[name] = typedSample(name, b.Body)
				}
			}
		}
	}
	return secrets, fields
}

func literalTrue(b *lang.Body, name string) bool {
	a := b.Attr(name)
	if a == nil {
		return false
	}
	v, diags := a.Expr.Value(&hcl.EvalContext{})
	return !diags.HasErrors() && v.Type() == cty.Bool && v.IsKnown() && !v.IsNull() && v.True()
}

// typedSample is a value for a field of a form.
func typedSample(name string, field *lang.Body) any {
	t, _, ok := field.TypeOf("type")
	if !ok {
		t = cty.String
	}
	sample := sampleOf(t)
	if sample != "text" {
		return sample
	}
	switch lower := strings.ToLower(name); {
	case strings.HasSuffix(lower, "url") || strings.HasSuffix(lower, "uri") || strings.HasSuffix(lower, "endpoint"):
		return "https://" + strings.ReplaceAll(lower, "_", "-") + ".example.com"
	case strings.HasSuffix(lower, "mail"):
		return "howard.tanner@example.com"
	case strings.HasSuffix(lower, "name"):
		return "Howard Tanner"
	}
	return "sample"
}

// ruleCall finds in a rule's action which expressions it sends.
var ruleCall = regexp.MustCompile(`(?i)call\s+webhook\s.*with\s+payload\s+'([^']*)'`)

// sentExpressions are the expressions that the first calling rule of an app sends, by name, and the kind of record
// that the rule is about.
func sentExpressions(bp *compile.Blueprint, app string) (record string, expressions map[string]string) {
	for _, r := range bp.Resources {
		reference, ok := steps.Known(r.Args, "reference")
		if r.Kind != "app" || ok && reference.AsString() != app || !ok && r.Name != app {
			continue
		}
		for _, rule := range lang.Elements(steps.Arg(r.Args, "automation_rule")) {
			values := map[string]string{}
			for _, e := range lang.Elements(steps.Arg(rule, "expression")) {
				values[textOf(e, "name")] = textOf(e, "value")
			}
			for _, a := range lang.Elements(steps.Arg(rule, "action")) {
				m := ruleCall.FindStringSubmatch(textOf(a, "value"))
				if m == nil {
					continue
				}
				expressions = map[string]string{}
				for _, name := range strings.Fields(m[1]) {
					expressions[name] = values[name]
				}
				return textOf(rule, "record"), expressions
			}
		}
	}
	return "", nil
}

func textOf(v cty.Value, name string) string {
	if s, ok := steps.Known(v, name); ok && s.Type() == cty.String {
		return s.AsString()
	}
	return ""
}

// ruleSample is a payload as a rule of the app would send it, about a record that the customer has.
func (e *appEvents) ruleSample(ctx context.Context) (map[string]any, error) {
	record, expressions := sentExpressions(e.rb.Blueprint, e.app)
	t, _, ok := e.rb.Trigger.Body.TypeOf("payload_schema")
	if !ok || !t.IsObjectType() {
		t = cty.EmptyObject
	}
	id, nr, err := e.recordOf(ctx, first(record, "request"))
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	if sample, ok := samplePayload(t).(map[string]any); ok {
		out = sample
	}
	for name := range expressions {
		if _, ok := out[name]; !ok && len(t.AttributeTypes()) == 0 {
			out[name] = "text"
		}
	}
	for name := range out {
		of := cty.String
		if t.HasAttribute(name) {
			of = t.AttributeType(name)
		}
		if of == cty.String || of == cty.Number || of == cty.DynamicPseudoType {
			if v := ruleValue(name, expressions[name], id, nr, of == cty.Number); v != nil {
				out[name] = v
			}
		}
	}
	return out, nil
}

// ruleValue is a value as an expression of a rule would have it; nil leaves the sample as it is.
func ruleValue(name, expression, id, nr string, number bool) any {
	numeral := func() any {
		if number {
			return json.Number(nr)
		}
		return nr
	}
	expression = strings.TrimSpace(expression)
	switch lower := strings.ToLower(name); {
	case expression == "id":
		return numeral()
	case len(expression) > 1 && strings.HasPrefix(expression, "'") && strings.HasSuffix(expression, "'") && !number:
		return strings.Trim(expression, "'")
	case expression == "" && number && (strings.HasSuffix(lower, "_id") || strings.HasSuffix(lower, "nr")):
		return numeral()
	case number:
	case expression == "" && (strings.HasSuffix(lower, "_id") || strings.HasSuffix(lower, "nodeid")):
		return id
	case strings.HasSuffix(lower, "nr"):
		return nr
	case strings.HasSuffix(expression, ".name"), lower == "author", lower == "person":
		return "Howard Tanner"
	case strings.HasSuffix(expression, ".text"), lower == "text", lower == "note":
		return "Is there any news?"
	}
	return nil
}

// records are where records of an automation rule's kinds are listed, with what their numbers are called.
var records = map[string]struct{ object, number string }{
	"request": {"requests", "requestId"},
	"task":    {"tasks", "taskId"},
	"problem": {"problems", "problemId"},
}

// recordOf is a record of the customer's account: its node id and its number.
func (e *appEvents) recordOf(ctx context.Context, kind string) (id, nr string, err error) {
	from, ok := records[kind]
	if !ok {
		return nodeID(typeName(kind)), itoa(sampleNumber), nil
	}
	answer := map[string]struct {
		Nodes []struct{ ID, Nr string }
	}{}
	if err := e.query(ctx, e.customer, fmt.Sprintf("{ %s(first: 1) { nodes { id nr: %s } } }", from.object, from.number), &answer); err != nil {
		return "", "", err
	}
	if len(answer[from.object].Nodes) == 0 {
		return nodeID(typeName(kind)), itoa(sampleNumber), nil
	}
	node := answer[from.object].Nodes[0]
	return node.ID, node.Nr, nil
}

// query asks an account of the simulated service.
func (e *appEvents) query(ctx context.Context, account, text string, into any) error {
	body, err := json.Marshal(map[string]string{"query": text})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.account.environment.GraphQL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer sample") // any is good
	req.Header.Set("X-Xurrent-Account", account)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the simulated account does not answer: %w", err)
	}
	defer resp.Body.Close()
	answer := struct{ Data any }{into}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxSentAnswer)).Decode(&answer); err != nil {
		return fmt.Errorf("the answer of the simulated account: %w", err)
	}
	return nil
}
