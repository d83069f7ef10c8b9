package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"
)

const (
	sqlInsertRun = `INSERT INTO run (seq, id, blueprint, runbook, version, context, grp, status, delivery, origin,
		parent, parent_step, attempt, accepted_at, started_at, wake_at, expires_at, retention, summary, sum)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`
	sqlInsertEvent = `INSERT INTO event (seq, data, sum) VALUES (?,?,?)`
	sqlByDelivery  = `SELECT id FROM run WHERE blueprint=? AND runbook=? AND delivery=? AND delivery<>''`
)

// Accept stores a new run. When it returns without an error the run is on stable
// storage. The second result is false when a run with the same Blueprint,
// Runbook and Delivery, or with the same ID, is known; that run is returned
// and nothing is stored. A zero Status is Queued, a zero Attempt 1, a zero AcceptedAt now.
//
// The error is ErrReplayed, and nothing is stored, when a run of the same Blueprint
// and Runbook has used the Nonce and the Delivery is another.
func (s *Store) Accept(ctx context.Context, r Run) (Run, bool, error) {
	if err := s.complete(&r); err != nil {
		return Run{}, false, err
	}
	sum := sumOf(0, "event", r.Event)
	var known *Run
	err := s.do(ctx, func(w *writer) error {
		known = nil // the operation may run twice
		var err error
		known, err = w.accept(&r, sum)
		return err
	})
	switch {
	case err != nil:
		return Run{}, false, err
	case known != nil:
		return *known, false, nil
	}
	return r, true, nil
}

func (s *Store) complete(r *Run) error {
	if r.Status == "" {
		r.Status = Queued
	}
	if r.Attempt == 0 {
		r.Attempt = 1
	}
	if r.AcceptedAt.IsZero() {
		r.AcceptedAt = s.now()
	}
	for _, t := range []*time.Time{&r.AcceptedAt, &r.StartedAt, &r.WakeAt, &r.ExpiresAt} {
		if !t.IsZero() {
			*t = t.Round(0).UTC()
		}
	}
	switch {
	case r.ID == "":
		return fmt.Errorf("accept a run: it has no id")
	case !r.Status.known() || r.Status.Ended():
		return fmt.Errorf("accept run %s: status %q is not one a run can start with", r.ID, r.Status)
	}
	return nil
}

// accept stores r and gives it a Seq, or returns the run that is known instead.
func (w *writer) accept(r *Run, eventSum int64) (*Run, error) {
	if r.Nonce != "" {
		// First, so that a nonce that is known is found before anything is written.
		fresh, err := w.useNonce(r)
		if err != nil {
			return nil, err
		}
		if !fresh {
			return w.repeated(r)
		}
	}
	r.Seq = w.seq + 1
	n, err := w.c.exec(sqlInsertRun, r.Seq, r.ID, r.Blueprint, r.Runbook, r.Version, r.Context, r.Group, r.Status, r.Delivery, r.Origin,
		r.Parent, r.ParentStep, r.Attempt, r.AcceptedAt.UnixNano(), nanos(r.StartedAt), nanos(r.WakeAt), nanos(r.ExpiresAt), int64(r.Retention), r.Summary, r.sum())
	if err != nil {
		return nil, err
	}
	if n == 0 {
		if r.Nonce != "" { // only a run that is stored uses it
			if _, err := w.c.exec(sqlDropNonce, r.Blueprint, r.Runbook, r.Nonce, r.ID); err != nil {
				return nil, err
			}
		}
		return w.known(r)
	}
	w.seq++
	if _, err := w.c.exec(sqlInsertEvent, r.Seq, r.Event, eventSum); err != nil {
		return nil, err
	}
	w.remember(r.ID, &openRun{seq: r.Seq, bare: true})
	return nil, nil
}

// repeated is the run of the delivery that has used the nonce of r before. The nonce under another delivery is
// a replay.
func (w *writer) repeated(r *Run) (*Run, error) {
	w.c.wrote = false // not a row, so what shares the transaction need not run again
	known, err := w.known(r)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("accept run %s: %w", r.ID, ErrReplayed)
	}
	return known, err
}

func (w *writer) known(r *Run) (*Run, error) {
	ctx := context.Background()
	id := r.ID
	if r.Delivery != "" {
		err := w.c.query(ctx, sqlByDelivery, func(row []driver.Value) error { id = str(row[0]); return errStop },
			r.Blueprint, r.Runbook, r.Delivery)
		if err != nil {
			return nil, err
		}
	}
	known, err := readRun(ctx, w.c, id)
	if err != nil {
		return nil, fmt.Errorf("accept run %s: %w", r.ID, err)
	}
	return &known, nil
}
