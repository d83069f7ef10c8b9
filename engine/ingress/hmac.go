package ingress

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // some senders sign with nothing else; HMAC-SHA1 is not broken
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/lang"
)

// maxSignatures bounds how many signatures one header may have: senders that rotate secrets send several.
const maxSignatures = 8

func (a *hmacArgs) verify(r *Request, scope *lang.Scope, signed hclsyntax.Expression) *Refusal {
	if a.Secret == "" {
		return Unauthorized("auth \"hmac\": the secret is empty or null")
	}
	values := r.Header.Values(a.Header)
	if len(values) != 1 {
		return Unauthorized("auth \"hmac\": not one header %s", shown(a.Header))
	}
	if refusal := a.timely(r); refusal != nil {
		return refusal
	}
	var hashOf func() hash.Hash
	switch a.Algorithm {
	case "sha1":
		hashOf = sha1.New
	case "sha512":
		hashOf = sha512.New
	default:
		hashOf = sha256.New
	}
	mac := hmac.New(hashOf, []byte(a.Secret))
	if signed == nil {
		mac.Write(r.Body)
	} else if err := writeSigned(mac, signed, r, scope); err != nil {
		return Unauthorized("auth \"hmac\": %s", err)
	}
	want := mac.Sum(nil)
	found := false
	candidates := strings.Fields(values[0])
	if len(candidates) > maxSignatures {
		candidates = candidates[:maxSignatures]
	}
	for _, c := range candidates {
		text, ok := strings.CutPrefix(c, a.Prefix)
		if !ok {
			continue
		}
		if got, err := a.decode(text); err == nil && hmac.Equal(got, want) {
			found = true
		}
	}
	if !found {
		return Unauthorized("auth \"hmac\": wrong signature, prefix or encoding in %s", shown(a.Header))
	}
	return nil
}

func (a *hmacArgs) decode(text string) ([]byte, error) {
	if a.Encoding == "base64" {
		return base64.StdEncoding.Strict().DecodeString(text)
	}
	return hex.DecodeString(text)
}

func (a *hmacArgs) timely(r *Request) *Refusal {
	if a.TimestampHeader == "" {
		return nil
	}
	values := r.Header.Values(a.TimestampHeader)
	if len(values) != 1 {
		return Unauthorized("auth \"hmac\": not one header %s", shown(a.TimestampHeader))
	}
	sent, err := parseStamp(values[0])
	if err != nil {
		return Unauthorized("auth \"hmac\": %s in %s", err, shown(a.TimestampHeader))
	}
	tolerance := a.Tolerance
	if tolerance <= 0 {
		tolerance = 5 * time.Minute
	}
	if age := r.At.Sub(sent); age > tolerance || age < -tolerance {
		return Unauthorized("auth \"hmac\": the request was sent at %s, %s from now; %s are tolerated", sent.UTC().Format(time.RFC3339), age.Round(time.Second), tolerance)
	}
	return nil
}

// parseStamp reads seconds, or milliseconds, since 1970, or RFC 3339.
func parseStamp(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if len(text) == 0 || len(text) > 13 || strings.Trim(text, "0123456789") != "" {
		return time.Time{}, errors.New("no time")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, errors.New("no time")
	}
	const year5138 = 100_000_000_000 // what is larger cannot be seconds
	if n >= year5138 {
		return time.UnixMilli(n), nil
	}
	return time.Unix(n, 0), nil
}

// writeSigned writes the bytes that an expression says are signed. A template's parts are written one by one
// and request.body as it was received: a text of the language is in Unicode's normal form C, so that its
// bytes may differ from those that the sender signed.
func writeSigned(mac hash.Hash, e hclsyntax.Expression, r *Request, scope *lang.Scope) error {
	switch e := plain(e).(type) {
	case *hclsyntax.ParenthesesExpr:
		return writeSigned(mac, e.Expression, r, scope)
	case *hclsyntax.TemplateWrapExpr:
		return writeSigned(mac, e.Wrapped, r, scope)
	case *hclsyntax.TemplateExpr:
		for _, part := range e.Parts {
			if err := writeSigned(mac, part, r, scope); err != nil {
				return err
			}
		}
		return nil
	case *hclsyntax.ScopeTraversalExpr:
		if isRequestBody(e) {
			mac.Write(r.Body)
			return nil
		}
	}
	marked, diags := scope.Eval(e, cty.String)
	if diags.HasErrors() {
		return errors.New(diagText(diags))
	}
	v, _ := marked.Unmark()
	if !v.IsKnown() || v.IsNull() {
		return errors.New("a part of \"signed\" is null")
	}
	mac.Write([]byte(v.AsString()))
	return nil
}

func isRequestBody(e *hclsyntax.ScopeTraversalExpr) bool {
	if len(e.Traversal) != 2 || e.Traversal.RootName() != "request" {
		return false
	}
	name, ok := traversalName(e)
	return ok && name == "body"
}

func traversalName(e *hclsyntax.ScopeTraversalExpr) (string, bool) {
	switch s := e.Traversal[1].(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String && s.Key.IsKnown() && !s.Key.IsNull() {
			return s.Key.AsString(), true
		}
	}
	return "", false
}
