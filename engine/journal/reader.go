package journal

import (
	"context"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"time"
)

// Reader reads a journal; it never writes. A Store has one; OpenReader gives
// one to a command beside a running server. Its methods may be called from many
// goroutines.
type Reader struct {
	pool *pool
}

// OpenReader opens the journal in dir for reading, whether or not a server has it
// open. It does not take the directory.
func OpenReader(dir string) (*Reader, error) {
	scripts, err := migrations(migrationFiles)
	if err != nil {
		return nil, err
	}
	file, err := readableFile(dir)
	if err != nil {
		return nil, err
	}
	p, err := newPool(file, "", len(scripts))
	if err != nil {
		return nil, err
	}
	return &Reader{pool: p}, nil
}

// readableFile checks dir as a server would and returns the path of the database.
func readableFile(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := checkDir(dir); err != nil {
		return "", err
	}
	file := filepath.Join(dir, fileName)
	size, ok, err := exists(file)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", fmt.Errorf("%s: %w; no server has used this data directory yet", file, ErrNotFound)
	case size == 0:
		return "", &DamageError{File: file, Offset: -1, Detail: "the file is empty"}
	}
	return file, nil
}

// Close ends the reads. A Store closes its reader itself.
func (r *Reader) Close() error { return r.pool.close() }

const (
	runColumns = `run.seq, run.id, run.blueprint, run.runbook, run.version, run.context, run.grp, run.status, run.delivery, run.origin,
		run.parent, run.parent_step, run.attempt, run.accepted_at, run.started_at, run.ended_at, run.wake_at, run.expires_at, run.retention, run.summary`
	sqlRun = `SELECT ` + runColumns + `, run.sum, event.data, event.sum, ending.outcome, ending.outcome_sum
		FROM run LEFT JOIN event ON event.seq=run.seq LEFT JOIN ending ON ending.seq=run.seq WHERE run.id=?`
	sqlIDs     = `SELECT id FROM run WHERE id>=? AND id<? ORDER BY id LIMIT 2`
	sqlRecords = `SELECT path, record.data, blob, blob.data, sum FROM record LEFT JOIN blob ON blob.sha=record.blob WHERE run=? ORDER BY path`
	sqlHistory = `SELECT codec, history, history_sum FROM ending WHERE seq=?`
	sqlLogs    = `SELECT n, at, level, step, message, data, sum FROM log WHERE run=? AND n>? ORDER BY n`
	sqlBlob    = `SELECT data FROM blob WHERE sha=?`
	sqlPending = `SELECT seq, id, blueprint, runbook, version, grp, status, wake_at, expires_at, parent, parent_step
		FROM run WHERE status IN ('queued','running','waiting','held') AND status<>'finished' ORDER BY seq`
)

func scanRun(row []driver.Value) Run {
	return Run{
		Seq: num(row[0]), ID: str(row[1]), Blueprint: str(row[2]), Runbook: str(row[3]), Version: str(row[4]),
		Context: str(row[5]), Group: str(row[6]), Status: Status(str(row[7])), Delivery: str(row[8]), Origin: str(row[9]),
		Parent: str(row[10]), ParentStep: str(row[11]), Attempt: int(num(row[12])), AcceptedAt: timeOf(row[13]),
		StartedAt: timeOf(row[14]), EndedAt: timeOf(row[15]), WakeAt: timeOf(row[16]), ExpiresAt: timeOf(row[17]),
		Retention: time.Duration(num(row[18])), Summary: str(row[19]),
	}
}

