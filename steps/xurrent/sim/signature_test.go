package sim

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"currant/steps/xurrent/sim/graph"
)

var parser = jwt.NewParser(jwt.WithoutClaimsValidation())

// opened verifies a delivery with a key.
func opened(t *testing.T, d delivered, alg string, key func(*jwt.Token) (any, error)) (header map[string]any, claims jwt.MapClaims) {
	t.Helper()
	var body map[string]string
	if err := json.Unmarshal(d.body, &body); err != nil || len(body) != 1 {
		t.Fatalf("%v: %s", err, d.body)
	}
	claims = jwt.MapClaims{}
	token, err := parser.ParseWithClaims(body["jwt"], claims, key)
	if err != nil {
		t.Fatal(err)
	}
	if token.Header["alg"] != alg || token.Header["typ"] != "JWT" {
		t.Errorf("header: %v", token.Header)
	}
	return token.Header, claims
}

// publicKey parses the PEM of a policy.
func publicKey(alg, pem string) func(*jwt.Token) (any, error) {
	return func(*jwt.Token) (any, error) {
		if strings.HasPrefix(alg, "RS") {
			return jwt.ParseRSAPublicKeyFromPEM([]byte(pem))
		}
		return jwt.ParseECPublicKeyFromPEM([]byte(pem))
	}
}

// discoveredKey finds the key by discovery from the issuer, as a receiver does.
func (s *service) discoveredKey(token *jwt.Token) (any, error) {
	issuer, err := token.Claims.GetIssuer()
	if err != nil {
		return nil, err
	}
	var document struct {
		Issuer string
		JWKS   string `json:"jwks_uri"`
	}
	s.do("GET", issuer+"/.well-known/openid-configuration", "").decode(s.T, &document)
	if document.Issuer != issuer {
		return nil, fmt.Errorf("the document's issuer is %q instead of %q", document.Issuer, issuer)
	}
	var set struct {
		Keys []struct{ Kid, Kty, Use, Alg, Crv, N, E, X, Y string }
	}
	s.do("GET", document.JWKS, "").decode(s.T, &set)
	number := func(text string) *big.Int {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			s.Error(err)
		}
		return new(big.Int).SetBytes(b)
	}
	for _, k := range set.Keys {
		switch {
		case k.Kid != token.Header["kid"] || k.Use != "sig" || k.Alg != token.Header["alg"]:
		case k.Kty == "RSA":
			return &rsa.PublicKey{N: number(k.N), E: int(number(k.E).Int64())}, nil
		case k.Kty == "EC":
			curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[k.Crv]
			x, err := base64.RawURLEncoding.DecodeString(k.X)
			if err != nil {
				return nil, err
			}
			y, err := base64.RawURLEncoding.DecodeString(k.Y)
			if err != nil {
				return nil, err
			}
			return ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, x...), y...))
		}
	}
	return nil, fmt.Errorf("no key %v is published", token.Header["kid"])
}

// A webhook with a policy signs with its key, by any of the six algorithms; with discovery the key is published under the policy's issuer.
func TestP51AlgorithmsOfPolicies(t *testing.T) {
	s := start(t, Options{})
	for _, alg := range []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"} {
		for _, discovery := range []bool{false, true} {
			t.Run(fmt.Sprint(alg, " ", discovery), func(t *testing.T) {
				r := receive(t, always(200))
				sub := s.subscribe(r, "request.create", strings.ToLower(alg), discovery)
				d := r.next(t)
				header, claims := opened(t, d, alg, publicKey(alg, sub.pem))
				issuer := s.base + "/accounts/acme"
				if discovery {
					issuer += fmt.Sprintf("/webhook_policies/%d", graph.Number(sub.policy))
					opened(t, d, alg, s.discoveredKey)
				} else if header["kid"] != nil {
					t.Errorf("a key that is not published has the id %v", header["kid"])
				}
				jti, _ := claims["jti"].(string)
				for name, want := range map[string]any{"iss": issuer, "sub": fmt.Sprint(graph.Number(sub.id)), "aud": "runner",
					"iat": float64(noon.Unix()), "nbf": float64(noon.Unix()), "exp": nil} {
					if claims[name] != want {
						t.Errorf("%s is %v instead of %v", name, claims[name], want)
					}
				}
				if len(jti) != 64 || strings.Trim(jti, "0123456789abcdef") != "" {
					t.Errorf("jti is %q", jti)
				}
				if event, _ := claims["data"].(map[string]any); event["event"] != "webhook.verify" {
					t.Errorf("data: %v", claims["data"])
				}
			})
		}
	}
}

