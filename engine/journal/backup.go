package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Backup writes a copy of the journal, as of now, to path. The copy is a database
// without a write-ahead log; to restore it, stop the server and put it in the
// place of currant.db. path is replaced at the end, all or nothing.
func (s *Store) Backup(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if path == s.file {
		return fmt.Errorf("back up to %s: that is the journal itself; choose another file", path)
	}
	if err := s.backup(ctx, path); err != nil {
		return fmt.Errorf("back up to %s: %w", path, err)
	}
	return nil
}

func (s *Store) backup(ctx context.Context, path string) error {
	// SQLite writes into an empty file as it is, so its mode is ours to set.
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*.part")
	if err != nil {
		return err
	}
	part := f.Name()
	defer func() {
		if part != "" {
			os.Remove(part)
		}
	}()
	if err := f.Close(); err != nil {
		return err
	}
	err = s.read.use(ctx, func(c *conn) error {
		// VACUUM INTO does not write to this database, but query_only forbids it.
		if err := c.script(ctx, "PRAGMA query_only=0"); err != nil {
			return err
		}
		err := c.script(ctx, "VACUUM INTO '"+strings.ReplaceAll(part, "'", "''")+"'")
		return errors.Join(err, c.script(context.Background(), "PRAGMA query_only=1"))
	})
	if err != nil {
		return err
	}
	if f, err = os.OpenFile(part, os.O_RDWR, 0); err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	part = ""
	return syncDir(dir)
}
