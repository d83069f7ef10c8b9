// Package ingress is how runs begin: the kinds of trigger, and the HTTP server that events arrive at.
//
// The life of a request: Server bounds it, finds the trigger by its path in the set in force (asked once,
// so that one request sees one blueprint), has the trigger's kind authenticate and parse it into an Event,
// asks discard_when, hands the event to Accept, which returns when it is on disk, and only then answers.
// A refusal starts nothing and says nothing secret. Nothing here executes a step.
//
// Start at kind.go, then server.go. It may import engine/lang and engine/schedule.
package ingress
