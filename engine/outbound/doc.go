// Package outbound is the one door for every call that Currant makes: GraphQL,
// HTTP steps, polls, token requests, key discovery and callbacks. It decides
// which addresses may be dialled, bounds what comes back, follows redirects
// without carrying secrets away, reads Retry-After, and keeps secrets out of
// errors and log lines.
//
// It imports the standard library only, and nothing of ours. (The tests compare
// its table with code.dny.dev/ssrf.)
//
// Start reading at [Client.Do] in call.go, then [Denied] in judge.go: the
// decision itself is made in the dialer (client.go), on the address that is
// about to be dialled, for each address and each attempt. A check of the name
// before the call would prove nothing, for a name may resolve differently the
// next time.
//
// # What a proxy can undo
//
// A proxy is used only where [Policy].Proxy asks for one; HTTP_PROXY alone
// changes nothing. With a proxy the connection that we dial is the proxy's, so
// the guard resolves the target itself and judges every address that it finds
// before the request leaves, and refuses a target that it cannot resolve. The
// proxy then resolves the name again, and we cannot see its answer: a name that
// changes in between reaches whatever the proxy lets it reach. Where blueprints
// are not trusted, the proxy needs a guard of its own.
package outbound
