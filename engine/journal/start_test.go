//go:build unix

package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// umask 0 for the whole process, so not in parallel with anything.
func noUmask(t *testing.T) {
	old := syscall.Umask(0)
	t.Cleanup(func() { syscall.Umask(old) })
}

// Directory 0700 and files 0600, also under umask 000, with a log and a backup about.
func TestX6Private(t *testing.T) {
	noUmask(t)
	dir := filepath.Join(t.TempDir(), "a", "data")
	s := open(t, dir)
	accept(t, s, newRun("a"))
	if _, err := s.Run(context.Background(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(context.Background(), filepath.Join(dir, "copy.db")); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		want := os.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o", path, got)
		}
		seen++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen != 6 { // the directory, the file, -wal, -shm, the lock, the copy
		t.Errorf("%d files seen", seen)
	}
}

func TestX6LooseRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		mode os.FileMode
	}{{"", 0o750}, {"", 0o701}, {fileName, 0o640}, {lockName, 0o604}} {
		dir := dataDir(t)
		if err := open(t, dir).Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, c.name)
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, Options{})
		want := "chmod 600 " + path
		if c.name == "" {
			want = "chmod 700 " + path
		}
		if !errors.Is(err, ErrLoose) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s %o: %v", path, c.mode, err)
		}
		if _, err := OpenReader(dir); !errors.Is(err, ErrLoose) {
			t.Errorf("reading %s %o: %v", path, c.mode, err)
		}
	}
}

func TestX6LinkRefused(t *testing.T) {
	dir := dataDir(t)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/nowhere", filepath.Join(dir, fileName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Error(err)
	}
}

// The settings durability rests on are in force on every connection.
func TestD11Settings(t *testing.T) {
	dir := dataDir(t)
	open(t, dir).Close()
	file := filepath.Join(dir, fileName)
	ctx := context.Background()
	w, err := connect(file, readWrite, "", writerPragmas)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	for name, want := range map[string]any{"journal_mode": "wal", "synchronous": int64(2), "mmap_size": int64(0), "application_id": int64(applicationID), "user_version": int64(3)} {
		if got, err := w.scalar(ctx, "PRAGMA "+name); err != nil || got != want {
			t.Errorf("%s is %v, error %v", name, got, err)
		}
	}
	if err := checkSQLite(ctx, w); err != nil {
		t.Error(err)
	}
	for v, want := range map[string]bool{"3.51.3": true, "3.51.2": false, "3.52": true, "3.9.9": false, "4.0.0": true, "3.51.10": true} {
		if atLeast(v, leastSQLite) != want {
			t.Errorf("%s: %v", v, !want)
		}
	}
	r, err := connect(file, readOnly, "", readerPragmas)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	if _, err := r.exec("DELETE FROM run"); err == nil {
		t.Error("a reader may write")
	}
	if _, err := connect(file, readWrite, "", []pragma{{"synchronous", "off", "2"}}); err == nil {
		t.Error("a setting that is not in force is not noticed")
	}
}

func TestD12NewerRefused(t *testing.T) {
	dir := dataDir(t)
	open(t, dir).Close()
	file := filepath.Join(dir, fileName)
	c, err := connect(file, readWrite, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.script(context.Background(), "PRAGMA user_version=99"); err != nil {
		t.Fatal(err)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "format 99") {
		t.Error(err)
	}
	if _, err := OpenReader(dir); !errors.Is(err, ErrNewer) {
		t.Error(err)
	}
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("the older program wrote to the newer file")
	}
}

func TestD12ForeignRefused(t *testing.T) {
	dir := dataDir(t)
	open(t, dir).Close()
	c, err := connect(filepath.Join(dir, fileName), readWrite, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.script(context.Background(), "PRAGMA application_id=7"); err != nil {
		t.Fatal(err)
	}
	c.close()
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Error(err)
	}
}

// A migration that fails half-way leaves the former version, data and all.
func TestD12MigrationAtomic(t *testing.T) {
	dir := dataDir(t)
	s := open(t, dir)
	accept(t, s, newRun("a"))
	s.Close()
	scripts, err := migrations(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	newest := len(scripts)
	broken := append(scripts[:newest:newest], "ALTER TABLE run ADD COLUMN extra TEXT; UPDATE run SET extra='x'; SELECT nonsense FROM nowhere")
	if _, err := Open(dir, Options{migrations: broken}); err == nil || !strings.Contains(err.Error(), fmt.Sprint("format ", newest+1)) {
		t.Fatal(err)
	}
	s = open(t, dir) // the program of the former version still opens it
	s.Close()
	good := append(scripts[:newest:newest], "ALTER TABLE run ADD COLUMN extra TEXT NOT NULL DEFAULT ''")
	s = openWith(t, dir, Options{migrations: good})
	if _, err := s.Run(context.Background(), "a"); err != nil {
		t.Error(err)
	}
	s.Close()
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrNewer) {
		t.Errorf("the older program opens it: %v", err)
	}
}

// A first start that was interrupted is simply made again.
func TestD12FirstStartInterrupted(t *testing.T) {
	dir := dataDir(t)
	if _, err := Open(dir, Options{migrations: []string{"nonsense"}}); err == nil {
		t.Fatal("no error")
	}
	for _, suffix := range []string{newSuffix, newSuffix + walSuffix} {
		if err := os.WriteFile(filepath.Join(dir, fileName+suffix), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir)
	accept(t, s, newRun("a"))
	s.Close()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(entries); len(entries) != 2 {
		t.Errorf("left behind: %s", got)
	}
}
