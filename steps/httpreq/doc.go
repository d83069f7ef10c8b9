// Package httpreq declares the step kind "http", one call of someone's HTTP API, and the connection type
// "http", where such an API is and how to sign in to it.
//
// Calls go out through engine/outbound alone, which guards addresses, bounds answers and follows redirects.
// A connection owns one client, and calls without a connection share one: no call makes a client or a
// transport of its own. What is secret goes on the wire and nowhere else: every message is redacted, and an
// answer that repeats a secret is marked sensitive.
//
// It may import steps, engine/lang and engine/outbound. Start at kind.go; exchange.go is one call from its
// arguments to its answer, connection.go the connection.
package httpreq
