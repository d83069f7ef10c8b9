//go:build unix

package journal

import (
	"errors"
	"fmt"
	"os"
)

// checkMode refuses permissions beyond want and says how to mend them.
func checkMode(path string, info os.FileInfo, want os.FileMode) error {
	if got := info.Mode().Perm(); got&^want != 0 {
		return fmt.Errorf("%w: %s has mode %04o; run: chmod %o %s", ErrLoose, path, got, want, path)
	}
	return nil
}

// syncDir makes names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