// The platform can sign by what a receiver must refuse, so the simulated one can too.
func TestP51AlgorithmsToRefuse(t *testing.T) {
	s := start(t, Options{})
	for _, alg := range []string{"HS256", "HS384", "HS512"} {
		r := receive(t, always(200))
		sub := s.subscribe(r, "request.create", strings.ToLower(alg), false)
		a, _ := s.sim.Account("acme")
		policy, _ := a.Get("WebhookPolicy", sub.policy)
		opened(t, r.next(t), alg, func(*jwt.Token) (any, error) { return []byte(text(policy, graph.FieldSecret)), nil })
	}
	r := receive(t, always(200))
	s.subscribe(r, "request.create", "none", false)
	opened(t, r.next(t), "none", func(*jwt.Token) (any, error) { return jwt.UnsafeAllowNoneSignatureType, nil })
}

func TestP57DiscoveryWithoutPolicy(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, always(200))
	s.subscribe(r, "request.create", "", true)
	d := r.next(t)
	before, claims := opened(t, d, "ES256", s.discoveredKey)
	if claims["iss"] != s.base+"/accounts/acme" || claims["aud"] != nil {
		t.Errorf("claims: %v", claims)
	}
	s.confirm(d)

	// After a rotation the new key is published and the old one is not.
	s.control("POST", "/sim/rotate", map[string]string{"account": "acme"}, nil)
	s.request("x")
	after, _ := opened(t, r.next(t), "ES256", s.discoveredKey)
	if before["kid"] == after["kid"] {
		t.Error("the key was not changed")
	}
	keys := s.do("GET", "/accounts/acme/.well-known/jwks.json", "").body
	if strings.Contains(keys, fmt.Sprint(before["kid"])) || strings.Contains(keys, `"d"`) {
		t.Errorf("published: %s", keys)
	}
	s.do("GET", "/accounts/acme/webhook_policies/99/.well-known/openid-configuration", "").is(t, 404)
	s.do("GET", "/accounts/acme/nothing/.well-known/jwks.json", "").is(t, 404)
}

// A policy's claim expiry becomes exp.
func TestPolicyExpiry(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, always(200))
	var policy struct {
		ID, Issuer, Algorithm string
		Pem                   string `json:"public_key_pem"`
	}
	s.control("POST", "/sim/policies", map[string]any{"account": "acme", "algorithm": "ES384", "audience": "me", "expires_in": 5}, &policy)
	if policy.Issuer != s.base+"/accounts/acme" || policy.Algorithm != "ES384" {
		t.Errorf("policy: %+v", policy)
	}
	s.control("POST", "/sim/deliver", map[string]any{"account": "acme", "url": r.URL, "event": "request.create", "policy": policy.ID}, nil)
	_, claims := opened(t, r.next(t), "ES384", publicKey("ES384", policy.Pem))
	if claims["exp"] != float64(noon.Unix()+300) || claims["aud"] != "me" {
		t.Errorf("claims: %v", claims)
	}
}

// A policy that changes its algorithm or key is read anew.
func TestChangedPolicyKey(t *testing.T) {
	s := start(t, Options{})
	r := receive(t, always(200))
	sub := s.subscribe(r, "request.create", "es256", false)
	opened(t, r.next(t), "ES256", publicKey("ES256", sub.pem))
	a, _ := s.sim.Account("acme")
	policy, _ := a.Get("WebhookPolicy", sub.policy)
	a.Put("WebhookPolicy", map[string]any{"id": sub.policy, "jwtAlg": "hs256", graph.FieldSecret: "shared"})
	order := map[string]any{"account": "acme", "webhook": sub.id}
	s.control("POST", "/sim/deliver", order, nil)
	opened(t, r.next(t), "HS256", func(*jwt.Token) (any, error) { return []byte("shared"), nil })
	a.Put("WebhookPolicy", map[string]any{"id": sub.policy, "jwtAlg": "rs256", graph.FieldPrivateKey: "canary"})
	if a := s.do("POST", "/sim/deliver", `{"account":"acme","webhook":"`+sub.id+`"}`, "Content-Type", "application/json"); a.status != 400 || strings.Contains(a.body, "canary") {
		t.Errorf("with a broken key: %d %s", a.status, a.body)
	}
	a.Put("WebhookPolicy", policy)
	s.control("POST", "/sim/deliver", order, nil)
	opened(t, r.next(t), "ES256", publicKey("ES256", sub.pem))
}
