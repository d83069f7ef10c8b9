//go:build unix

package engine_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"currant/engine"
)

// The data directory is for its owner alone (promise X6), whatever the umask.
func TestX6ModesOfTheDataDirectory(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	w := began(t)
	w.load(hello)
	w.ends(w.start("hello", object("name", "Ann")), "finished")
	w.restart()
	until(t, "the control socket is private", func() bool {
		info, err := os.Stat(filepath.Join(w.dir, engine.SocketFile))
		return err == nil && info.Mode().Perm() == 0o600
	})
	seen := 0
	err := filepath.Walk(w.dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		seen++
		want := os.FileMode(0o600)
		if info.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(path), got, want)
		}
		return nil
	})
	if err != nil || seen < 4 {
		t.Fatalf("%d files, error %v", seen, err)
	}
}
