package journal

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"
)

const (
	sqlDue = `SELECT seq FROM run WHERE prune_at<=? AND prune_at IS NOT NULL AND status IN ('finished','failed','cancelled')
		ORDER BY prune_at LIMIT ?`
	sqlPruneLogs    = `DELETE FROM log WHERE run=?1 AND n<(SELECT min(n) FROM log WHERE run=?1)+?2`
	sqlPruneEnding  = `DELETE FROM ending WHERE seq=?`
	sqlPruneEvent   = `DELETE FROM event WHERE seq=?`
	sqlPruneRun     = `DELETE FROM run WHERE seq=?`
	sqlKeepSeq      = `INSERT INTO meta (key, value) VALUES ('seq', ?) ON CONFLICT (key) DO UPDATE SET value=excluded.value WHERE value<excluded.value`
	sqlOldVersions  = `SELECT digest FROM version WHERE current=0`
	sqlInUse        = `SELECT DISTINCT version FROM run`
	sqlTopRun       = `SELECT max(seq) FROM run`
	sqlPruneVersion = `DELETE FROM version WHERE digest=?1 AND current=0 AND NOT EXISTS (SELECT 1 FROM run WHERE seq>?2 AND version=?1)`
)

// What one step of Prune deletes at most, so that accepting and running go on
// between the steps.
const (
	stepRuns = 64
	stepLogs = 2048
)

// Prune deletes ended runs whose retention is over at now, oldest first and at
// most maxRows of them, with their histories and logs, and texts of blueprints
// that neither a run nor the present needs, and the nonces whose time is over. It
// returns how many runs are gone.
// Runs that have not ended are never touched.
func (s *Store) Prune(ctx context.Context, now time.Time, maxRows int) (int, error) {
	total := 0
	for total < maxRows {
		var runs int
		var more bool
		err := s.do(ctx, func(w *writer) (err error) {
			runs, more, err = w.pruneStep(now, min(stepRuns, maxRows-total))
			return err
		})
		if err != nil {
			return total, fmt.Errorf("prune: %w", err)
		}
		total += runs
		if !more {
			break
		}
	}
	if err := s.pruneVersions(ctx); err != nil {
		return total, fmt.Errorf("prune: %w", err)
	}
	if err := s.pruneNonces(ctx, now); err != nil {
		return total, fmt.Errorf("prune: %w", err)
	}
	return total, nil
}

// pruneStep deletes up to limit runs or stepLogs log lines; more says that
// something may be left.
func (w *writer) pruneStep(now time.Time, limit int) (runs int, more bool, err error) {
	var due []int64
	err = w.c.query(context.Background(), sqlDue, func(row []driver.Value) error {
		due = append(due, num(row[0]))
		return nil
	}, now.UnixNano(), limit)
	if err != nil || len(due) == 0 {
		return 0, false, err
	}
	if _, err := w.c.exec(sqlKeepSeq, w.seq); err != nil {
		return 0, false, err
	}
	lines := int64(stepLogs)
	for _, seq := range due {
		n, err := w.c.exec(sqlPruneLogs, seq, lines)
		if err != nil {
			return runs, false, err
		}
		if lines -= n; lines <= 0 {
			return runs, true, nil // this run goes in the next step
		}
		for _, sql := range []string{sqlPruneEnding, sqlPruneEvent, sqlPruneRun} {
			if _, err := w.c.exec(sql, seq); err != nil {
				return runs, false, err
			}
		}
		runs++
	}
	return runs, true, nil
}

// pruneVersions looks for unused texts in a read, which may take a while, and
// deletes them in a write that only has to look at the runs that came since.
func (s *Store) pruneVersions(ctx context.Context) error {
	old := map[string]bool{}
	var top int64
	err := s.read.use(ctx, func(c *conn) error {
		err := c.query(ctx, sqlOldVersions, func(row []driver.Value) error { old[str(row[0])] = true; return nil })
		if err != nil || len(old) == 0 {
			return err
		}
		v, err := c.scalar(ctx, sqlTopRun)
		if err != nil {
			return err
		}
		top = num(v)
		return c.query(ctx, sqlInUse, func(row []driver.Value) error { delete(old, str(row[0])); return nil })
	})
	if err != nil || len(old) == 0 {
		return err
	}
	return s.do(ctx, func(w *writer) error {
		for digest := range old {
			if _, err := w.c.exec(sqlPruneVersion, digest, top); err != nil {
				return err
			}
		}
		return nil
	})
}
