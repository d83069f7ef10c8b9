package xurrent

import (
	"context"
	"strings"

	"currant/steps"
)

// What is asked for is put together of these, so that one request tells all of it.
const (
	policyPart = `
  webhookPolicies(first: 1, filter: { id: { values: $policies } }) { nodes { id disabled jwtAlg jwtAudience account { url } } }`
	webhooksPart = `
  webhooks(first: 100, after: $after) {
    nodes { id name event uri disabled appOfferingReferences webhookPolicy { id } }
    pageInfo { hasNextPage endCursor }
  }`
	// Edits are of the draft of an offering, never of what is published (PLATFORM 7.2).
	draftsPart = `
  drafts: appOfferings(first: 100, filter: { published: false, reference: { values: $apps } }) { nodes { ...addresses } }`
	// A simulated account has offerings that were never a draft.
	offeringsPart = `
  offerings: appOfferings(first: 100, filter: { reference: { values: $apps } }) { nodes { ...addresses } }`
	addressesPart = `
fragment addresses on AppOffering { id reference webhookUriTemplate configurationUriTemplate }`
)

// Pages of webhooks that are read, and apps that are asked for at once; an account has far fewer of both.
const (
	maxWebhookPages = 100
	maxEnabledApps  = 100
)

// looked is what is to be looked for on the account.
type looked struct {
	policy   string // node id, or ""
	webhooks bool
	apps     []string // references
}

// onAccount is what is there.
type onAccount struct {
	policy    *accountPolicy // nil where there is none
	webhooks  []accountWebhook
	offerings map[string]*offering // by reference
}

// look reads the account, in one request but for further pages of webhooks: they cannot be asked for by name.
func (e *enabling) look(ctx context.Context, q looked) (*onAccount, error) {
	if len(q.apps) > maxEnabledApps {
		return nil, steps.Errorf(steps.InputError, "a blueprint may set addresses of %d apps at most; these are %d", maxEnabledApps, len(q.apps))
	}
	out := &onAccount{offerings: map[string]*offering{}}
	text, variables := q.document(e.simulated())
	for page := 0; text != ""; page++ {
		if page == maxWebhookPages {
			return nil, steps.Errorf(steps.InputError, "find Webhooks: the account %s has more than %d webhooks; delete some", e.key.account, 100*maxWebhookPages)
		}
		var data struct {
			WebhookPolicies   struct{ Nodes []accountPolicy }
			Drafts, Offerings struct{ Nodes []offering }
			Webhooks          struct {
				Nodes    []accountWebhook
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
			}
		}
		if err := e.ask(ctx, "find what triggers need on the account "+e.key.account, text, variables, &data); err != nil {
			return nil, err
		}
		if found := data.WebhookPolicies.Nodes; len(found) > 0 {
			out.policy = &found[0]
		}
		out.webhooks = append(out.webhooks, data.Webhooks.Nodes...)
		for _, found := range [][]offering{data.Offerings.Nodes, data.Drafts.Nodes} { // a draft goes before what is none
			for i := range found {
				out.offerings[found[i].Reference] = &found[i]
			}
		}
		text = ""
		if data.Webhooks.PageInfo.HasNextPage {
			text, variables = looked{webhooks: true}.document(false)
			variables["after"] = data.Webhooks.PageInfo.EndCursor
		}
	}
	return out, nil
}

// document is the request, "" where nothing is looked for, and its variables.
func (q looked) document(simulated bool) (string, map[string]any) {
	var declared, parts []string
	variables := map[string]any{}
	fragment := ""
	if q.policy != "" {
		declared, parts, variables["policies"] = append(declared, "$policies: [ID]!"), append(parts, policyPart), []string{q.policy}
	}
	if q.webhooks {
		declared, parts = append(declared, "$after: String"), append(parts, webhooksPart)
	}
	if len(q.apps) > 0 {
		declared, parts, variables["apps"] = append(declared, "$apps: [String]!"), append(parts, draftsPart), q.apps
		if fragment = addressesPart; simulated {
			parts = append(parts, offeringsPart)
		}
	}
	if parts == nil {
		return "", nil
	}
	return "query(" + strings.Join(declared, ", ") + ") {" + strings.Join(parts, "") + "\n}" + fragment, variables
}
