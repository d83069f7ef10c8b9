// Package ingress is how runs begin: the kinds of trigger, and the HTTP server that events arrive at.
//
// The life of a request: framing refuses what two readers could frame differently, Server bounds it and finds
// the trigger by its path in the set in force (asked once, so that one request sees one blueprint), the
// trigger's kind authenticates and parses it into an Event (Trigger.Receive), discard_when, deduplication_id
// and context are asked (Trigger.Judge), Accept is handed the event and returns when it is on disk, and only
// then comes the answer. A refusal starts nothing and says nothing secret. Nothing here executes a step.
//
// Events that do not come by HTTP are made by Kind.Fire and Kind.Start, and judged in the same way.
//
// Start at kind.go, then judge.go and handler.go. It may import engine/lang and engine/schedule.
package ingress
