package verify

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"currant/engine/outbound"
)

const (
	// Leeway is how far the clocks of sender and receiver may be apart (LANGUAGE section 4).
	Leeway = 60 * time.Second
	// MaxID is the length of a token's id, in characters.
	MaxID = 256
	// maxTime is the end of the year 9999, in seconds: what is later is no time but a mistake.
	maxTime = 253402300799
)

// claims are what is used of a token's claims.
type claims struct {
	issuer        string
	audience      []string
	id            string
	exp, nbf, iat claimedTime
	data          json.RawMessage
}

type claimedTime struct {
	at    time.Time
	given bool
}

func readClaims(text []byte) (claims, *Rejected) {
	ms, err := members(text)
	if err != nil {
		return claims{}, reject("the claims of the token: %s", err)
	}
	var c claims
	for i := range ms {
		value, ok := ms[i].value, true
		switch string(ms[i].name) {
		case "iss":
			c.issuer, ok = textOf(value)
		case "aud":
			c.audience, ok = audience(value)
		case "jti":
			c.id, ok = textOf(value)
			ok = ok && c.id != "" && utf8.RuneCountInString(c.id) <= MaxID
		case "sub":
			_, ok = textOf(value)
		case "exp":
			c.exp, ok = timeOf(value)
		case "nbf":
			c.nbf, ok = timeOf(value)
		case "iat":
			c.iat, ok = timeOf(value)
		case "data":
			c.data = value
		}
		if !ok {
			return claims{}, reject("the claim %q has a wrong type or length", ms[i].name)
		}
	}
	return c, nil
}

// audience is a text or a list of texts (RFC 7519, 4.1.3).
func audience(value []byte) ([]string, bool) {
	if s, ok := textOf(value); ok {
		return []string{s}, true
	}
	elements, ok := elementsOf(value)
	if !ok {
		return nil, false
	}
	out := make([]string, len(elements))
	for i, el := range elements {
		if out[i], ok = textOf(el); !ok {
			return nil, false
		}
	}
	return out, true
}

// timeOf is a number of seconds since 1970. Zero is a time like any other.
func timeOf(value []byte) (claimedTime, bool) {
	if len(value) == 0 || len(value) > 40 || !digit(value[0]) && value[0] != '-' {
		return claimedTime{}, false
	}
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil || f < 0 || f > maxTime {
		return claimedTime{}, false
	}
	whole := int64(f)
	return claimedTime{time.Unix(whole, int64((f-float64(whole))*1e9)), true}, true
}

// checkTimes compares with now as PLATFORM 6.6 does: exp and nbf with the leeway; iat within the leeway of
// now, or of older age where that is set.
func (c *claims) checkTimes(now time.Time, maxAge time.Duration) *Rejected {
	switch {
	case c.exp.given && c.exp.at.Before(now.Add(-Leeway)):
		return reject("the token has expired")
	case c.nbf.given && c.nbf.at.After(now.Add(Leeway)):
		return reject("the token is not valid yet")
	case c.iat.given && c.iat.at.After(now.Add(Leeway)):
		return reject("the token was issued in the future; is this machine's clock right?")
	case c.iat.given && c.iat.at.Before(now.Add(-maxAge)):
		return reject("the token was issued more than %s ago", maxAge)
	}
	return nil
}

// until is when the token can be accepted no longer: zero is never. The leeway on top of the limits is for
// requests that were verified in time and are stored a little later.
func (c *claims) until(maxAge time.Duration) (t time.Time) {
	if c.iat.given {
		t = c.iat.at.Add(maxAge + Leeway)
	}
	if c.exp.given {
		if end := c.exp.at.Add(2 * Leeway); t.IsZero() || end.Before(t) {
			t = end
		}
	}
	return t
}

func (c *claims) checkAudience(want string) *Rejected {
	if want != "" && !slices.Contains(c.audience, want) {
		return reject("the token is not for the audience %q", want)
	}
	return nil
}

// checkIssuer compares the issuer with those configured, byte for byte, or, where none is, with the prefix
// (PLATFORM 6.7).
func (v *Verifier) checkIssuer(issuer string, p *Policy) *Rejected {
	switch {
	case len(p.Issuers) == 0 && p.IssuerPrefix == "":
		return reject("no issuer can be accepted: the policy names none, and no connection tells the account's")
	case issuer == "":
		return reject("the token names no issuer")
	case len(p.Issuers) > 0:
		if !slices.Contains(p.Issuers, issuer) {
			return reject("the issuer %s is none of those configured (%s)", shown(issuer), strings.Join(p.Issuers, ", "))
		}
		return nil
	case !under(p.IssuerPrefix, issuer) || !v.secure(issuer):
		return reject("the issuer %s does not belong to %s", shown(issuer), p.IssuerPrefix)
	}
	return nil
}

// under says whether an issuer is a prefix or below it. Comparing the text leaves no room for two readings
// of its scheme, user, host or port: what follows the prefix is a path of plain characters.
func under(prefix, issuer string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	rest, ok := strings.CutPrefix(issuer, prefix)
	if !ok || prefix == "" || rest != "" && rest[0] != '/' {
		return false
	}
	for i := range len(rest) {
		if c := rest[i]; !base64url(c) && c != '/' && c != '.' && c != '~' {
			return false
		}
	}
	return !strings.Contains(rest+"/", "/../") && !strings.Contains(rest+"/", "/./") && !strings.Contains(rest, "//")
}

// secure says whether an issuer's scheme may be trusted: https, or http of a simulated account.
func (v *Verifier) secure(issuer string) bool {
	return strings.HasPrefix(issuer, "https://") || v.insecure != "" && under(v.insecure, issuer)
}

// shown is a text from a token, fit for a log line. It is cut far below the length of a token.
func shown(s string) string { return strconv.Quote(outbound.EscapeLog(s, 200)) }
