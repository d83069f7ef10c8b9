package lang

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty/function"
)

func hashFunctions() []entry {
	hexOf := func(hash func([]byte) []byte) function.Function {
		return textFunc(func(s []string) (string, error) { return hex.EncodeToString(hash([]byte(s[0]))), nil }, "string")
	}
	base64Of := func(hash func([]byte) []byte) function.Function {
		return textFunc(func(s []string) (string, error) { return base64.StdEncoding.EncodeToString(hash([]byte(s[0]))), nil }, "string")
	}
	const what = "string: the text"
	return []entry{
		{name: "base64sha256", summary: "The SHA-256 of a text, in Base64.", params: []string{what}, fn: base64Of(sha256Sum)},
		{name: "base64sha512", summary: "The SHA-512 of a text, in Base64.", params: []string{what}, fn: base64Of(sha512Sum)},
		{name: "hmac_sha256", summary: "The HMAC-SHA-256 of a text, in hex.",
			params: []string{"key: the key", "text: the text"}, fn: textFunc(func(s []string) (string, error) {
				h := hmac.New(sha256.New, []byte(s[0]))
				h.Write([]byte(s[1]))
				return hex.EncodeToString(h.Sum(nil)), nil
			}, "key", "text")},
		{name: "md5", summary: "The MD5 of a text, in hex.", params: []string{what}, fn: hexOf(md5Sum)},
		{name: "sha1", summary: "The SHA-1 of a text, in hex.", params: []string{what}, fn: hexOf(sha1Sum)},
		{name: "sha256", summary: "The SHA-256 of a text, in hex.", params: []string{what}, fn: hexOf(sha256Sum)},
		{name: "sha512", summary: "The SHA-512 of a text, in hex.", params: []string{what}, fn: hexOf(sha512Sum)},
		{name: "uuidv5", summary: "The UUID of a name in a name space: always the same.",
			params: []string{"namespace: dns, url, oid, x500 or a UUID", "name: the name"}, fn: textFunc(uuidV5, "namespace", "name")},
	}
}

func uuidV5(s []string) (string, error) {
	space, known := map[string]uuid.UUID{
		"dns": uuid.NameSpaceDNS, "url": uuid.NameSpaceURL, "oid": uuid.NameSpaceOID, "x500": uuid.NameSpaceX500,
	}[s[0]]
	if !known {
		var err error
		if space, err = uuid.Parse(s[0]); err != nil {
			return "", function.NewArgErrorf(0, "must be dns, url, oid, x500 or a UUID")
		}
	}
	return uuid.NewSHA1(space, []byte(s[1])).String(), nil
}
