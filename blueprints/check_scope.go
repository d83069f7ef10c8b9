package blueprints

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// recordTypes are the record types of scopes (PLATFORM 7.9): the kinds of records of the data model with
// hyphens, and the short names that the platform uses for some. Its own list is not public.
var recordTypes = strings.Fields(`
account account-design affected-sla agile-board agile-board-column app-instance app-offering
app-offering-automation-rule archive attachment automation-rule broadcast broadcast-translation calendar ci
ci-relation closure-code configuration-item configuration-item-relation contact contract custom-collection
custom-collection-element custom-view effort-class email-template first-line-support-agreement flsa
golden-set-item holiday inbound-email invoice knowledge-article knowledge-article-template me note note-reaction
organization out-of-office-period pdf-design person problem product product-backlog product-category project
project-category project-phase project-risk-level project-task project-task-template project-template
provider-shop-article provider-shop-order-line release request request-template reservation
reservation-offering risk risk-severity scrum-workspace sera-ai-studio service service-category
service-instance service-level-agreement service-offering shop-article shop-article-category shop-order-line
short-url site skill-pool sla sla-coverage-group sla-notification-scheme sprint sprint-backlog-item
standard-service-request survey survey-answer survey-question survey-response sync-set tag task task-approval
task-template task-template-approval team time-allocation time-entry timesheet-setting translation trash
ui-extension ui-extension-version waiting-for-customer-follow-up watch webhook webhook-policy workflow
workflow-phase workflow-task-template-relation workflow-template workflow-template-phase workflow-type`)

var operations = []string{"Create", "Read", "Update", "Delete"}

func checkScopes(b *lang.Body, args cty.Value) (diags hcl.Diagnostics) {
	values := lang.Elements(attr(args, "scope"))
	for i, s := range b.BlocksOf("scope") {
		if i >= len(values) || s.Body.Attr("actions") == nil {
			continue
		}
		actions := lang.Elements(attr(values[i], "actions"))
		if v := attr(values[i], "actions"); v != cty.NilVal && v.IsKnown() && len(actions) == 0 {
			diags = append(diags, invalid(s.Body, "actions", "A scope needs an action, such as \"request:Read\"."))
		}
		diags = append(diags, checkActions(s.Body, actions)...)
	}
	return diags
}

func checkActions(b *lang.Body, actions []cty.Value) (diags hcl.Diagnostics) {
	seen := map[string]bool{}
	for i, a := range actions {
		if a.IsMarked() || !a.IsKnown() {
			continue
		}
		name := "null"
		if !a.IsNull() {
			name = a.AsString()
		}
		if seen[name] {
			diags = append(diags, wrongAction(elementAt(b, "actions", i), "%q is there twice.", name))
			continue
		}
		seen[name] = true
		if d := checkAction(elementAt(b, "actions", i), name); d != nil {
			diags = append(diags, d)
		}
	}
	return diags
}

// checkAction is what is wrong with an action, or nil. A record type that is near to none that is known may be
// newer than this program: it is named, and left to the platform.
func checkAction(at hcl.Range, action string) *hcl.Diagnostic {
	record, operation, found := strings.Cut(action, ":")
	if !found || record == "" || operation == "" {
		return wrongAction(at, "%q is no action: write the record type and the operation, as in \"request:Read\".", action)
	}
	if !slices.Contains(operations, operation) {
		return wrongAction(at, "%q is no operation in %q: there are %s.%s", operation, action, strings.Join(operations, ", "), lang.DidYouMean(operation, operations))
	}
	if slices.Contains(recordTypes, record) {
		return nil
	}
	if hyphenated := strings.ReplaceAll(strings.ToLower(record), "_", "-"); slices.Contains(recordTypes, hyphenated) {
		return wrongAction(at, "%q is no record type in %q. Did you mean %q?", record, action, hyphenated)
	}
	if near := lang.Suggest(record, recordTypes); near != "" {
		return wrongAction(at, "%q is no record type in %q. Did you mean %q?", record, action, near)
	}
	return warning(at, "Unknown record type", "%q in %q is no record type that Currant knows. It is sent as it is; the account refuses it if there is none of the name.", record, action)
}

func wrongAction(at hcl.Range, format string, args ...any) *hcl.Diagnostic {
	return lang.Error(at, "Invalid value for \"actions\"", format, args...)
}

// elementAt is where an element of a list is written, or else the list.
func elementAt(b *lang.Body, name string, i int) hcl.Range {
	if list, ok := b.Attr(name).Expr.(*hclsyntax.TupleConsExpr); ok && i < len(list.Exprs) {
		return list.Exprs[i].Range()
	}
	return at(b, name)
}

// warning is a diagnostic that stops nothing.
func warning(at hcl.Range, summary, format string, args ...any) *hcl.Diagnostic {
	d := lang.Error(at, summary, format, args...)
	d.Severity = hcl.DiagWarning
	return d
}
