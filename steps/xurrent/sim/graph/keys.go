package graph

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
)

// Fields of a webhook policy that hold its key. Only publicKeyPem can be selected, and only in the answer of
// webhookPolicyCreate (PLATFORM 8.1); Account.Get gives all.
const (
	FieldPublicKey  = "publicKeyPem"  // PKIX, PEM
	FieldPrivateKey = "privateKeyPem" // PKCS #8, PEM
	FieldSecret     = "secret"        // of HS256, HS384 and HS512: hexadecimal
)

// makeKey gives a new webhook policy the key pair of its algorithm.
func makeKey(r *record) {
	var key crypto.Signer
	var err error
	switch alg := r.text(keyOf("jwtAlg")); alg {
	case "es256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "es384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "es512":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "rs256", "rs384", "rs512":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "hs256", "hs384", "hs512":
		var secret [32]byte
		_, err = rand.Read(secret[:])
		r.set(keyOf(FieldSecret), hex.EncodeToString(secret[:]))
	}
	if err != nil || key == nil {
		return
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return
	}
	r.set(keyOf(FieldPrivateKey), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	r.set(keyOf(FieldPublicKey), string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})))
}
