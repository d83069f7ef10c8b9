package journal

import (
	"context"
	"database/sql/driver"
	"fmt"
)

const (
	sqlPutVersion = `INSERT INTO version (digest, blueprint, current, codec, data, sum) VALUES (?,?,1,?,?,?)
		ON CONFLICT (digest) DO UPDATE SET current=1`
	sqlOutdate = `UPDATE version SET current=0 WHERE blueprint=? AND digest<>? AND current=1`
	sqlVersion = `SELECT codec, data, sum FROM version WHERE digest=?`
)

// PutVersion keeps the text of a blueprint under its digest and makes it the
// blueprint's current one. Earlier texts stay while a run refers to them.
func (s *Store) PutVersion(ctx context.Context, digest, blueprint string, bundle []byte) error {
	return s.putVersion(ctx, digest, blueprint, bundle, true)
}

// KeepVersion keeps a text for runs of its own beside the blueprint's current one, until the next PutVersion
// of the blueprint and the end of those runs.
func (s *Store) KeepVersion(ctx context.Context, digest, blueprint string, bundle []byte) error {
	return s.putVersion(ctx, digest, blueprint, bundle, false)
}

func (s *Store) putVersion(ctx context.Context, digest, blueprint string, bundle []byte, alone bool) error {
	codec, data := pack(bundle)
	sum := sumOf(0, digest, data)
	err := s.do(ctx, func(w *writer) error {
		if _, err := w.c.exec(sqlPutVersion, digest, blueprint, codec, data, sum); err != nil {
			return err
		}
		if !alone {
			return nil
		}
		_, err := w.c.exec(sqlOutdate, blueprint, digest)
		return err
	})
	if err != nil {
		return fmt.Errorf("store version %s of blueprint %s: %w", digest, blueprint, err)
	}
	return nil
}

// Version returns the text of a blueprint.
func (r *Reader) Version(ctx context.Context, digest string) ([]byte, error) {
	var out []byte
	found := false
	err := r.pool.use(ctx, func(c *conn) error {
		return c.query(ctx, sqlVersion, func(row []driver.Value) (err error) {
			found = true
			out, err = scanVersion(digest, row)
			return err
		}, digest)
	})
	if err == nil && !found {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("version %s: %w", digest, err)
	}
	return out, nil
}

func scanVersion(digest string, row []driver.Value) ([]byte, error) {
	data := bytesOf(row[1])
	if sumOf(0, digest, data) != num(row[2]) {
		return nil, damagedRow("version", digest, "the text does not match its checksum")
	}
	out, err := unpack(num(row[0]), data)
	if err != nil {
		return nil, damagedRow("version", digest, err.Error())
	}
	return out, nil
}
