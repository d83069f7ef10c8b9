package sim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"currant/steps/xurrent/sim/graph"
)

// controlPolicy makes a webhook policy as webhookPolicyCreate does.
func (s *Sim) controlPolicy(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Account   string `json:"account"`
		Algorithm string `json:"algorithm"`
		Audience  string `json:"audience"`
		Expires   int    `json:"expires_in"` // minutes
	}
	if !readControl(w, r, &in) {
		return
	}
	a, ok := s.Account(in.Account)
	if !ok {
		controlError(w, http.StatusBadRequest, fmt.Errorf("account must be the id of an account, such as \"acme\", and is %q", in.Account))
		return
	}
	policy, err := makePolicy(r.Context(), a, in.Algorithm, in.Audience, in.Expires)
	if err != nil {
		controlError(w, http.StatusBadRequest, err)
		return
	}
	writeJSON(w, http.StatusCreated, map[string]any{"id": policy.ID, "algorithm": strings.ToUpper(policy.JwtAlg),
		"public_key_pem": policy.PublicKeyPem, "issuer": s.accountURL(in.Account), "audience": in.Audience})
}

// madePolicy is a webhook policy as the answer of webhookPolicyCreate tells it.
type madePolicy struct{ ID, JwtAlg, PublicKeyPem string }

// makePolicy makes a webhook policy; expires is in minutes, 0 for tokens that do not expire.
func makePolicy(ctx context.Context, a *graph.Account, algorithm, audience string, expires int) (*madePolicy, error) {
	input := map[string]any{"jwtAlg": strings.ToLower(first(algorithm, discoveryAlgorithm))}
	if audience != "" {
		input["jwtAudience"] = audience
	}
	if expires > 0 {
		input["jwtClaimExpiresIn"] = expires
	}
	answer := a.Execute(ctx, graph.Caller{}, graph.Request{
		Query:     "mutation($input:WebhookPolicyCreateInput!){webhookPolicyCreate(input:$input){errors{message} webhookPolicy{id jwtAlg publicKeyPem}}}",
		Variables: map[string]any{"input": input}})
	if len(answer.Errors) > 0 {
		return nil, errors.New(answer.Errors[0].Message)
	}
	var out struct {
		WebhookPolicyCreate struct {
			Errors        []struct{ Message string }
			WebhookPolicy *madePolicy
		}
	}
	if err := json.Unmarshal(answer.Data, &out); err != nil {
		return nil, err
	}
	made := out.WebhookPolicyCreate
	if len(made.Errors) > 0 || made.WebhookPolicy == nil {
		return nil, fmt.Errorf("no policy was made: %v", made.Errors)
	}
	return made.WebhookPolicy, nil
}
