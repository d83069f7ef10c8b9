// Package api is the client of a Xurrent account: where its addresses are, tokens, GraphQL calls, what their
// failures mean to a run, the account's budget of requests and cost, and the storage of attachments.
//
// GraphQL goes through machinebox/graphql, which by itself takes a 429 or a 401 for success, shows the first
// error only and reads without bound. So the transport below it (wire.go) writes the body, reads the answer
// through a limit and tells statuses and headers; its client is made nowhere else and its Log is never set.
//
// It may import engine/outbound and steps. Start at [Client.Do] in do.go; pace.go keeps an
// account's calls below its limits.
package api
