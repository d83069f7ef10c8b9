package verify

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"hash"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// hashes are those of the algorithms by the digits of their names.
var hashes = map[string]func() hash.Hash{"256": sha256.New, "384": sha512.New384, "512": sha512.New}

// forge signs with the key that a policy has, by whatever the header says, as far as that goes.
func forge(header, policy string, claims any) string {
	input := b64(text(object{"kid": policy, "alg": header})) + "." + b64(text(claims))
	key := ring()[policy]
	sign := func() []byte {
		digest := hashes["256"]
		if d := hashes[header[max(0, len(header)-3):]]; d != nil {
			digest = d
		}
		h := digest()
		h.Write([]byte(input))
		switch key := key.(type) {
		case *ecdsa.PrivateKey:
			r, s, err := ecdsa.Sign(rand.Reader, key, h.Sum(nil))
			if err != nil {
				panic(err)
			}
			width := 66
			for name, n := range map[string]int{"256": 32, "384": 48} {
				if strings.HasSuffix(header, name) {
					width = n
				}
			}
			mask := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(8*width)), big.NewInt(1))
			return append(r.And(r, mask).FillBytes(make([]byte, width)), s.And(s, mask).FillBytes(make([]byte, width))...)
		default:
			if m := jwt.GetSigningMethod(header); m != nil && (header[0] == 'R' || header[0] == 'P') {
				return must(m.Sign(input, key))
			}
			return must(jwt.SigningMethodRS256.Sign(input, key))
		}
	}
	sig := []byte{0}
	switch {
	case strings.HasPrefix(header, "HS"):
		mac := hmac.New(hashes[header[2:]], []byte(pemOf(policy)))
		mac.Write([]byte(input))
		sig = mac.Sum(nil)
	case header != "none":
		sig = sign()
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func pemOf(algorithm string) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(public(algorithm)))}))
}

// All pairs of what a header says and what a policy has: the policy chooses.
func TestJ1PolicyChoosesAlgorithm(t *testing.T) {
	published := newIssuer(t)
	for _, a := range Algorithms {
		published.keys = append(published.keys, jwk(a, a, nil))
	}
	v := newVerifier(t, Options{})
	headers := append(slices.Clone(Algorithms), "HS256", "HS384", "HS512", "none", "PS256", "EdDSA")
	pairs := 0
	for _, header := range headers {
		for _, policy := range append(slices.Clone(Algorithms), "") {
			pairs++
			p, key, want, claims := Policy{}, policy, header == policy, claimsAt(noon, nil)
			if policy == "" {
				// By discovery: the key is the one that is published for the algorithm.
				p, key, want = published.policy(), header, slices.Contains(Algorithms, header)
				if !want {
					key = "RS256"
				}
				claims["iss"] = published.URL
			} else {
				p = keyed(policy)
			}
			_, err := v.Verify(t.Context(), forge(header, key, claims), p)
			if (err == nil) != want {
				t.Errorf("header %s, policy %q: %v", header, policy, err)
			}
		}
	}
	if pairs != 84 {
		t.Errorf("%d pairs", pairs)
	}
}

func TestJ1AlgorithmSpellings(t *testing.T) {
	v := newVerifier(t, Options{})
	accepts(t, v, good("ES256"), keyed("ES256"))
	for _, alg := range []string{`"es256"`, `"Es256"`, `"ES256 "`, `" ES256"`, `"ES256\u0000"`, `"\u0045S256\u200b"`, `""`, `null`, `256`, `true`, `["ES256"]`, `{"alg":"ES256"}`} {
		refuses(t, v, signed("ES256", `{"alg":`+alg+`}`, claimsAt(noon, nil)), keyed("ES256"), "algorithm")
	}
	refuses(t, v, signed("ES256", `{"typ":"JWT"}`, claimsAt(noon, nil)), keyed("ES256"), "names no algorithm")
	// An escape is another way to write the same text.
	accepts(t, v, signed("ES256", `{"alg":"\u0045S256"}`, claimsAt(noon, nil)), keyed("ES256"))
	refuses(t, v, good("ES256"), Policy{Issuers: []string{acme}, Key: public("ES256")}, "no algorithm to use it with")
}

// none in ten spellings, with three kinds of signature.
func TestJ2None(t *testing.T) {
	v := newVerifier(t, Options{})
	real := good("ES256")
	for _, name := range []string{"none", "None", "NONE", "nOnE", "none ", " none", "non\\u0065", "none\\u0000", "", "null"} {
		input := b64(`{"alg":"`+name+`"}`) + "." + b64(text(claimsAt(noon, nil)))
		for _, sig := range []string{"", b64("\x00"), real[strings.LastIndexByte(real, '.')+1:]} {
			for _, p := range []Policy{keyed("ES256"), keyed("RS256"), {Issuers: []string{acme}}} {
				if _, err := v.Verify(t.Context(), input+"."+sig, p); err == nil {
					t.Errorf("%q with the signature %q is accepted", name, sig)
				}
			}
		}
	}
	accepts(t, v, real, keyed("ES256"))
}

