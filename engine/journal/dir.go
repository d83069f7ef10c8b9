package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Names in the data directory.
const (
	fileName  = "currant.db"
	walSuffix = "-wal"
	shmSuffix = "-shm"
	lockName  = "lock"
	newSuffix = ".new" // the database while it is being made for the first time
)

// ensureDir makes the directory, or checks that an existing one is ours alone.
func ensureDir(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make the data directory: %w", err)
		}
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return fmt.Errorf("make the data directory %s: %w", dir, err)
		}
	}
	return checkDir(dir)
}

// checkDir refuses a directory others may look into, and one on a network.
func checkDir(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("data directory %s is not a directory", dir)
	}
	if err := checkMode(dir, info, 0o700); err != nil {
		return err
	}
	for _, name := range []string{fileName, fileName + newSuffix, fileName + walSuffix, fileName + shmSuffix, lockName} {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("data directory: %w", err)
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("data directory: %s is not a regular file but %s; move it away", path, info.Mode().Type())
		}
		if err := checkMode(path, info, 0o600); err != nil {
			return err
		}
	}
	if kind := networkFilesystem(dir); kind != "" {
		return fmt.Errorf("data directory %s is on a %s file system, where SQLite's write-ahead log is not safe; choose a local disk", dir, kind)
	}
	return nil
}

// createFile makes an empty private file, whatever the umask.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Sync(), f.Close())
}

func exists(path string) (size int64, ok bool, err error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	return info.Size(), true, nil
}
