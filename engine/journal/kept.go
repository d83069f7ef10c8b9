package journal

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"
)

const (
	sqlPutKept = `INSERT INTO kept (key, value, changed, sum) VALUES (?,?,?,?)
		ON CONFLICT (key) DO UPDATE SET value=excluded.value, changed=excluded.changed, sum=excluded.sum`
	sqlDeleteKept   = `DELETE FROM kept WHERE key=?`
	keptColumns     = `SELECT key, value, changed, sum FROM kept`
	sqlKept         = keptColumns + ` WHERE key=?`
	sqlKeptKeys     = `SELECT key FROM kept WHERE key>=?1 AND key<?2 ORDER BY key`
	sqlKeptKeysFrom = `SELECT key FROM kept WHERE key>=?1 ORDER BY key`
	sqlPutKeyring   = `INSERT INTO keyring (id, data, sum) VALUES (1,?,?) ON CONFLICT (id) DO UPDATE SET data=excluded.data, sum=excluded.sum`
	sqlKeyring      = `SELECT data, sum FROM keyring`
	sqlTotals       = `SELECT (SELECT count(*) FROM run), (SELECT count(*) FROM run WHERE status IN ('queued','running','waiting','held')),
		(SELECT count(*) FROM schedule)`
)

// Keep stores a value that outlives runs in place of the one under its key; a nil value deletes it. When it
// returns nil the change is on stable storage. Prune never touches it.
func (s *Store) Keep(ctx context.Context, key string, value []byte) error {
	at := s.now().UnixNano()
	sum := keptSum(key, value, at)
	err := s.do(ctx, func(w *writer) (err error) {
		if value == nil {
			_, err = w.c.exec(sqlDeleteKept, key)
		} else {
			_, err = w.c.exec(sqlPutKept, key, value, at, sum)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("keep %q: %w", key, err)
	}
	return nil
}

// Kept is the value under a key, and when it was stored; nil where there is none.
func (r *Reader) Kept(ctx context.Context, key string) (value []byte, changed time.Time, err error) {
	err = r.pool.use(ctx, func(c *conn) error {
		return c.query(ctx, sqlKept, func(row []driver.Value) error {
			value, changed = bytesOf(row[1]), timeOf(row[2])
			return judgeKept(row)
		}, key)
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read what is kept as %q: %w", key, err)
	}
	return value, changed, nil
}

// KeptKeys are the keys of kept values that begin with a prefix, sorted.
func (r *Reader) KeptKeys(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	sql, args := sqlKeptKeysFrom, []any{prefix}
	if end, ok := after(prefix); ok {
		sql, args = sqlKeptKeys, []any{prefix, end}
	}
	err := r.pool.use(ctx, func(c *conn) error {
		return c.query(ctx, sql, func(row []driver.Value) error {
			keys = append(keys, str(row[0]))
			return nil
		}, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("read the keys of what is kept: %w", err)
	}
	return keys, nil
}

// PutKeyring stores the sealed keys of sealed values in place of those before.
func (s *Store) PutKeyring(ctx context.Context, data []byte) error {
	sum := sumOf(0, "keyring", data)
	err := s.do(ctx, func(w *writer) error {
		_, err := w.c.exec(sqlPutKeyring, data, sum)
		return err
	})
	if err != nil {
		return fmt.Errorf("store the keyring: %w", err)
	}
	return nil
}

// Keyring is what PutKeyring stored last; nil where nothing has been.
func (r *Reader) Keyring(ctx context.Context) (data []byte, err error) {
	err = r.pool.use(ctx, func(c *conn) error {
		return c.query(ctx, sqlKeyring, func(row []driver.Value) error {
			data = bytesOf(row[0])
			return judgeKeyring(row)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the keyring: %w", err)
	}
	return data, nil
}

// Totals are how many rows there are of what may hold sealed values, besides those that are kept.
type Totals struct{ Runs, Unfinished, Schedules int64 }

// Totals counts them.
func (r *Reader) Totals(ctx context.Context) (t Totals, err error) {
	err = r.pool.use(ctx, func(c *conn) error {
		return c.query(ctx, sqlTotals, func(row []driver.Value) error {
			t = Totals{Runs: num(row[0]), Unfinished: num(row[1]), Schedules: num(row[2])}
			return nil
		})
	})
	if err != nil {
		return t, fmt.Errorf("count the runs: %w", err)
	}
	return t, nil
}

func keptSum(key string, value []byte, changed int64) int64 { return sumOf(changed, key, value) }

func judgeKept(row []driver.Value) error {
	if keptSum(str(row[0]), bytesOf(row[1]), num(row[2])) != num(row[3]) {
		return damagedRow("kept", str(row[0]), "the row does not match its checksum")
	}
	return nil
}

func judgeKeyring(row []driver.Value) error {
	if sumOf(0, "keyring", bytesOf(row[0])) != num(row[1]) {
		return damagedRow("keyring", 1, "the keys do not match their checksum")
	}
	return nil
}
