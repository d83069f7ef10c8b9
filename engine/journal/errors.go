package journal

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Errors to test for with errors.Is.
var (
	ErrNotFound  = errors.New("not found in the journal")
	ErrAmbiguous = errors.New("more than one run starts with this id")
	ErrEnded     = errors.New("the run has ended")
	ErrNotEnded  = errors.New("the run has not ended")
	// ErrReplayed: the nonce of the run was used by another delivery.
	ErrReplayed = errors.New("the nonce was used before")
	// ErrFull: the disk took no more bytes (full, over quota or read-only).
	// Nothing was stored; the same call works again when there is room.
	ErrFull = errors.New("no room in the data directory")
	// ErrFailed: the disk failed a sync or a read, so the store takes no more
	// writes. Start the process again once the disk is mended.
	ErrFailed = errors.New("the journal has failed and takes no more writes")
	ErrClosed = errors.New("the journal is closed")
	// ErrLocked: another process owns the data directory.
	ErrLocked = errors.New("the data directory is in use")
	// ErrLoose: others may read the data directory or a file in it.
	ErrLoose = errors.New("the data directory is open to other users")
	// ErrNewer: a later release of the program wrote the data directory.
	ErrNewer = errors.New("the data directory belongs to a newer release")
	// ErrDamaged is what every DamageError is.
	ErrDamaged = errors.New("the journal is damaged")
)

// DamageError says where stored bytes are not what was written.
type DamageError struct {
	File   string // path of the file, when known
	Offset int64  // in File; -1 when the place is a row
	Table  string
	Row    string // key of the row in Table
	Detail string
}

func (e *DamageError) Error() string {
	switch {
	case e.Table != "":
		return fmt.Sprintf("%v: table %s, row %s: %s; run \"currant store verify\", then restore a backup", ErrDamaged, e.Table, e.Row, e.Detail)
	case e.Offset >= 0:
		return fmt.Sprintf("%v: %s at byte %d: %s; restore a backup", ErrDamaged, e.File, e.Offset, e.Detail)
	}
	return fmt.Sprintf("%v: %s: %s; restore a backup", ErrDamaged, e.File, e.Detail)
}

// Is makes errors.Is(err, ErrDamaged) true.
func (e *DamageError) Is(target error) bool { return target == ErrDamaged }

func damagedRow(table string, row any, detail string) error {
	return &DamageError{Offset: -1, Table: table, Row: fmt.Sprint(row), Detail: detail}
}

// severity says what a failure of SQLite means for the operations after it.
type severity int

const (
	mild  severity = iota // concerns the operation alone
	full                  // no room: the transaction is lost, later ones may work
	fatal                 // the file cannot be trusted any more
)

// severityOf sorts SQLite's result codes. A write that failed is no worse than a full
// disk, for nothing of the transaction counts before its commit is synced. A
// failed sync is fatal: the kernel may have dropped the pages and would report
// the next sync as good (PostgreSQL's fsync finding, 2018).
func severityOf(err error) severity {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return mild
	}
	switch se.Code() {
	case sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_NOMEM:
		return full
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM:
		return full
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fatal
	}
	return mild
}

// explain gives an error of SQLite the name callers test for.
func explain(err error) error {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return err
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if severityOf(err) == full {
		return fmt.Errorf("%w: %w; free some space, work then goes on by itself", ErrFull, err)
	}
	return err
}
