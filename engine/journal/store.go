package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options are optional; the zero value is right for a server.
type Options struct {
	// Log gets what an operator should know, such as a torn tail that was
	// dropped. Nil discards it.
	Log *slog.Logger
	// Now is the clock for Wake; nil is time.Now.
	Now func() time.Time
	// Check reads and verifies the whole file before the store opens, which
	// takes about a second per gigabyte.
	Check bool

	vfs        string   // tests: SQLite's file layer
	migrations []string // tests: instead of the embedded ones
}

// Store is the journal of one data directory, open for writing. Its methods may
// be called from many goroutines.
type Store struct {
	dir  string
	file string
	log  *slog.Logger
	now  func() time.Time
	lock *os.File
	read *pool

	*Reader

	queue queue
	done  chan struct{} // the writer has stopped
	once  sync.Once

	mu     sync.Mutex
	err    error         // why the store failed
	failed chan struct{} // closed with err
	closed error         // what Close found
}

// Open takes the data directory for this process, making it if need be, checks
// it, upgrades it and recovers what an earlier process left. The error is
// ErrLocked, ErrLoose, ErrNewer, ErrDamaged or ErrFull where that is the cause.
func Open(dir string, o Options) (_ *Store, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.migrations == nil {
		if o.migrations, err = migrations(migrationFiles); err != nil {
			return nil, err
		}
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := ensureDir(dir); err != nil {
		return nil, err
	}
	lock, err := lockDir(dir, o.Now())
	if err != nil {
		return nil, err
	}
	s := &Store{
		dir: dir, file: filepath.Join(dir, fileName), log: o.Log, now: o.Now, lock: lock,
		done: make(chan struct{}), failed: make(chan struct{}),
	}
	s.queue.init()
	defer func() {
		if err != nil {
			lock.Close()
		}
	}()
	if err := s.prepare(o); err != nil {
		return nil, err
	}
	c, err := connect(s.file, readWrite, o.vfs, writerPragmas)
	if err != nil {
		return nil, err
	}
	w, err := s.recover(c, o.migrations)
	if err != nil {
		c.close()
		return nil, err
	}
	if s.read, err = newPool(s.file, o.vfs, len(o.migrations)); err != nil {
		c.close()
		return nil, err
	}
	s.Reader = &Reader{pool: s.read}
	go w.loop()
	return s, nil
}

// prepare makes the file, or checks the one that is there before SQLite touches it.
func (s *Store) prepare(o Options) error {
	size, ok, err := exists(s.file)
	if err != nil {
		return err
	}
	logSize, logged, err := exists(s.file + walSuffix)
	if err != nil {
		return err
	}
	switch {
	case !ok && logged && logSize > 0:
		return &DamageError{File: s.file, Offset: -1, Detail: "the file is missing although its write-ahead log is there"}
	case !ok:
		return s.makeFile(o)
	case size == 0:
		return &DamageError{File: s.file, Offset: -1, Detail: "the file is empty"}
	}
	scan, err := checkFile(s.file)
	if err != nil {
		return err
	}
	if scan.Cut > 0 {
		s.log.Warn("the end of the write-ahead log was torn by a crash and is dropped; nothing that was confirmed is lost",
			"file", s.file+walSuffix, "bytes", scan.Cut)
	}
	if o.Check {
		report, err := verify(s.dir, o.vfs)
		if err != nil {
			return err
		}
		return report.Err()
	}
	return nil
}

// makeFile builds the database under another name, so that an empty currant.db is
// never the trace of an interrupted first start.
func (s *Store) makeFile(o Options) error {
	fresh := s.file + newSuffix
	for _, suffix := range []string{"", walSuffix, shmSuffix} {
		if err := os.Remove(fresh + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := createFile(fresh); err != nil {
		return fmt.Errorf("make %s: %w", s.file, err)
	}
	c, err := connect(fresh, readWrite, o.vfs, writerPragmas)
	if err != nil {
		return err
	}
	ctx := context.Background()
	err = migrate(ctx, c, fresh, o.migrations)
	if err == nil {
		err = c.script(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	if err = errors.Join(err, c.close()); err != nil {
		return fmt.Errorf("make %s: %w", s.file, explain(err))
	}
	if err := os.Rename(fresh, s.file); err != nil {
		return err
	}
	return syncDir(s.dir)
}

// recover makes the file current: SQLite replays the log on the first read, the
// schema is upgraded, and a checkpoint starts a new generation of the log.
func (s *Store) recover(c *conn, scripts []string) (*writer, error) {
	ctx := context.Background()
	if err := checkSQLite(ctx, c); err != nil {
		return nil, err
	}
	if err := migrate(ctx, c, s.file, scripts); err != nil {
		return nil, err
	}
	if err := c.script(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return nil, fmt.Errorf("recover %s: %w", s.file, explain(err))
	}
	w := &writer{Store: s, c: c}
	if err := w.load(ctx); err != nil {
		return nil, fmt.Errorf("recover %s: %w", s.file, explain(err))
	}
	return w, nil
}

// Err returns why the store failed, or nil.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Failed is closed when the store fails; see ErrFailed.
func (s *Store) Failed() <-chan struct{} { return s.failed }

func (s *Store) fail(cause error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = fmt.Errorf("%w: %s: %w; what was confirmed before is safe; check the disk and start again", ErrFailed, s.file, cause)
		close(s.failed)
		s.log.Error("the journal takes no more writes", "error", s.err)
	}
	return s.err
}

// Close stores what is queued, answers it and gives the directory up. It
// returns the store's failure if there was one.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.queue.close()
		<-s.done
	})
	<-s.done
	return s.closed
}

// release runs on the writer's goroutine when the queue is drained.
func (s *Store) release(c *conn) {
	defer close(s.done)
	var errs []error
	if failure := s.Err(); failure != nil {
		// The writer goes first: while read-only connections are open, closing
		// it does not checkpoint, which would sync the file once more.
		errs = append(errs, failure)
		_ = c.close() // the failure is the error to tell
		_ = s.read.close()
	} else {
		errs = append(errs, s.read.close())
		err := c.script(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
		if err != nil && severityOf(err) != full { // the log keeps it until the next start
			errs = append(errs, fmt.Errorf("close %s: %w", s.file, explain(err)))
		}
		if err := c.close(); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", s.file, explain(err)))
		}
	}
	errs = append(errs, s.lock.Close())
	s.closed = errors.Join(errs...)
}