func readRun(ctx context.Context, c *conn, id string) (Run, error) {
	var r Run
	found := false
	err := c.query(ctx, sqlRun, func(row []driver.Value) error {
		found = true
		r = scanRun(row)
		r.Event, r.Outcome = bytesOf(row[21]), bytesOf(row[23])
		switch {
		case r.sum() != num(row[20]):
			return damagedRow("run", r.Seq, "its columns do not match their checksum")
		case row[22] == nil:
			return damagedRow("event", r.Seq, "the row is missing")
		case sumOf(0, "event", r.Event) != num(row[22]):
			return damagedRow("event", r.Seq, "the event does not match its checksum")
		case r.Status.Ended() && row[24] == nil:
			return damagedRow("ending", r.Seq, "the row is missing")
		case row[24] != nil && sumOf(r.Seq, "outcome", r.Outcome) != num(row[24]):
			return damagedRow("ending", r.Seq, "the outcome does not match its checksum")
		}
		return errStop
	}, id)
	if err == nil && !found {
		err = ErrNotFound
	}
	if err != nil {
		return Run{}, err
	}
	return r, nil
}

// fullID completes an id that may be only its beginning.
func fullID(ctx context.Context, c *conn, id string) (string, error) {
	if id == "" {
		return "", ErrNotFound
	}
	var ids []string
	end, ok := after(id)
	if !ok {
		return "", ErrNotFound
	}
	err := c.query(ctx, sqlIDs, func(row []driver.Value) error { ids = append(ids, str(row[0])); return nil }, id, end)
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return "", ErrNotFound
	case len(ids) > 1 && ids[0] != id:
		return "", ErrAmbiguous
	}
	return ids[0], nil
}

// one lends a connection for reading about one run.
func (r *Reader) one(ctx context.Context, id string, f func(c *conn, seq int64) error) error {
	err := r.pool.use(ctx, func(c *conn) error {
		full, err := fullID(ctx, c, id)
		if err != nil {
			return err
		}
		seq, err := c.scalar(ctx, sqlOpen, full)
		if err != nil {
			return err
		}
		if seq == nil {
			return ErrNotFound // pruned in between
		}
		return f(c, num(seq))
	})
	if err != nil {
		return fmt.Errorf("run %s: %w", id, err)
	}
	return nil
}

// Run returns a run with its event and outcome. id may be the beginning of one;
// the error is ErrNotFound, ErrAmbiguous or ErrDamaged.
func (r *Reader) Run(ctx context.Context, id string) (Run, error) {
	var run Run
	err := r.pool.use(ctx, func(c *conn) error {
		full, err := fullID(ctx, c, id)
		if err != nil {
			return err
		}
		run, err = readRun(ctx, c, full)
		return err
	})
	if err != nil {
		return Run{}, fmt.Errorf("run %s: %w", id, err)
	}
	return run, nil
}

// ByDelivery returns the run that a delivery started; the error is ErrNotFound where none did.
func (r *Reader) ByDelivery(ctx context.Context, blueprint, runbook, delivery string) (Run, error) {
	var run Run
	err := r.pool.use(ctx, func(c *conn) error {
		id := ""
		err := c.query(ctx, sqlByDelivery, func(row []driver.Value) error { id = str(row[0]); return errStop }, blueprint, runbook, delivery)
		if err != nil {
			return err
		}
		run, err = readRun(ctx, c, id)
		return err
	})
	if err != nil {
		return Run{}, fmt.Errorf("run of delivery %q: %w", delivery, err)
	}
	return run, nil
}

