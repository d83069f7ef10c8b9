package xurrent

import (
	"errors"
	"fmt"

	"currant/steps/xurrent/verify"
)

// webhookPolicy is how an account signs the webhooks of an app, or a provider its own (PLATFORM 7.3).
type webhookPolicy struct {
	ID           string `json:"id"` // node id
	Algorithm    string `json:"algorithm"`
	PublicKeyPEM string `json:"public_key_pem"`
	Issuer       string `json:"issuer"`
	Audience     string `json:"audience,omitempty"`
}

// verifiable is the policy as tokens are verified by it: one issuer, one algorithm, one key. The error is of a
// policy that no token can be verified by: of a symmetric algorithm, or without a key.
func (p webhookPolicy) verifiable() (verify.Policy, error) {
	if p.Issuer == "" {
		return verify.Policy{}, errors.New("cannot be used: it names no issuer")
	}
	key, err := verify.ParseKey(p.Algorithm, p.PublicKeyPEM)
	if err != nil {
		return verify.Policy{}, fmt.Errorf("cannot be used: %w", err)
	}
	return verify.Policy{Issuers: []string{p.Issuer}, Algorithm: p.Algorithm, Key: key, Audience: p.Audience}, nil
}
