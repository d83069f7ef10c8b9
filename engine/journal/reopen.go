package journal

import (
	"context"
	"fmt"
	"time"
)

const (
	sqlReopen = `UPDATE run SET status='queued', started_at=NULL, ended_at=NULL, wake_at=NULL, prune_at=NULL,
		expires_at=?4, summary='', attempt=?2, sum=?3 WHERE seq=?1`
	sqlDropEnding = `DELETE FROM ending WHERE seq=?`
)

// Reopen queues an ended run again, as a new attempt, with the records it is to
// go on from: put is what the engine takes from the history, without those
// whose path matches an entry of drop (as in Write.Delete). It has until expires
// (zero: forever). History and outcome are gone afterwards; the log stays. The
// error is ErrNotEnded for a run still going.
func (s *Store) Reopen(ctx context.Context, id string, expires time.Time, put []Record, drop []string) (Run, error) {
	c, err := prepare(Write{Run: id, Put: without(put, drop)})
	if err != nil {
		return Run{}, err
	}
	var run Run
	err = s.do(ctx, func(w *writer) error {
		r, err := readRun(context.Background(), w.c, id)
		if err != nil {
			return err
		}
		if !r.Status.Ended() {
			return ErrNotEnded
		}
		next := Run{
			Seq: r.Seq, ID: r.ID, Blueprint: r.Blueprint, Runbook: r.Runbook, Version: r.Version, Context: r.Context, Group: r.Group,
			Status: Queued, Delivery: r.Delivery, Origin: r.Origin, Parent: r.Parent, ParentStep: r.ParentStep,
			Attempt: r.Attempt + 1, AcceptedAt: r.AcceptedAt, ExpiresAt: expires, Retention: r.Retention, Event: r.Event,
		}
		if _, err := w.c.exec(sqlReopen, next.Seq, next.Attempt, next.sum(), nanos(next.ExpiresAt)); err != nil {
			return err
		}
		if _, err := w.c.exec(sqlDropEnding, next.Seq); err != nil {
			return err
		}
		open := w.remember(id, &openRun{seq: next.Seq, bare: true})
		run = next
		return w.records(open, nil, c.Put, c.blobs, false)
	})
	if err != nil {
		return Run{}, fmt.Errorf("reopen run %s: %w", id, err)
	}
	return run, nil
}

func without(put []Record, drop []string) []Record {
	var kept []Record
	for _, p := range put {
		if !matches(p.Path, drop) {
			kept = append(kept, p)
		}
	}
	return kept
}
