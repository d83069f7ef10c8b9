package blueprints

import (
	"context"
	"fmt"
	"time"

	"currant/engine/lang"
	"currant/steps"
	"currant/steps/xurrent/api"
)

// ExtractOptions say what an account cannot tell of itself: how it is reached. They become the arguments of
// the connection that is written; an empty one is left out.
type ExtractOptions struct {
	AccountID       string // "provider"
	Stage           string // Prod, QA or Demo
	Region          string // au, ch, uk or us
	GraphQLEndpoint string
	OAuth2Endpoint  string
	RESTEndpoint    string

	// Waits is told before Extract waits because the service asked for it; nil tells nobody.
	Waits func(time.Duration)
}

// Extract reads the draft of an app offering by its reference (PLATFORM 8.5) and returns it as a blueprint:
// the content of each file by its path, which has slashes and stays below the blueprint's directory. A plan of
// it shows no change but the webhook of its secrets_changed runbook. It holds no secret. What a blueprint cannot
// say is left out and named in a comment: what is not written is left as it is in the account.
//
// Errors are *steps.Error (not_found: the account has no such offering; input: it holds what no blueprint can,
// such as a NUL) and what the account's methods return. An answer 429 or 503 is waited for.
func Extract(ctx context.Context, a Account, reference string, o ExtractOptions) (map[string][]byte, error) {
	c := &caller{account: strictAccount{a}, waits: o.Waits}
	app, rules, err := draft(ctx, c, reference)
	if err != nil {
		return nil, err
	}
	x := &extraction{account: a, waits: o.Waits, files: map[string][]byte{}, paths: taken{mainFile: true}, images: map[string]string{}}
	if err := x.write(ctx, app, rules, o); err != nil {
		return nil, err
	}
	return x.files, nil
}

const mainFile = "main.hcl"

// draft reads the draft of an offering, and all its rules.
func draft(ctx context.Context, c *caller, reference string) (app node, rules []node, err error) {
	found := &listing{alias: "apps", field: "appOfferings", filter: "{ published: false, reference: { values: $apps } }",
		values: []string{reference}, byValues: true, selection: draftSelection}
	if err := c.lists(ctx, []*listing{found}); err != nil {
		return nil, nil, err
	}
	if len(found.nodes) == 0 {
		return nil, nil, steps.Errorf(steps.NotFoundError, "Unable to find App Offering with reference '%s'.%s", reference, nearReference(ctx, c, reference))
	}
	app = found.nodes[0]
	rules, err = c.restOfRules(ctx, app, appRuleTable.selection(nil))
	return app, rules, err
}

// draftSelection is what is read of an offering.
var draftSelection = fmt.Sprintf(" id%s uiExtensionVersion { id status%s uiExtension { id%s } } automationRules(first: 100) { pageInfo { hasNextPage endCursor } nodes { id%s } }",
	appTable.selection(nil), appExtensionTable.versionSelection(nil), appExtensionTable.selection(nil), appRuleTable.selection(nil))

// nearReference asks which reference was meant.
func nearReference(ctx context.Context, c *caller, reference string) string {
	data, err := c.ask(ctx, "query { appOfferings(first: 100, filter: { published: false }) { nodes { reference } } }", nil)
	if err != nil {
		return ""
	}
	var known []string
	for _, n := range data.nodes("appOfferings") {
		known = append(known, n.text("reference"))
	}
	return lang.DidYouMean(reference, known)
}

// strictAccount is an account whose answers are taken only where every text in them is one: elsewhere what is not
// UTF-8 is replaced, and would be taken for the account's.
type strictAccount struct{ Account }

func (s strictAccount) Do(ctx context.Context, r api.Request) (*api.Answer, error) {
	answer, err := s.Account.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	if _, err := lang.ParseJSON(answer.Data, lang.DataLimits{}); err != nil {
		return nil, steps.Errorf(steps.InputError, "the account's answer holds what no blueprint can: %s", err)
	}
	return answer, nil
}
