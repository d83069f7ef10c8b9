//go:build unix

package vault_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"currant/engine/vault"
)

// The umask belongs to the whole process, so no test here runs in parallel.
func TestX6TheKeyFileIsPrivateUnderAnyUmask(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o077} {
		dir := t.TempDir()
		path := filepath.Join(dir, "keys", "key")
		old := syscall.Umask(mask)
		_, err := vault.Open(path)
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
				t.Errorf("umask %03o: %s has mode %v, %v", mask, name, info.Mode(), err)
			}
		}
	}
}

func TestX6ALooseKeyFileIsRefusedWithTheRemedy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "it's a key")
	open(t, path)
	for _, mode := range []os.FileMode{0o640, 0o604, 0o666, 0o610, 0o601} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := vault.OpenExisting(path)
		if err == nil {
			t.Fatalf("mode %o was accepted", mode)
		}
		_, command, found := strings.Cut(err.Error(), "\t")
		command, _, _ = strings.Cut(command, "\n")
		if !found || !strings.HasPrefix(command, "chmod 600 ") {
			t.Fatalf("no command in: %v", err)
		}
		if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v %s", command, err, out)
		}
		open(t, path)
	}
}
