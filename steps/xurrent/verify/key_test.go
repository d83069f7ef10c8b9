package verify

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
)

func block(typ string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}))
}

// rsaOf is the public key of any numbers, as no library would write it.
func rsaOf(n *big.Int, e int64) string {
	return block("RSA PUBLIC KEY", must(asn1.Marshal(struct{ N, E *big.Int }{n, big.NewInt(e)})))
}

// modulus is a number of so many bits that is odd.
func modulus(bits uint) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return n.Add(n, must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), bits-2)))).SetBit(n, 0, 1)
}

// ecOf is the SPKI of any bytes as a point of a curve.
func ecOf(curve asn1.ObjectIdentifier, point []byte) string {
	params := must(asn1.Marshal(curve))
	return block("PUBLIC KEY", must(asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, Parameters: asn1.RawValue{FullBytes: params}},
		asn1.BitString{Bytes: point, BitLength: 8 * len(point)}})))
}

var p256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}

func TestJ5ConfiguredKeys(t *testing.T) {
	off := must(public("ES256").(*ecdsa.PublicKey).Bytes())
	off[len(off)-1] ^= 1
	edKey, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x25519 := must(ecdh.X25519().GenerateKey(rand.Reader)).PublicKey()
	spki := func(key any) string { return block("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(key))) }
	private := block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(ring()["ES256"])))
	n := ring()["RS256"].(*rsa.PrivateKey).N
	bad := []struct{ name, alg, pem, why string }{
		{"short RSA", "RS256", rsaOf(modulus(1024), 65537), "RSA key of 1024 bits"},
		{"a bit too short", "RS256", rsaOf(modulus(2047), 65537), "RSA key of 2047 bits"},
		{"long RSA", "RS256", rsaOf(modulus(8193), 65537), "RSA key of 8193 bits"},
		{"exponent 1", "RS256", rsaOf(n, 1), "exponent"},
		{"even exponent", "RS512", rsaOf(n, 65536), "exponent"},
		{"huge exponent", "RS256", rsaOf(n, 1<<31+1), ""},
		{"even modulus", "RS256", rsaOf(new(big.Int).Sub(n, big.NewInt(1)), 65537), "modulus is even"},
		{"off the curve", "ES256", ecOf(p256, off), "cannot be read"},
		{"at infinity", "ES256", ecOf(p256, []byte{0}), "cannot be read"},
		{"a curve of others", "ES256", ecOf(asn1.ObjectIdentifier{1, 3, 132, 0, 10}, off), "cannot be read"},
		{"P-224", "ES256", spki(&must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader)).PublicKey), "P-224, which does not fit ES256"},
		{"P-384 for ES256", "ES256", spki(public("ES384")), "P-384, which does not fit ES256"},
		{"RSA for ES", "ES256", spki(public("RS256")), "RSA key, which does not fit ES256"},
		{"EC for RS", "RS256", spki(public("ES256")), "P-256, which does not fit RS256"},
		{"Ed25519", "ES256", spki(edKey), "neither an RSA nor an EC"},
		{"X25519", "ES256", spki(x25519), "neither an RSA nor an EC"},
		{"private key", "ES256", private, `type "PRIVATE KEY"`},
		{"certificate", "ES256", block("CERTIFICATE", serverCert.Certificate[0]), `type "CERTIFICATE"`},
		{"two keys", "ES256", pemOf("ES256") + pemOf("ES256"), "more than one"},
		{"no PEM", "ES256", "hunter2", "no PEM block"},
		{"empty", "ES256", "", "no PEM block"},
		{"damaged", "ES256", block("PUBLIC KEY", []byte("hunter2")), "cannot be read"},
		{"cut", "ES256", strings.Replace(pemOf("ES256"), "END", "EDN", 1), "no PEM block"},
		{"HS256", "HS256", pemOf("ES256"), "no algorithm that a webhook may be signed with"},
		{"none", "none", pemOf("ES256"), "no algorithm that a webhook may be signed with"},
		{"no algorithm", "", pemOf("ES256"), "no algorithm that a webhook may be signed with"},
	}
	for _, c := range bad {
		key, err := ParseKey(c.alg, c.pem)
		if err == nil || key != nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for line := range strings.Lines(c.pem) {
			if line = strings.TrimSpace(line); len(line) > 10 && !strings.HasPrefix(line, "-----") && strings.Contains(err.Error(), line) {
				t.Errorf("%s: the reason holds bytes of the key", c.name)
			}
		}
	}
	ec := ring()["ES512"].(*ecdsa.PrivateKey)
	for name, c := range map[string]struct{ alg, pem string }{
		"SPKI RSA":         {"RS384", pemOf("RS256")},
		"SPKI EC":          {"ES384", pemOf("ES384")},
		"PKCS #1":          {"RS256", block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(public("RS256").(*rsa.PublicKey)))},
		"8,192 bits":       {"RS256", rsaOf(modulus(8192), 3)},
		"2,048 bits":       {"RS256", rsaOf(modulus(2048), 1<<31-1)},
		"EC PRIVATE KEY":   {"ES512", block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ec)))},
		"with parameters":  {"ES512", block("EC PARAMETERS", []byte{6, 5, 43, 129, 4, 0, 35}) + block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ec)))},
		"CRLF":             {"ES256", strings.ReplaceAll(pemOf("ES256"), "\n", "\r\n")},
		"words before it":  {"ES256", "The key:\n" + pemOf("ES256")},
		"without line end": {"ES256", strings.TrimSpace(pemOf("ES256"))},
	} {
		key, err := ParseKey(c.alg, c.pem)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, secret := key.(*ecdsa.PrivateKey); secret {
			t.Errorf("%s: the private part is kept", name)
		}
	}
	// The public part of a private key verifies what the key has signed.
	key, err := ParseKey("ES512", block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(ec))))
	if err != nil {
		t.Fatal(err)
	}
	accepts(t, newVerifier(t, Options{}), good("ES512"), Policy{Issuers: []string{acme}, Algorithm: "ES512", Key: key})
}

