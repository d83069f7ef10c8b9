package verify

import (
	"context"
	"crypto"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"currant/engine/outbound"
)

// Policy is what a webhook accepts. The policy, never the token, chooses algorithm and key.
type Policy struct {
	// Issuers are the issuers that are accepted, byte for byte. An account with an old and a new domain has two.
	Issuers []string
	// IssuerPrefix is, where there are no Issuers, the address of the account: the issuer is this or below it.
	IssuerPrefix string
	// Algorithm is the only one that is accepted; "" accepts each of Algorithms, and then Key is nil.
	Algorithm string
	// Key is what ParseKey made. nil: the issuer's own keys, found by discovery.
	Key crypto.PublicKey
	// Audience is the one that a token must name; "" accepts any, or none.
	Audience string
}

// Options are a Verifier's settings.
type Options struct {
	// Outbound bounds the calls for keys and callbacks. Its limits of time and size are set here.
	Outbound outbound.Policy
	// Now is the clock for tokens and caches; nil is time.Now.
	Now func() time.Time
	// Log gets what an operator should know of keys that cannot be fetched; nil discards it.
	Log *slog.Logger
	// MaxAge is how long ago a token may have been issued; 0 is Leeway.
	MaxAge time.Duration
	// InsecureIssuer is the address of a simulated account, for which http is as good as https; "" is none.
	InsecureIssuer string
}

// Verifier verifies tokens. It is safe for concurrent use. Close it when done.
type Verifier struct {
	now      func() time.Time
	maxAge   time.Duration
	insecure string
	client   *outbound.Client
	keys     *keys
}

// New makes a Verifier. It calls nobody before a token needs a key.
func New(o Options) *Verifier {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxAge <= 0 {
		o.MaxAge = Leeway
	}
	o.Outbound.ConnectTimeout, o.Outbound.Timeout, o.Outbound.MaxBody = connectTimeout, exchangeTimeout, maxDocument
	v := &Verifier{now: o.Now, maxAge: o.MaxAge, insecure: o.InsecureIssuer, client: outbound.NewClient(o.Outbound)}
	v.keys = newKeys(o.Now, o.Log, v.discover)
	return v
}

// Close ends calls that are under way and waits for them.
func (v *Verifier) Close() {
	v.keys.close()
	v.client.Close()
}

// Token is what a verified token says.
type Token struct {
	// Issuer is the account, or a policy below it: https://acme.xurrent.com/webhook_policies/1.
	Issuer string
	// ID is the token's id (jti), by which it starts at most one run; "" where it has none.
	ID string
	// Until is when the token can be accepted no longer, so that its ID must be remembered no longer; zero is
	// never.
	Until time.Time
	// Data is the event: the claim `data`, JSON whose objects have unique names; nil where there is none.
	Data json.RawMessage
}

// Rejected is a token that is not accepted. Its text is for the log, and never holds the token.
type Rejected struct {
	Reason string
	// Kid is the key id that the token names, or "".
	Kid string
}

func (r *Rejected) Error() string {
	if r.Kid == "" {
		return r.Reason
	}
	return r.Reason + " (kid " + shown(r.Kid) + ")"
}

func reject(format string, args ...any) *Rejected {
	return &Rejected{Reason: fmt.Sprintf(format, args...)}
}

// Verify accepts a token by a policy. Any error is a *Rejected; also where the issuer's keys could not be
// fetched, for then nothing is known of the token.
func (v *Verifier) Verify(ctx context.Context, token string, p Policy) (*Token, error) {
	parts, bad := split(token)
	if bad != nil {
		return nil, bad
	}
	h, bad := readHeader(parts.header)
	if bad != nil {
		return nil, bad
	}
	t, bad := v.verify(ctx, parts, h, p)
	if bad != nil {
		bad.Kid = h.kid
		return nil, bad
	}
	return t, nil
}

func (v *Verifier) verify(ctx context.Context, parts parts, h header, p Policy) (*Token, *Rejected) {
	if bad := p.checkAlgorithm(h.algorithm); bad != nil {
		return nil, bad
	}
	c, bad := readClaims(parts.claims)
	if bad != nil {
		return nil, bad
	}
	if bad := v.checkIssuer(c.issuer, &p); bad != nil {
		return nil, bad
	}
	if bad := c.checkAudience(p.Audience); bad != nil {
		return nil, bad
	}
	if bad := c.checkTimes(v.now(), v.maxAge); bad != nil {
		return nil, bad
	}
	if !fitsLength(h.algorithm, len(parts.sig)) {
		return nil, reject("the signature has a length that no signature of %s has", h.algorithm)
	}
	key := p.Key
	if key == nil {
		if !h.hasKid {
			return nil, reject("the token names no key id, and no public key is configured")
		}
		var err error
		if key, err = v.keys.find(ctx, c.issuer, h.kid, h.algorithm); err != nil {
			return nil, reject("%s", err)
		}
	}
	if why := misfit(h.algorithm, key); why != "" {
		return nil, reject("the key cannot be used: %s", why)
	}
	if err := jwt.GetSigningMethod(h.algorithm).Verify(parts.input, parts.sig, key); err != nil {
		return nil, reject("the signature is not of the key")
	}
	return &Token{Issuer: c.issuer, ID: c.id, Until: c.until(v.maxAge), Data: c.data}, nil
}

// fitsLength says whether a signature may have a length, in bytes: r and s of fixed width (RFC 7518, 3.4), or
// one of the sizes of RSA keys.
func fitsLength(algorithm string, n int) bool {
	switch algorithm {
	case "ES256":
		return n == 2*32
	case "ES384":
		return n == 2*48
	case "ES512":
		return n == 2*66
	}
	return n >= minRSABits/8 && n <= maxRSABits/8
}

// checkAlgorithm compares byte for byte: there is one spelling of each name.
func (p *Policy) checkAlgorithm(named string) *Rejected {
	switch {
	case !slices.Contains(Algorithms, named):
		return reject("the algorithm %s is not accepted", shown(named))
	case p.Algorithm == "" && p.Key != nil:
		return reject("the policy has a key, and no algorithm to use it with")
	case p.Algorithm != "" && p.Algorithm != named:
		return reject("the algorithm is %s, not %s as in the policy", named, p.Algorithm)
	}
	return nil
}
