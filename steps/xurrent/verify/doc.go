// Package verify decides whether a webhook's signed body (a JWT) is from the account that it should be from.
//
// The signature itself is golang-jwt's work. What that library leaves open is checked here around it: the
// form of the token, JSON that every reader reads alike, a policy that chooses algorithm and key, the issuer,
// the times. What costs little comes first, and nothing is fetched for a token that fails it: size, form,
// issuer, audience, times, then the key, then the signature (PLATFORM 6.6, PROMISES section 1).
//
// Keys that are not configured are the issuer's own, found by OpenID discovery (PLATFORM 6.8, PROMISES
// section 2). They are cached, and asked for so that neither a flood of tokens nor a dead server of one
// issuer keeps the events of another waiting.
//
// Whether an id (jti) was seen before is not decided here: the journal keeps those, in the same transaction as
// the run that an event starts. A Token says for how long.
//
// Start at Verify in verify.go; then token.go and claims.go (what a token says), key.go (configured keys),
// jwks.go, discover.go and keys.go (those of an issuer), callback.go (webhook.verify). It may import
// engine/outbound.
package verify
