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

// A key file that is named by another way to its folder is the same file: what is no longer needed is not it.
func TestX2AKeyFileByAnotherWay(t *testing.T) {
	dir, alias := t.TempDir(), filepath.Join(t.TempDir(), "alias")
	if err := os.Symlink(dir, alias); err != nil {
		t.Fatal(err)
	}
	own, other := filepath.Join(dir, "key"), "file://"+filepath.Join(alias, "key")
	sealed := seal(t, open(t, own), "secret", "place") // by a release that had no keyring
	at := parse(t, other, own)
	if path, _ := at.IsFile(); path == own {
		t.Fatal("it is no other way")
	}
	doc, _, settle, err := vault.NewKeyring(t.Context(), at, own)
	if err != nil {
		t.Fatal(err)
	}
	if err := settle(); err != nil {
		t.Fatal(err)
	}
	opens(t, "made", doc, at, sealed)
	for i, uri := range []string{"", other, other, ""} {
		to := parse(t, uri, own)
		next, _, settle, err := vault.Rekey(t.Context(), doc, at, to, false)
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if err := settle(); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		opens(t, "rotated", next, to, sealed)
		if _, err := vault.OpenKeyring(t.Context(), doc, to); err == nil {
			t.Errorf("%d: the keyring before opens", i)
		}
		doc, at = next, to
	}
	// One that is another file is removed.
	to := parse(t, "file://"+filepath.Join(alias, "another"), own)
	next, _, settle, err := vault.Rekey(t.Context(), doc, at, to, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := settle(); err != nil {
		t.Fatal(err)
	}
	opens(t, "moved", next, to, sealed)
	if _, err := os.Stat(own); !os.IsNotExist(err) {
		t.Errorf("the former key file is there: %v", err)
	}
}