// The same of keys that an issuer publishes: a bad one is not there, and harms no other.
func TestJ5PublishedKeys(t *testing.T) {
	b := func(n *big.Int) string { return b64(string(n.Bytes())) }
	n := ring()["RS256"].(*rsa.PrivateKey).N
	x, _ := jwk("", "ES256", nil)["x"].(string)
	for name, key := range map[string]object{
		"short RSA":          jwk("k", "RS256", object{"n": b(modulus(1024))}),
		"long RSA":           jwk("k", "RS256", object{"n": b(modulus(8200))}),
		"even modulus":       jwk("k", "RS256", object{"n": b(new(big.Int).Sub(n, big.NewInt(1)))}),
		"exponent 1":         jwk("k", "RS256", object{"e": "AQ"}),
		"even exponent":      jwk("k", "RS256", object{"e": "AQAA"}),
		"huge exponent":      jwk("k", "RS256", object{"e": "AQAAAAE"}),
		"padded":             jwk("k", "RS256", object{"e": "AQAB===="}),
		"line break":         jwk("k", "RS256", object{"e": "AQ\nAB"}),
		"no modulus":         jwk("k", "RS256", object{"n": nil}),
		"off the curve":      jwk("k", "ES256", object{"y": x}),
		"short coordinate":   jwk("k", "ES256", object{"x": b64("\x01")}),
		"long coordinate":    jwk("k", "ES256", object{"x": b64(strings.Repeat("\x00", 33))}),
		"other curve's name": jwk("k", "ES256", object{"crv": "P-384"}),
		"unknown curve":      jwk("k", "ES256", object{"crv": "secp256k1"}),
		"numbers":            jwk("k", "ES256", object{"x": 1}),
	} {
		keys, err := parseKeySet([]byte(text(object{"keys": []object{key, jwk("good", "ES256", nil)}})))
		if err != nil || len(keys) != 1 || keys["good"].key == nil {
			t.Errorf("%s: %v, %v", name, keys, err)
		}
	}
}
