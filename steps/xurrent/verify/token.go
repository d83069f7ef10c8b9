package verify

import (
	"encoding/base64"
	"strings"
)

// MaxToken is the size of a token, in bytes: the payload travels inside it (LANGUAGE section 4).
const MaxToken = 160 << 10

// Envelope looks for a token in a body: {"jwt": "…"}. signed says that there is one, whatever else the body
// has; members beside the token are signed by nobody and are for nobody to read. The error is of a body that
// is no JSON that every reader reads alike; a body of JSON that is no object is not signed.
//
// A member "jwt" that is no text gives an empty token, which Verify refuses.
func Envelope(body []byte) (token string, signed bool, err error) {
	s := scanner{b: body}
	if err := s.whole(); err != nil {
		return "", false, err
	}
	value := find(s.top, "jwt")
	if value == nil {
		return "", false, nil
	}
	token, _ = textOf(value)
	return token, true, nil
}

// parts are a token in compact form (RFC 7515, 3.1), decoded.
type parts struct {
	input  string // what is signed
	header []byte
	claims []byte
	sig    []byte
}

// strict refuses padding and trailing bits. It skips line breaks as every decoder of Go does; split has
// refused those.
var strict = base64.RawURLEncoding.Strict()

// split takes a token apart. The error never holds a part of it.
func split(token string) (parts, *Rejected) {
	if len(token) > MaxToken {
		return parts{}, reject("the token is larger than %d KiB", MaxToken>>10)
	}
	first, second, dots := 0, 0, 0
	for i := range len(token) {
		switch c := token[i]; {
		case c == '.':
			switch dots++; dots {
			case 1:
				first = i
			case 2:
				second = i
			}
		case !base64url(c):
			return parts{}, reject("the token has a character that is not of base64url")
		}
	}
	if dots != 2 {
		return parts{}, reject("the token does not have three parts")
	}
	if first == 0 || second == first+1 || second == len(token)-1 {
		return parts{}, reject("a part of the token is empty")
	}
	p := parts{input: token[:second]}
	var errs [3]error
	p.header, errs[0] = strict.DecodeString(token[:first])
	p.claims, errs[1] = strict.DecodeString(token[first+1 : second])
	p.sig, errs[2] = strict.DecodeString(token[second+1:])
	for i, name := range [...]string{"header", "claims", "signature"} {
		if errs[i] != nil {
			return parts{}, reject("the %s of the token is not strict base64url", name)
		}
	}
	return p, nil
}

func base64url(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || digit(c) || c == '-' || c == '_'
}

// maxKid is the length of a key id, in bytes.
const maxKid = 1 << 10

// header is what is used of a token's header. Keys and places of keys in it (jwk, jku, x5u, x5c) are not.
type header struct {
	algorithm string
	kid       string
	hasKid    bool
}

// refusedHeaders are those of what is not supported: extensions that must be understood (crit, b64), and
// tokens that are compressed, encrypted or inside another.
var refusedHeaders = []string{"crit", "b64", "zip", "enc", "cty"}

func readHeader(text []byte) (header, *Rejected) {
	ms, err := members(text)
	if err != nil {
		return header{}, reject("the header of the token: %s", err)
	}
	for _, name := range refusedHeaders {
		if find(ms, name) != nil {
			return header{}, reject("the token's header has %q, which is not supported", name)
		}
	}
	var h header
	if h.algorithm, _ = textOf(find(ms, "alg")); h.algorithm == "" {
		return header{}, reject("the token's header names no algorithm")
	}
	if typ := find(ms, "typ"); typ != nil {
		t, _ := textOf(typ)
		if t = strings.ToLower(t); t != "jwt" && t != "application/jwt" {
			return header{}, reject("the token's header names another type than JWT")
		}
	}
	if kid := find(ms, "kid"); kid != nil {
		if h.kid, h.hasKid = textOf(kid); !h.hasKid || len(h.kid) > maxKid {
			return header{}, reject("the token's key id is no text, or is longer than %d bytes", maxKid)
		}
	}
	return h, nil
}