// A public key is no secret, in whatever form it is used as one.
func TestJ2PublicKeyAsSecret(t *testing.T) {
	v := newVerifier(t, Options{})
	for _, policy := range []string{"ES256", "RS256"} {
		der := must(x509.MarshalPKIXPublicKey(public(policy)))
		forms := map[string][]byte{
			"PEM":              []byte(pemOf(policy)),
			"PEM without end":  []byte(strings.TrimSpace(pemOf(policy))),
			"PEM with CRLF":    []byte(strings.ReplaceAll(pemOf(policy), "\n", "\r\n")),
			"DER":              der,
			"DER in base64":    []byte(base64.StdEncoding.EncodeToString(der)),
			"JWK":              []byte(text(jwk("k", policy, nil))),
			"its number alone": der[len(der)-64:],
		}
		for form, secret := range forms {
			for _, alg := range []string{"HS256", "HS384", "HS512"} {
				input := b64(`{"alg":"`+alg+`"}`) + "." + b64(text(claimsAt(noon, nil)))
				mac := hmac.New(hashes[alg[2:]], secret)
				mac.Write([]byte(input))
				token := input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
				for _, p := range []Policy{keyed(policy), {Issuers: []string{acme}}} {
					if _, err := v.Verify(t.Context(), token, p); err == nil {
						t.Errorf("%s of the %s key as secret is accepted", form, policy)
					}
				}
			}
		}
		accepts(t, v, good(policy), keyed(policy))
	}
}

// Keys and places of keys inside a token are never used: a server that they name is never asked.
func TestJ3KeysInsideTokens(t *testing.T) {
	canary, v := newIssuer(t, jwk("evil", "ES384", nil)), newVerifier(t, Options{})
	chain := []string{base64.StdEncoding.EncodeToString(serverCert.Certificate[0])}
	for name, value := range map[string]any{
		"jwk": jwk("evil", "ES384", nil), "jku": canary.URL + "/jwks", "x5u": canary.URL + "/cert.pem", "x5c": chain,
		"x5t": "AAAA", "x5t#S256": "AAAA", "iss": canary.URL, "jwks_uri": canary.URL + "/jwks",
	} {
		t.Run(name, func(t *testing.T) {
			// Signed with the key that the token brings along.
			refuses(t, v, signed("ES384", object{"alg": "ES384", "kid": "evil", name: value}, claimsAt(noon, nil)),
				Policy{Issuers: []string{acme}, Algorithm: "ES384", Key: otherKey("ES384")}, "signature is not of the key")
			// They do no harm to a token of the right key.
			accepts(t, v, signed("ES256", object{"alg": "ES256", name: value}, claimsAt(noon, nil)), keyed("ES256"))
		})
	}
	if n := canary.requests(); n != 0 {
		t.Errorf("the server was asked %d times", n)
	}
}

func otherKey(algorithm string) *ecdsa.PublicKey {
	k := ring()[algorithm].(*ecdsa.PrivateKey)
	return &must(ecdsa.GenerateKey(k.Curve, rand.Reader)).PublicKey
}

// A key id is compared, and nothing else is done with it.
func TestJ3HostileKids(t *testing.T) {
	s := newIssuer(t, jwk("k1", "ES256", nil))
	v := newVerifier(t, Options{})
	canary := newIssuer(t)
	for _, kid := range []string{
		"../../etc/passwd", "/dev/null", "file:///etc/passwd", canary.URL, canary.URL + "/jwks", "k1'; DROP TABLE keys; --",
		"' OR '1'='1", "k1\x00", "k1 ", " k1", "K1", "k1/../k1", "%6b1", "k1\n", "k1\u200b", "$(id)", "`id`", "", "*", "k1,k2",
	} {
		if _, err := v.Verify(t.Context(), s.of(kid, "ES256", noon, nil), s.policy()); err == nil {
			t.Errorf("kid %q is accepted", kid)
		}
		// With a configured key the id does not matter.
		accepts(t, v, signed("ES256", object{"alg": "ES256", "kid": kid}, claimsAt(noon, nil)), keyed("ES256"))
	}
	accepts(t, v, s.of("k1", "ES256", noon, nil), s.policy())
	if n := canary.requests(); n != 0 {
		t.Errorf("the server was asked %d times", n)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for path := range s.asked {
		if path != "/jwks" && path != "/.well-known/openid-configuration" {
			t.Errorf("the issuer was asked for %s", path)
		}
	}
}

// No key is no reason to accept (PLATFORM 6.6).
func TestP60MissingKeyRefuses(t *testing.T) {
	s := newIssuer(t)
	v := newVerifier(t, Options{})
	refuses(t, v, signed("ES256", object{"alg": "ES256"}, claimsAt(noon, object{"iss": s.URL})), s.policy(), "no key id")
	refuses(t, v, s.of("k1", "ES256", noon, nil), s.policy(), "not published a key")
	s.set(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	refuses(t, v, s.of("k2", "ES256", noon, object{"iss": s.URL + "/x"}), s.policy(), "jwks_uri")
	s.set(nil, jwk("k1", "ES256", nil))
	accepts(t, v, s.of("k1", "ES256", noon, object{"iss": s.URL + "/y"}), s.policy())
}
