package sim

import (
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
	a, ok := s.account(in.Account)
	if !ok {
		controlError(w, http.StatusBadRequest, fmt.Errorf("account must be the id of an account, such as \"acme\", and is %q", in.Account))
		return
	}
	input := map[string]any{"jwtAlg": strings.ToLower(first(in.Algorithm, discoveryAlgorithm))}
	if in.Audience != "" {
		input["jwtAudience"] = in.Audience
	}
	if in.Expires > 0 {
		input["jwtClaimExpiresIn"] = in.Expires
	}
	answer := a.Execute(r.Context(), graph.Caller{}, graph.Request{
		Query:     "mutation($input:WebhookPolicyCreateInput!){webhookPolicyCreate(input:$input){errors{message} webhookPolicy{id jwtAlg publicKeyPem}}}",
		Variables: map[string]any{"input": input}})
	var out struct {
		WebhookPolicyCreate struct {
			Errors        []struct{ Message string }
			WebhookPolicy *struct{ ID, JwtAlg, PublicKeyPem string }
		}
	}
	if len(answer.Errors) > 0 {
		controlError(w, http.StatusBadRequest, errors.New(answer.Errors[0].Message))
		return
	}
	if err := json.Unmarshal(answer.Data, &out); err != nil {
		controlError(w, http.StatusInternalServerError, err)
		return
	}
	made := out.WebhookPolicyCreate
	if len(made.Errors) > 0 || made.WebhookPolicy == nil {
		controlError(w, http.StatusBadRequest, fmt.Errorf("no policy was made: %v", made.Errors))
		return
	}
	policy := made.WebhookPolicy
	writeJSON(w, http.StatusCreated, map[string]any{"id": policy.ID, "algorithm": strings.ToUpper(policy.JwtAlg),
		"public_key_pem": policy.PublicKeyPem, "issuer": s.accountURL(in.Account), "audience": in.Audience})
}
