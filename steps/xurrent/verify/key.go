package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Algorithms are those that a webhook may be signed with. The platform has HS256 to HS512 and none as well:
// who can verify with those can sign (PLATFORM 6.5).
var Algorithms = []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}

// Bounds of RSA keys (PROMISES J5).
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// ParseKey reads the public key of a policy for one of Algorithms: PEM of the type PUBLIC KEY or RSA PUBLIC
// KEY, or EC PRIVATE KEY, of which only the public part is kept (some accounts hand that out: PLATFORM 6.5).
// The error says what is wrong with the key, and holds none of it.
func ParseKey(algorithm, text string) (crypto.PublicKey, error) {
	if !slices.Contains(Algorithms, algorithm) {
		return nil, fmt.Errorf("%s is no algorithm that a webhook may be signed with: that is %s", shown(algorithm), strings.Join(Algorithms, ", "))
	}
	block, rest := pem.Decode([]byte(text))
	if block != nil && block.Type == "EC PARAMETERS" {
		block, rest = pem.Decode(rest) // openssl ecparam writes the curve before the key
	}
	if block == nil {
		return nil, errors.New("it is no PEM block: \"-----BEGIN PUBLIC KEY-----\" is needed")
	}
	if more, _ := pem.Decode(rest); more != nil {
		return nil, errors.New("it has more than one PEM block: exactly one key is needed")
	}
	var key any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "EC PRIVATE KEY":
		var private *ecdsa.PrivateKey
		if private, err = x509.ParseECPrivateKey(block.Bytes); err == nil {
			key = &private.PublicKey
		}
	default:
		return nil, fmt.Errorf("it is a PEM block of the type %s: \"-----BEGIN PUBLIC KEY-----\" is needed", shown(block.Type))
	}
	if err != nil {
		return nil, errors.New("it cannot be read as an RSA or EC public key")
	}
	if why := misfit(algorithm, key); why != "" {
		return nil, errors.New(why)
	}
	return key, nil
}

// misfit is why a key that was read is not to be used with an algorithm, or "". That the point
// of an EC key is on its curve was seen when it was read.
func misfit(algorithm string, key crypto.PublicKey) string {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if !strings.HasPrefix(algorithm, "RS") {
			return "it is an RSA key, which does not fit " + algorithm
		}
		return badRSA(key)
	case *ecdsa.PublicKey:
		curve := key.Curve.Params().Name
		if curves[algorithm] != curve {
			return "it is a key on the curve " + curve + ", which does not fit " + algorithm
		}
		return ""
	}
	return "it is neither an RSA nor an EC public key"
}

// curves are those of the ES algorithms (RFC 7518, 3.4).
var curves = map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}

func badRSA(key *rsa.PublicKey) string {
	switch bits := key.N.BitLen(); {
	case bits < minRSABits:
		return fmt.Sprintf("it is an RSA key of %d bits: at least %d are needed", bits, minRSABits)
	case bits > maxRSABits:
		return fmt.Sprintf("it is an RSA key of %d bits: at most %d are allowed", bits, maxRSABits)
	case key.N.Sign() <= 0 || key.N.Bit(0) == 0:
		return "it is no RSA key: its modulus is even"
	case key.E < 3 || key.E%2 == 0 || int64(key.E) > 1<<31-1:
		return "it is an RSA key with an exponent that is not odd or not from 3 to 2^31-1"
	}
	return ""
}
