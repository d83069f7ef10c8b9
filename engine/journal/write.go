package journal

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
)

const (
	sqlOpen         = `SELECT seq, status FROM run WHERE id=?`
	sqlDelete       = `DELETE FROM record WHERE run=? AND path=?`
	sqlDeletePrefix = `DELETE FROM record WHERE run=? AND path>=? AND path<?`
	sqlDeleteFrom   = `DELETE FROM record WHERE run=? AND path>=?`
	sqlDeleteAll    = `DELETE FROM record WHERE run=?`
	sqlPut          = `INSERT INTO record (run, path, data, blob, sum) VALUES (?,?,?,?,?)
		ON CONFLICT (run, path) DO UPDATE SET data=excluded.data, blob=excluded.blob, sum=excluded.sum`
	sqlPutBlob     = `INSERT INTO blob (sha, data) VALUES (?,?) ON CONFLICT DO NOTHING`
	sqlBlobs       = `SELECT DISTINCT blob FROM record WHERE run=? AND blob IS NOT NULL`
	sqlDropBlob    = `DELETE FROM blob WHERE sha=?1 AND NOT EXISTS (SELECT 1 FROM record WHERE blob=?1 AND blob IS NOT NULL)`
	sqlLastLog     = `SELECT max(n) FROM log WHERE run=?`
	sqlLog         = `INSERT INTO log (run, n, at, level, step, message, data, sum) VALUES (?,?,?,?,?,?,?,?)`
	sqlSetStatus   = `UPDATE run SET status=?2, wake_at=?3, started_at=coalesce(?4, started_at) WHERE seq=?1`
	sqlSetWake     = `UPDATE run SET wake_at=?2, started_at=coalesce(?3, started_at) WHERE seq=?1`
	sqlWake        = `UPDATE run SET wake_at=? WHERE id=? AND status='waiting'`
	sqlEnd         = `UPDATE run SET status=?2, started_at=COALESCE(?5, started_at), ended_at=?3, wake_at=NULL, prune_at=?3+retention, summary=?4 WHERE seq=?1`
	sqlEnding      = `INSERT INTO ending (seq, outcome, outcome_sum, codec, history_sum, history) VALUES (?,?,?,?,?,?)`
	anyOfTheRecord = "*"
)

// change is a Write made ready outside the writer's goroutine.
type change struct {
	Write
	blobs   [][]byte // SHA-256 per Put, nil when stored in the row
	codec   int
	history []byte
}

func prepare(w Write) (*change, error) {
	c := &change{Write: w}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("write to run %s: %w", w.Run, err)
	}
	for i, p := range w.Put {
		if len(p.Data) >= blobFrom {
			if c.blobs == nil {
				c.blobs = make([][]byte, len(w.Put))
			}
			c.blobs[i] = shaOf(p.Data)
		}
	}
	if w.End != nil {
		c.codec, c.history = pack(w.End.History)
	}
	return c, nil
}

func (w *Write) check() error {
	switch {
	case w.Run == "":
		return fmt.Errorf("no run is named")
	case w.Update != nil && w.Update.Status != "" && (!w.Update.Status.known() || w.Update.Status.Ended()):
		return fmt.Errorf("status %q needs an End", w.Update.Status)
	case w.End != nil && !w.End.Status.Ended():
		return fmt.Errorf("a run cannot end with status %q", w.End.Status)
	case w.End != nil && w.End.At.IsZero():
		return fmt.Errorf("the end has no time")
	}
	return nil
}

// Commit stores what a run writes; all or nothing. When it returns nil it is on stable
// storage. The error is ErrNotFound for an unknown run, ErrEnded for one that
// has ended. The caller must not change the slices of w before Commit returns.
func (s *Store) Commit(ctx context.Context, w Write) error {
	c, err := prepare(w)
	if err != nil {
		return err
	}
	return s.do(ctx, c.apply)
}

// Submit is Commit without waiting: writes take effect in the order they are
// submitted, and done gets the answer after the commit. done runs on the
// writer's goroutine and must not block; it may call Submit. The slices of w belong
// to the store until then. done may be nil.
func (s *Store) Submit(w Write, done func(error)) {
	if done == nil {
		done = func(error) {}
	}
	c, err := prepare(w)
	if err != nil {
		// In order with the others, on the same goroutine.
		if !s.queue.push(&op{run: func(*writer) error { return err }, done: done}) {
			done(ErrClosed)
		}
		return
	}
	if !s.queue.push(&op{run: c.apply, done: done}) {
		done(ErrClosed)
	}
}