// Records returns the records of an unfinished run by path; an ended one has none.
func (r *Reader) Records(ctx context.Context, id string) ([]Record, error) {
	var out []Record
	err := r.one(ctx, id, func(c *conn, seq int64) error {
		return c.query(ctx, sqlRecords, func(row []driver.Value) error {
			rec, err := scanRecord(seq, row)
			out = append(out, rec)
			return err
		}, seq)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func scanRecord(run int64, row []driver.Value) (Record, error) {
	rec := Record{Path: str(row[0]), Data: bytesOf(row[1])}
	checked := rec.Data
	key := fmt.Sprintf("run %d path %q", run, rec.Path)
	if row[2] != nil {
		checked = bytesOf(row[2])
		if row[3] == nil {
			return rec, damagedRow("blob", fmt.Sprintf("%x", checked), "the row is missing; "+key+" refers to it")
		}
		rec.Data = bytesOf(row[3])
		if string(shaOf(rec.Data)) != string(checked) {
			return rec, damagedRow("blob", fmt.Sprintf("%x", checked), "the data does not match its SHA-256")
		}
	}
	if sumOf(run, rec.Path, checked) != num(row[4]) {
		return rec, damagedRow("record", key, "the data does not match its checksum")
	}
	return rec, nil
}

// History returns what End stored of an ended run; ErrNotEnded for one still going.
func (r *Reader) History(ctx context.Context, id string) ([]byte, error) {
	var out []byte
	err := r.one(ctx, id, func(c *conn, seq int64) error {
		found := false
		err := c.query(ctx, sqlHistory, func(row []driver.Value) (err error) {
			found = true
			out, err = scanHistory(seq, row)
			return err
		}, seq)
		if err == nil && !found {
			err = ErrNotEnded
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func scanHistory(seq int64, row []driver.Value) ([]byte, error) {
	packed := bytesOf(row[1])
	if sumOf(seq, "history", packed) != num(row[2]) {
		return nil, damagedRow("ending", seq, "the history does not match its checksum")
	}
	out, err := unpack(num(row[0]), packed)
	if err != nil {
		return nil, damagedRow("ending", seq, err.Error())
	}
	return out, nil
}

// Logs returns the lines of a run after the one numbered afterSeq.
func (r *Reader) Logs(ctx context.Context, id string, afterSeq int64) ([]LogLine, error) {
	var out []LogLine
	err := r.one(ctx, id, func(c *conn, seq int64) error {
		return c.query(ctx, sqlLogs, func(row []driver.Value) error {
			l, err := scanLogLine(seq, row)
			out = append(out, l)
			return err
		}, seq, afterSeq)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func scanLogLine(run int64, row []driver.Value) (LogLine, error) {
	l := LogLine{Seq: num(row[0]), Level: str(row[2]), Step: str(row[3]), Message: str(row[4]), Data: bytesOf(row[5])}
	if at := num(row[1]); at != 0 {
		l.At = timeOf(at)
	}
	if l.sum(run, l.Seq) != num(row[6]) {
		return l, damagedRow("log", fmt.Sprintf("run %d line %d", run, l.Seq), "the line does not match its checksum")
	}
	return l, nil
}

// Blob returns record data stored apart, by its SHA-256.
func (r *Reader) Blob(ctx context.Context, sha []byte) ([]byte, error) {
	var out []byte
	err := r.pool.use(ctx, func(c *conn) error {
		v, err := c.scalar(ctx, sqlBlob, sha)
		switch {
		case err != nil:
			return err
		case v == nil:
			return ErrNotFound
		}
		if out = bytesOf(v); string(shaOf(out)) != string(sha) {
			return damagedRow("blob", fmt.Sprintf("%x", sha), "the data does not match its SHA-256")
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("blob %x: %w", sha, err)
	}
	return out, nil
}

// Pending returns all runs that have not ended, in order of arrival.
func (r *Reader) Pending(ctx context.Context) ([]Head, error) {
	var out []Head
	// A few values repeat in many rows; keep one copy of each.
	seen := map[string]string{}
	keep := func(v any) string {
		s := str(v)
		if k, ok := seen[s]; ok {
			return k
		}
		seen[s] = s
		return s
	}
	err := r.pool.use(ctx, func(c *conn) error {
		return c.query(ctx, sqlPending, func(row []driver.Value) error {
			out = append(out, Head{
				Seq: num(row[0]), ID: str(row[1]), Blueprint: keep(row[2]), Runbook: keep(row[3]), Version: keep(row[4]),
				Group: str(row[5]), Status: Status(keep(row[6])), WakeAt: timeOf(row[7]), ExpiresAt: timeOf(row[8]),
				Parent: str(row[9]), ParentStep: str(row[10]),
			})
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the unfinished runs: %w", err)
	}
	return out, nil
}
