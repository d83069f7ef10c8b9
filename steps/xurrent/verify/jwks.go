package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"math/big"
	"slices"
)

// webKey is a public key that an issuer has published for signatures.
type webKey struct {
	key crypto.PublicKey
	// algorithm is the only one that it is for, or "".
	algorithm string
}

// parseKeySet reads a JWKS document (RFC 7517) as usable keys by id: those that are RSA or EC, sound, for
// signatures, and alone with their id. Others are left out; kinds that are not known do not count.
func parseKeySet(text []byte) (map[string]webKey, error) {
	ms, err := members(text)
	if err != nil {
		return nil, err
	}
	list, ok := elementsOf(find(ms, "keys"))
	if !ok {
		return nil, errors.New(`it has no list "keys"`)
	}
	out, times := map[string]webKey{}, map[string]int{}
	for _, el := range list {
		ms, err := members(el)
		if err != nil {
			continue // no object
		}
		kty, _ := textOf(find(ms, "kty"))
		kid, ok := textOf(find(ms, "kid"))
		if !ok || kid == "" || kty != "RSA" && kty != "EC" {
			continue
		}
		times[kid]++
		if k, ok := parseWebKey(kty, ms); ok {
			out[kid] = k
		}
	}
	for kid, n := range times {
		if n > 1 {
			delete(out, kid)
		}
	}
	return out, nil
}

func parseWebKey(kty string, ms []member) (k webKey, ok bool) {
	if use, _ := textOf(find(ms, "use")); use != "sig" {
		return k, false
	}
	if ops := find(ms, "key_ops"); ops != nil {
		if names, ok := audience(ops); !ok || ops[0] != '[' || !slices.Contains(names, "verify") {
			return k, false
		}
	}
	if alg := find(ms, "alg"); alg != nil {
		if k.algorithm, ok = textOf(alg); !ok || k.algorithm == "" {
			return k, false
		}
	}
	if kty == "RSA" {
		k.key, ok = rsaKey(ms)
	} else {
		k.key, ok = ecKey(ms)
	}
	return k, ok
}

func rsaKey(ms []member) (crypto.PublicKey, bool) {
	n, ok1 := bytesOf(find(ms, "n"), maxRSABits/8)
	e, ok2 := bytesOf(find(ms, "e"), 4)
	if !ok1 || !ok2 {
		return nil, false
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	return key, badRSA(key) == ""
}

func ecKey(ms []member) (crypto.PublicKey, bool) {
	var curve elliptic.Curve
	switch crv, _ := textOf(find(ms, "crv")); crv {
	case "P-256":
		curve = elliptic.P256()
	case "P-384":
		curve = elliptic.P384()
	case "P-521":
		curve = elliptic.P521()
	default:
		return nil, false
	}
	size := (curve.Params().BitSize + 7) / 8
	x, ok1 := bytesOf(find(ms, "x"), size)
	y, ok2 := bytesOf(find(ms, "y"), size)
	if !ok1 || !ok2 || len(x) != size || len(y) != size {
		return nil, false
	}
	// This refuses what is no point of the curve.
	key, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	return key, err == nil
}

// bytesOf is the number of a key, at most so many bytes.
func bytesOf(value []byte, most int) ([]byte, bool) {
	text, ok := textOf(value)
	if !ok || text == "" {
		return nil, false
	}
	for i := range len(text) {
		if !base64url(text[i]) {
			return nil, false
		}
	}
	b, err := strict.DecodeString(text)
	return b, err == nil && len(b) <= most
}
