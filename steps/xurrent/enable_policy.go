package xurrent

import (
	"context"
	"fmt"
	"strings"
)

// policyAlgorithm is that of policies that we create (LANGUAGE section 4).
const policyAlgorithm = "es256"

const policyQuery = `query($ids: [ID]!) {
  webhookPolicies(first: 1, filter: { id: { values: $ids } }) { nodes { id disabled jwtAlg jwtAudience account { url } } }
}`

// accountPolicy is a webhook policy as the account tells it. PublicKeyPEM is told once, when it is created
// (PLATFORM 8.1).
type accountPolicy struct {
	ID           string
	Disabled     bool
	JWTAlg       string
	JWTAudience  string
	PublicKeyPEM string
	Account      struct{ URL string }
}

// policy enables the policy that signs the account's webhooks, or creates one, and gives its node id.
func (e *enabling) policy(ctx context.Context) (string, error) {
	kept, err := e.customers.ProviderPolicy(ctx)
	if err != nil {
		return "", err
	}
	if kept != nil {
		if found, err := e.enablePolicy(ctx, kept); err != nil || found {
			return kept.ID, err
		}
	}
	return e.createPolicy(ctx)
}

// enablePolicy finds the policy that is kept; false is one that is gone, or is another than the one whose key is
// kept: of what it signs nothing could be verified.
func (e *enabling) enablePolicy(ctx context.Context, kept *webhookPolicy) (bool, error) {
	var data struct {
		WebhookPolicies struct{ Nodes []accountPolicy }
	}
	if err := e.ask(ctx, "find Webhook Policy", policyQuery, map[string]any{"ids": []string{kept.ID}}, &data); err != nil {
		return false, err
	}
	if _, err := kept.verifiable(); err != nil || len(data.WebhookPolicies.Nodes) == 0 {
		return false, nil
	}
	p := data.WebhookPolicies.Nodes[0]
	if p.ID != kept.ID || !strings.EqualFold(p.JWTAlg, kept.Algorithm) || p.JWTAudience != kept.Audience || p.Account.URL != kept.Issuer {
		return false, nil
	}
	if !p.Disabled {
		e.note("webhook policy", e.key.account, ActionUnchanged, p.ID)
		return true, nil
	}
	var changed struct{ ID string }
	err := e.change(ctx, "enable Webhook Policy", "webhookPolicyUpdate", "webhookPolicy", "id", map[string]any{"id": p.ID, "disabled": false}, &changed)
	if err != nil {
		return false, err
	}
	e.note("webhook policy", e.key.account, ActionEnabled, p.ID)
	return true, nil
}

// createPolicy creates a policy and keeps its key, which the account never tells again.
func (e *enabling) createPolicy(ctx context.Context) (string, error) {
	var p accountPolicy
	err := e.change(ctx, "create Webhook Policy", "webhookPolicyCreate", "webhookPolicy", "id jwtAlg jwtAudience publicKeyPem account { url }",
		map[string]any{"jwtAlg": policyAlgorithm}, &p)
	if err != nil {
		return "", err
	}
	e.note("webhook policy", e.key.account, ActionCreated, p.ID)
	err = e.customers.SetProviderPolicy(ctx, webhookPolicy{ID: p.ID, Algorithm: strings.ToUpper(p.JWTAlg), PublicKeyPEM: p.PublicKeyPEM,
		Issuer: p.Account.URL, Audience: p.JWTAudience})
	if err != nil {
		return "", fmt.Errorf("keep Webhook Policy: %w", err)
	}
	return p.ID, nil
}
