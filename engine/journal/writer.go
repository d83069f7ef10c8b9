package journal

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// checkpointPages is how long the write-ahead log grows before it is copied into
// the file: 16 MiB.
const checkpointPages = 4096

// openRun is what the writer remembers of a run that has not ended.
type openRun struct {
	seq int64
	// bare: no record of the run can exist, so there is none to delete.
	bare bool
	// blobs: some record of the run may be a blob.
	blobs bool
}

// openLimit bounds the memory for openRuns; the rest is looked up.
const openLimit = 1 << 17

// writer owns the connection that writes. All its methods run on one goroutine.
type writer struct {
	*Store
	c     *conn
	seq   int64 // the last one given
	open  map[string]*openRun
	pages int // written to the log since the last checkpoint
}

// load reads what the writer keeps in memory.
func (w *writer) load(ctx context.Context) error {
	w.forget()
	given, err := w.c.scalar(ctx, "SELECT value FROM meta WHERE key='seq'")
	if err != nil {
		return err
	}
	last, err := w.c.scalar(ctx, "SELECT max(seq) FROM run")
	if err != nil {
		return err
	}
	w.seq = max(num(given), num(last))
	return nil
}

// forget drops what was learned in a transaction that did not commit.
func (w *writer) forget() { w.open = map[string]*openRun{} }

func (w *writer) remember(id string, r *openRun) *openRun {
	if len(w.open) >= openLimit {
		w.forget()
	}
	w.open[id] = r
	return r
}

func (w *writer) loop() {
	defer w.release(w.c)
	batch := make([]*op, 0, batchLimit)
	for {
		batch = w.queue.take(batch[:0])
		if len(batch) == 0 {
			return
		}
		w.run(batch)
		for i, o := range batch {
			o.done(o.err)
			batch[i] = nil
		}
		if w.Err() == nil {
			w.checkpoint()
		}
	}
}

// run executes a batch in one transaction and sets each operation's err.
func (w *writer) run(batch []*op) {
	err := w.Err()
	if err == nil {
		err = w.attempt(batch, false)
	}
	if errors.Is(err, errAgain) {
		err = w.attempt(batch, true)
	}
	if err == nil {
		return
	}
	for _, o := range batch {
		o.err = err
	}
}

// errAgain: an operation failed half-way and all must run again, each by itself.
var errAgain = errors.New("run the batch again")

// attempt runs the batch in one transaction. An error concerns all operations,
// none of which is stored. With apart, each has a savepoint of its own, so that
// one can fail without the others; as that costs two statements each and
// failures are rare, the first attempt goes without.
func (w *writer) attempt(batch []*op, apart bool) error {
	if _, err := w.c.exec("BEGIN IMMEDIATE"); err != nil {
		return w.judge(err)
	}
	for _, o := range batch {
		if apart {
			if _, err := w.c.exec("SAVEPOINT op"); err != nil {
				return w.undo(err)
			}
		}
		w.c.wrote = false
		o.err = o.run(w)
		if o.err != nil {
			if severityOf(o.err) != mild {
				return w.undo(o.err)
			}
			o.err = explain(o.err)
			if w.c.wrote && !apart {
				w.undo(nil)
				return errAgain
			}
		}
		if apart {
			if o.err != nil {
				w.forget()
				if _, err := w.c.exec("ROLLBACK TO op"); err != nil {
					return w.undo(err)
				}
			}
			if _, err := w.c.exec("RELEASE op"); err != nil {
				return w.undo(err)
			}
		}
	}
	if _, err := w.c.exec("COMMIT"); err != nil {
		return w.undo(err)
	}
	w.pages += w.c.pagesWritten()
	return nil
}

// undo rolls back. What it returns is the meaning of err for all operations.
func (w *writer) undo(err error) error {
	w.forget()
	// SQLite rolls back by itself after some errors, and then this fails.
	_, _ = w.c.exec("ROLLBACK")
	if err == nil {
		return nil
	}
	return w.judge(err)
}

// judge turns an error that stopped a transaction into the answer callers get,
// and fails the store if it has to.
func (w *writer) judge(err error) error {
	if severityOf(err) == fatal {
		return w.fail(explain(err))
	}
	return explain(err)
}

// checkpoint copies the log into the file once it is long. A full disk does not
// matter here, for the log still has everything; it is tried again after the next
// batch.
func (w *writer) checkpoint() {
	if w.pages < checkpointPages {
		return
	}
	var busy, frames, copied int64
	err := w.c.query(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)", func(row []driver.Value) error {
		busy, frames, copied = num(row[0]), num(row[1]), num(row[2])
		return nil
	})
	switch {
	case err != nil && severityOf(err) == fatal:
		w.fail(fmt.Errorf("checkpoint: %w", explain(err)))
	case err != nil:
		w.log.Warn("the write-ahead log cannot be copied into the file yet", "error", err)
		w.pages = checkpointPages / 2
	case busy != 0 || copied < frames:
		w.pages = checkpointPages / 2 // a long read holds it up
	default:
		w.pages = 0
	}
}

// do queues an operation and waits for its commit. When ctx ends first, the
// operation may or may not take place.
func (s *Store) do(ctx context.Context, run func(*writer) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	answer := make(chan error, 1)
	if !s.queue.push(&op{run: run, done: func(err error) { answer <- err }}) {
		return ErrClosed
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
