package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	"currant/engine/compile"
	"currant/engine/ingress"
	"currant/engine/journal"
	"currant/engine/run"
)

// Start asks for a run of a runbook.
type Start struct {
	Value    cty.Value // `trigger`
	Delivery string    // starts at most one run of the runbook; "" always starts one
	// Nonce starts at most one run of the runbook until NonceUntil, whatever the delivery; "" is none.
	Nonce      string
	NonceUntil time.Time
	Context    string
	At         time.Time // of the event; zero is now
	Origin     string    // the run that this one repeats
	// Parent is the run, and the path of its step, that waits for this one.
	Parent, ParentStep string
	// ID is the run's uuid; "" makes one.
	ID string
}

// Start stores a run and lets it go. fresh is false where the delivery had started one before. It returns
// when the run is on disk. The error is a refusal like any other of a signature where another delivery has
// used the nonce.
func (e *Engine) Start(ctx context.Context, rb *compile.Runbook, s Start) (id string, fresh bool, err error) {
	if e.full() {
		return "", false, e.errBusy()
	}
	r, err := e.newRun(rb, s)
	if err != nil {
		return "", false, err
	}
	stored, fresh, err := e.store.Accept(ctx, r)
	if err != nil {
		return "", false, e.errStore(err)
	}
	if fresh {
		e.admit(&stored, rb, s.Value)
	}
	return stored.ID, fresh, nil
}

func (e *Engine) newRun(rb *compile.Runbook, s Start) (journal.Run, error) {
	if s.ID == "" {
		id, err := uuid.NewV7()
		if err != nil {
			return journal.Run{}, err
		}
		s.ID = id.String()
	}
	now := time.Now()
	if s.At.IsZero() {
		s.At = now
	}
	if t := rb.Trigger; s.Context == "" && t.Body.Attr("context") != nil {
		ev, err := t.Judge(ingress.Event{Value: s.Value, At: s.At})
		if err != nil {
			return journal.Run{}, err
		}
		s.Context = ev.Context
	}
	codec := &run.Codec{Sealer: e.vault, Run: s.ID}
	event, err := codec.Write("trigger", s.Value)
	if err != nil {
		return journal.Run{}, fmt.Errorf("store the event: %w", err)
	}
	return journal.Run{ID: s.ID, Blueprint: rb.Blueprint.Name, Runbook: rb.Name, Version: rb.Blueprint.Digest, Context: s.Context,
		Group: groupKey(rb, s.Context), Status: journal.Queued, Delivery: s.Delivery,
		Nonce: s.Nonce, NonceUntil: s.NonceUntil, Origin: s.Origin, Parent: s.Parent,
		ParentStep: s.ParentStep, Attempt: 1, AcceptedAt: now, ExpiresAt: now.Add(rb.Timeout), Retention: rb.Retention, Event: event}, nil
}

// groupKey names the runs that go one at a time; "" for none.
func groupKey(rb *compile.Runbook, context string) string {
	switch rb.Concurrency {
	case "per_runbook":
		return rb.Blueprint.Name + "/" + rb.Name
	case "per_context":
		return rb.Blueprint.Name + "/" + rb.Name + "/" + context
	}
	return ""
}
