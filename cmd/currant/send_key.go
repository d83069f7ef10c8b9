package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"currant/steps/xurrent/verify"
)

// signed sends an event that is signed here, with the private key in a file (PLATFORM 6.5).
func (s *sending) signed(ctx context.Context, policy signing, payload json.RawMessage) (d delivered, err error) {
	if policy.key == "" {
		return d, usagef("the trigger of runbook %q has no policy with a public key that --key could fit: it takes what is signed with the keys that the account publishes. "+
			"Let a simulated account sign: start the runner with \"currant dev --sim\"", s.rb.Name)
	}
	private, err := fittingKey(s.key, policy)
	if err != nil {
		return d, err
	}
	issuer, err := s.issuerOf(policy)
	if err != nil {
		return d, err
	}
	data, err := s.data(issuer, payload)
	if err != nil {
		return d, err
	}
	now := time.Now()
	claims := jwt.MapClaims{"iss": issuer, "sub": strconv.Itoa(sampleNumber), "iat": now.Unix(), "nbf": now.Unix(), "jti": newTokenID(), "data": data}
	for name, v := range policy.claims() {
		claims[name] = v
	}
	token, err := jwt.NewWithClaims(jwt.GetSigningMethod(policy.algorithm), claims).SignedString(private)
	if err != nil {
		return d, invalidf("--key %s: %w", s.key, err)
	}
	body, err := json.Marshal(map[string]string{"jwt": token})
	if err != nil {
		return d, err
	}
	s.what = "a " + s.event + ", signed with " + s.key + ","
	return s.deliver(ctx, body)
}

// newTokenID is an id (jti) in the platform's form: 64 hexadecimal digits.
func newTokenID() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// fittingKey reads a private key. The runner would refuse what another key has signed, and not tell why.
func fittingKey(path string, policy signing) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, invalidf("--key: %w", err)
	}
	var key crypto.Signer
	if strings.HasPrefix(policy.algorithm, "RS") {
		key, err = jwt.ParseRSAPrivateKeyFromPEM(text)
	} else {
		key, err = jwt.ParseECPrivateKeyFromPEM(text)
	}
	if err != nil {
		return nil, invalidf("--key %s: no private key for %s in PEM: %w", path, policy.algorithm, err)
	}
	public, err := verify.ParseKey(policy.algorithm, policy.key)
	if err != nil {
		return nil, invalidf("the policy's public_key_pem: %w", err)
	}
	if same, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !same.Equal(public) {
		return nil, invalidf("--key %s: it is not the private key of the policy's public_key_pem", path)
	}
	return key, nil
}
