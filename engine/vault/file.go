package vault

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// maxFile bounds what is read as a key file; a key takes 150 bytes.
const maxFile = 1 << 20

// Open reads the key file at path. If there is none, it makes one, with a fresh
// key, mode 0600 and all that is needed to survive a power cut; missing folders
// above it get mode 0700. A file that is there is not written, whatever it holds; only Rekey does.
//
// Use OpenExisting once something has been sealed: a second key would not open it.
func Open(path string) (*Vault, error) {
	_, v, err := read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return v, err
	}
	if err := create(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("cannot make the key file %s: %w", path, err)
	}
	_, v, err = read(path) // ours, or that of a process that was faster
	return v, err
}

// OpenExisting reads the key file at path. If there is none, the error is
// fs.ErrNotExist and says what that means.
func OpenExisting(path string) (*Vault, error) {
	_, v, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the key file %s is missing: the secrets stored with it cannot be read: "+
			"restore the file from a backup; if there is none, those secrets are lost and must be set again with a new key file (%w)", path, fs.ErrNotExist)
	}
	return v, err
}

func read(path string) (k keyset, v *Vault, err error) {
	f, err := os.Open(path)
	if err != nil {
		return k, nil, fmt.Errorf("cannot read the key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return k, nil, fmt.Errorf("cannot read the key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return k, nil, fmt.Errorf("the key file %s is not a file (%s): name a file, or a path where none exists yet", path, info.Mode().Type())
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return k, nil, fmt.Errorf("the key file %s has mode %04o, so that others on this machine may read the keys: run\n\n\tchmod 600 %s\n\nand, if others may have read it, replace the secrets stored with it", path, mode, quote(path))
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return k, nil, fmt.Errorf("cannot read the key file %s: %w", path, err)
	}
	if len(text) > maxFile {
		return k, nil, refuse(path, fmt.Errorf("it is larger than %d bytes", maxFile))
	}
	k, v, err = decodeKeyset(text)
	if err != nil {
		return k, nil, refuse(path, err)
	}
	v.path = path
	return k, v, nil
}

func refuse(path string, why error) error {
	return fmt.Errorf("the key file %s cannot be used: %w. It was left as it is. If secrets were stored with it, restore it from a backup: "+
		"without its keys they are lost and must be set again. If it was never a key file, name another path", path, why)
}

// create writes a new key file, or fails with fs.ErrExist.
func create(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	text, err := newKeyset().encode()
	if err != nil {
		return err
	}
	// A whole file appears under its name or none does.
	temporary := path + partSuffix + hex.EncodeToString(Random(6))
	if err := writeSynced(temporary, text); err != nil {
		return errors.Join(err, removed(temporary))
	}
	// Unlike a rename, a link never replaces what is there.
	err = os.Link(temporary, path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		// Some file systems have no links. A cut now leaves a file that is refused.
		err = writeSynced(path, text)
	}
	if err := errors.Join(err, removed(temporary)); err != nil {
		return err
	}
	return syncFolder(dir)
}

// addKey gives the key file a further key, which seals from now on; it makes the file if there is none.
func addKey(path string) error {
	k, _, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = Open(path)
		return err
	}
	if err != nil {
		return err
	}
	return replace(path, k.withFresh())
}

// dropOldKeys leaves the key file only the key that seals.
func dropOldKeys(path string) error {
	k, _, err := read(path)
	if err != nil || len(k.Keys) == 1 {
		return err
	}
	return replace(path, k.withOnlyPrimary())
}

// partSuffix begins what is added to the name of a key file for one that is being written.
const partSuffix = ".new-"

// sweep removes what writers that were killed have left beside a key file: keys, too.
func sweep(path string) error {
	dir, prefix := filepath.Dir(path), filepath.Base(path)+partSuffix
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range files {
		if strings.HasPrefix(f.Name(), prefix) {
			errs = append(errs, removed(filepath.Join(dir, f.Name())))
		}
	}
	return errors.Join(errs...)
}

// replace puts another key file in the place of one: whole or not at all, whatever happens meanwhile.
func replace(path string, k keyset) error {
	text, err := k.encode()
	if err != nil {
		return err
	}
	temporary := path + partSuffix + hex.EncodeToString(Random(6))
	err = writeSynced(temporary, text)
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return fmt.Errorf("cannot replace the key file %s: %w", path, errors.Join(err, removed(temporary)))
	}
	return syncFolder(filepath.Dir(path))
}

// writeSynced makes a file that must not exist, readable by its owner only.
func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncFolder makes the names in a folder durable. Windows does so by itself.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// quote makes a path safe to paste into a shell.
func quote(path string) string {
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