func (c *change) apply(w *writer) error {
	run, err := w.unfinished(c.Run)
	if err != nil {
		return fmt.Errorf("write to run %s: %w", c.Run, err)
	}
	if err := w.records(run, c.Delete, c.Put, c.blobs, c.End != nil); err != nil {
		return err
	}
	if err := w.logs(run.seq, c.Logs); err != nil {
		return err
	}
	if u := c.Update; u != nil {
		if u.Status == "" {
			_, err = w.c.exec(sqlSetWake, run.seq, nanos(u.WakeAt), nanos(u.StartedAt))
		} else {
			_, err = w.c.exec(sqlSetStatus, run.seq, u.Status, nanos(u.WakeAt), nanos(u.StartedAt))
		}
		if err != nil {
			return err
		}
	}
	if c.End != nil {
		if err := w.end(run.seq, c); err != nil {
			return err
		}
		delete(w.open, c.Run)
	}
	for _, id := range c.Wake {
		if _, err := w.c.exec(sqlWake, w.now().UnixNano(), id); err != nil {
			return err
		}
	}
	return nil
}

// unfinished finds a run that may still write.
func (w *writer) unfinished(id string) (*openRun, error) {
	if r, ok := w.open[id]; ok {
		return r, nil
	}
	var seq int64
	var status Status
	err := w.c.query(context.Background(), sqlOpen, func(row []driver.Value) error {
		seq, status = num(row[0]), Status(str(row[1]))
		return errStop
	}, id)
	switch {
	case err != nil:
		return nil, err
	case seq == 0:
		return nil, ErrNotFound
	case status.Ended():
		return nil, ErrEnded
	}
	return w.remember(id, &openRun{seq: seq, blobs: true}), nil
}

// records applies deletes, then puts; with all, every record goes and nothing is put.
func (w *writer) records(run *openRun, del []string, put []Record, blobs [][]byte, all bool) error {
	if len(del) == 0 && len(put) == 0 && (!all || run.bare) {
		return nil
	}
	var before [][]byte // blobs that may be without a record afterwards
	if run.blobs && !run.bare {
		err := w.c.query(context.Background(), sqlBlobs, func(row []driver.Value) error {
			before = append(before, bytesOf(row[0]))
			return nil
		}, run.seq)
		if err != nil {
			return err
		}
		run.blobs = len(before) > 0
	}
	if all {
		del, put = []string{anyOfTheRecord}, nil
	}
	if !run.bare {
		for _, path := range del {
			if err := w.delete(run.seq, path); err != nil {
				return err
			}
		}
		run.bare = all
	}
	for i, p := range put {
		run.bare = false
		data, sha := p.Data, any(nil)
		if blobs != nil && blobs[i] != nil {
			if _, err := w.c.exec(sqlPutBlob, blobs[i], p.Data); err != nil {
				return err
			}
			data, sha, run.blobs = nil, blobs[i], true
			before = append(before, blobs[i]) // a later put may have the same path
		}
		// A blob is checked by its SHA-256, so the row's sum covers that.
		sum := sumOf(run.seq, p.Path, data)
		if sha != nil {
			sum = sumOf(run.seq, p.Path, blobs[i])
		}
		if _, err := w.c.exec(sqlPut, run.seq, p.Path, data, sha, sum); err != nil {
			return err
		}
	}
	for _, sha := range before {
		if _, err := w.c.exec(sqlDropBlob, sha); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) delete(seq int64, path string) (err error) {
	prefix, many := strings.CutSuffix(path, "*")
	switch {
	case !many:
		_, err = w.c.exec(sqlDelete, seq, path)
	case prefix == "":
		_, err = w.c.exec(sqlDeleteAll, seq)
	default:
		if end, ok := after(prefix); ok {
			_, err = w.c.exec(sqlDeletePrefix, seq, prefix, end)
		} else {
			_, err = w.c.exec(sqlDeleteFrom, seq, prefix)
		}
	}
	return err
}

// after is the least string greater than all that start with prefix.
func after(prefix string) (string, bool) {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1}), true
		}
	}
	return "", false
}

func (w *writer) logs(seq int64, lines []LogLine) error {
	if len(lines) == 0 {
		return nil
	}
	last, err := w.c.scalar(context.Background(), sqlLastLog, seq)
	if err != nil {
		return err
	}
	n := num(last)
	for i := range lines {
		l := &lines[i]
		n++
		if _, err := w.c.exec(sqlLog, seq, n, num(nanos(l.At)), l.Level, l.Step, l.Message, l.Data, l.sum(seq, n)); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) end(seq int64, c *change) error {
	if _, err := w.c.exec(sqlEnd, seq, c.End.Status, c.End.At.UnixNano(), c.End.Summary, nanos(c.End.StartedAt)); err != nil {
		return err
	}
	_, err := w.c.exec(sqlEnding, seq, c.End.Outcome, sumOf(seq, "outcome", c.End.Outcome),
		c.codec, sumOf(seq, "history", c.history), c.history)
	return err
}

// matches tells whether an entry of Write.Delete covers path.
func matches(path string, entries []string) bool {
	for _, e := range entries {
		if prefix, many := strings.CutSuffix(e, "*"); e == path || many && strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}
