package xurrent

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// policyAlgorithm is that of policies that we create (LANGUAGE section 4).
const policyAlgorithm = "es256"

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

// wantsPolicy says whether something is signed by the provider's policy.
func (n Need) wantsPolicy() bool { return n.Kind == needConfiguration || len(n.subscribed()) > 0 }

// decidePolicy decides about the policy that signs the account's webhooks: the one that is kept, as far as it is
// still there, or else a new one. It sets e.policy where the node id is known by then.
// signed says that another one signs some of them.
func (e *enabling) decidePolicy(kept *webhookPolicy, is *accountPolicy, signed bool) job {
	w := Wanted{What: whatPolicy, Name: e.key.account}
	switch {
	case kept == nil && signed:
		w.Note = "the webhooks are signed by a policy whose key is not kept here; a runner that has it will refuse these events from then on"
		w.Risky = true
	case kept == nil:
	case !kept.signsAs(is):
		w.Note = "the policy whose key is kept is not on the account any more, or is another one: it is replaced"
	case !is.Disabled:
		e.policy, w.ID, w.Action = is.ID, is.ID, ActionUnchanged
		return job{Wanted: w}
	default:
		e.policy, w.ID, w.Action = is.ID, is.ID, ActionEnable
		w.Fields = []WantedField{{"disabled", true, false}}
		return job{w, e.enablePolicy}
	}
	w.Action = ActionCreate
	w.Fields = []WantedField{{"algorithm", nil, policyAlgorithm}, {"disabled", nil, false}}
	return job{w, e.createPolicy}
}

// signed says whether webhooks that the needs are for are in use already, and signed.
func signed(all []accountWebhook, needs []Need) bool {
	return slices.ContainsFunc(needs, func(n Need) bool {
		return slices.ContainsFunc(n.subscribed(), func(event string) bool {
			is := findWebhook(all, nil, n.webhookName(event))
			return is != nil && !is.Disabled && is.WebhookPolicy != nil
		})
	})
}

// signsAs says whether a policy of the account is the one whose key is kept: of what another one signs nothing
// could be verified.
func (p *webhookPolicy) signsAs(is *accountPolicy) bool {
	if _, err := p.verifiable(); err != nil || is == nil {
		return false
	}
	return is.ID == p.ID && strings.EqualFold(is.JWTAlg, p.Algorithm) && is.JWTAudience == p.Audience && is.Account.URL == p.Issuer
}

func (e *enabling) enablePolicy(ctx context.Context) (string, error) {
	var changed struct{ ID string }
	err := e.change(ctx, "enable Webhook Policy", "webhookPolicyUpdate", "webhookPolicy", "id", map[string]any{"id": e.policy, "disabled": false}, &changed)
	if err != nil {
		return "", err
	}
	return e.policy, nil
}

// createPolicy creates a policy and keeps its key, which the account never tells again.
func (e *enabling) createPolicy(ctx context.Context) (string, error) {
	var p accountPolicy
	err := e.change(ctx, "create Webhook Policy", "webhookPolicyCreate", "webhookPolicy", "id jwtAlg jwtAudience publicKeyPem account { url }",
		map[string]any{"jwtAlg": policyAlgorithm}, &p)
	if err != nil {
		return "", err
	}
	e.policy = p.ID
	err = e.customers.SetProviderPolicy(ctx, webhookPolicy{ID: p.ID, Algorithm: strings.ToUpper(p.JWTAlg), PublicKeyPEM: p.PublicKeyPEM,
		Issuer: p.Account.URL, Audience: p.JWTAudience})
	if err != nil {
		return p.ID, fmt.Errorf("keep Webhook Policy: %w", err)
	}
	return p.ID, nil
}
