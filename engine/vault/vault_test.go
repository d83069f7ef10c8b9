package vault_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"currant/engine/vault"
)

func open(t testing.TB, path string) *vault.Vault {
	t.Helper()
	v, err := vault.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func seal(t testing.TB, v *vault.Vault, plain, bind string) []byte {
	t.Helper()
	sealed, err := v.Seal([]byte(plain), []byte(bind))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestX1ARowOpensOnlyInItsPlace(t *testing.T) {
	v := open(t, filepath.Join(t.TempDir(), "key"))
	const rows = 20
	bind := func(i int) []byte { return fmt.Appendf(nil, "account/app/name-%d", i) }
	var sealed [rows][]byte
	for i := range sealed {
		sealed[i] = seal(t, v, fmt.Sprintf("secret-%d", i), string(bind(i)))
	}
	for i := range rows {
		for j := range rows {
			plain, err := v.Unseal(sealed[i], bind(j))
			if i == j && (err != nil || string(plain) != fmt.Sprintf("secret-%d", i)) {
				t.Errorf("row %d in its place: %q, %v", i, plain, err)
			}
			if i != j && !errors.Is(err, vault.ErrDoesNotOpen) {
				t.Errorf("row %d in the place of %d: %q, %v", i, j, plain, err)
			}
		}
	}
}

func TestX1AFreshNonceForEachWrite(t *testing.T) {
	v := open(t, filepath.Join(t.TempDir(), "key"))
	seen := map[string]bool{}
	for range 1000 {
		s := seal(t, v, "same", "same")
		if len(s) != len("same")+vault.Overhead {
			t.Fatalf("length %d", len(s))
		}
		seen[string(s[5:29])] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d nonces of 1000", len(seen))
	}
}

func TestX1AnyChangedBitIsFound(t *testing.T) {
	v := open(t, filepath.Join(t.TempDir(), "key"))
	s := seal(t, v, "secret", "place")
	for i := range len(s) * 8 {
		bad := bytes.Clone(s)
		bad[i/8] ^= 1 << (i % 8)
		if plain, err := v.Unseal(bad, []byte("place")); err == nil {
			t.Errorf("bit %d: opened as %q", i, plain)
		}
	}
	for i := range len(s) {
		if _, err := v.Unseal(s[:i], []byte("place")); !errors.Is(err, vault.ErrDoesNotOpen) {
			t.Errorf("first %d bytes: %v", i, err)
		}
	}
}

func TestX1TheWrongKeyIsNamed(t *testing.T) {
	right := open(t, filepath.Join(t.TempDir(), "key"))
	path := filepath.Join(t.TempDir(), "other")
	other := open(t, path)
	_, err := other.Unseal(seal(t, right, "hunter2", ""), nil)
	if !errors.Is(err, vault.ErrUnknownKey) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{right.KeyID(), other.KeyID(), path, "backup"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestX1AReopenedFileOpensOldValues(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "folder", "key")
	first := open(t, path)
	sealed := seal(t, first, "", "place") // an empty secret is one too
	again, err := vault.OpenExisting(path)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Unseal(sealed, []byte("place")); err != nil || len(plain) != 0 {
		t.Errorf("got %q, %v", plain, err)
	}
	if first.KeyID() != again.KeyID() || len(first.KeyID()) != 8 {
		t.Errorf("ids %s and %s", first.KeyID(), again.KeyID())
	}
}

// Rotation adds a key and makes it the primary; old values must go on opening.
func TestX2AnOlderKeyInTheFileStillOpens(t *testing.T) {
	dir := t.TempDir()
	read := func(name string) map[string]any {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var out map[string]any
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	old := open(t, filepath.Join(dir, "old"))
	sealed := seal(t, old, "secret", "place")
	next := open(t, filepath.Join(dir, "new"))
	both := read("new")
	both["keys"] = append(both["keys"].([]any), read("old")["keys"].([]any)...)
	text, _ := json.Marshal(both)
	if err := os.WriteFile(filepath.Join(dir, "both"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	rotated := open(t, filepath.Join(dir, "both"))
	if rotated.KeyID() != next.KeyID() {
		t.Errorf("primary is %s, want %s", rotated.KeyID(), next.KeyID())
	}
	if plain, err := rotated.Unseal(sealed, []byte("place")); string(plain) != "secret" {
		t.Errorf("old value: %q, %v", plain, err)
	}
	if plain, err := next.Unseal(seal(t, rotated, "x", ""), nil); string(plain) != "x" {
		t.Errorf("new value: %q, %v", plain, err)
	}
}

func TestX1AMissingKeyFileSaysWhatIsLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	_, err := vault.OpenExisting(path)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "backup") || !strings.Contains(err.Error(), "lost") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenExisting made a file: %v", err)
	}
}

func TestX1AForeignFileIsRefusedAndLeft(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "key")
	open(t, whole)
	good, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(good, []byte(`"key": "`)) + len(`"key": "`)
	flipped := bytes.Clone(good)
	if flipped[at] == 'A' {
		flipped[at] = 'B'
	} else {
		flipped[at] = 'A'
	}
	tests := map[string]struct {
		text []byte
		why  string
	}{
		"empty":         {nil, "not a key file"},
		"garbage":       {[]byte("hunter2 \x00\xff"), "not a key file"},
		"PEM":           {[]byte("-----BEGIN PRIVATE KEY-----\n"), "not a key file"},
		"other JSON":    {[]byte(`{"primaryKeyId":1}`), "not a key file"},
		"empty object":  {[]byte(`{}`), "format"},
		"other version": {bytes.Replace(good, []byte("keys 1"), []byte("keys 2"), 1), "format"},
		"cut":           {good[:len(good)-9], "not a key file"},
		"twice":         {append(bytes.Clone(good), good...), "after its end"},
		"changed key":   {flipped, "damaged"},
		"no such key":   {bytes.Replace(good, []byte(`"primary": "`), []byte(`"primary": "0`), 1), "primary"},
		"too large":     {bytes.Repeat([]byte(" "), 1<<20+1), "larger"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, test.text, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := vault.Open(path)
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, want := range []string{path, test.why, "left as it is", "backup", "lost"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), string(good[at+1:at+10])) {
				t.Errorf("the error quotes the file: %v", err)
			}
			if left, _ := os.ReadFile(path); !bytes.Equal(left, test.text) {
				t.Error("the file was changed")
			}
		})
	}
	if _, err := vault.Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("a folder: %v", err)
	}
}

func TestX6StartsAtOnceAgreeOnOneKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	ids := make([]string, 20)
	var group sync.WaitGroup
	for i := range ids {
		group.Go(func() {
			if v, err := vault.Open(path); err != nil {
				t.Error(err)
			} else {
				ids[i] = v.KeyID()
			}
		})
	}
	group.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("keys %v", ids)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left over: %v", files)
	}
}

func TestSealAndUnsealConcurrently(t *testing.T) {
	v := open(t, filepath.Join(t.TempDir(), "key"))
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 50 {
				bind := fmt.Sprint(i)
				sealed, err := v.Seal([]byte(bind), []byte(bind))
				if err != nil {
					t.Error(err)
					return
				}
				if plain, err := v.Unseal(sealed, []byte(bind)); err != nil || string(plain) != bind {
					t.Errorf("got %q, %v", plain, err)
				}
			}
		})
	}
	group.Wait()
}

func TestX3APrintedVaultShowsNoKey(t *testing.T) {
	v := open(t, filepath.Join(t.TempDir(), "key"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{v, *v, struct{ V *vault.Vault }{v}} {
			if got := fmt.Sprintf(verb, value); strings.Contains(got, "block") || strings.Contains(got, "xaes") || len(got) > 60 {
				t.Errorf("%s of %T: %.80s", verb, value, got)
			}
		}
	}
}

func TestRandom(t *testing.T) {
	if a, b := vault.Random(32), vault.Random(32); len(a) != 32 || bytes.Equal(a, b) {
		t.Errorf("%x and %x", a, b)
	}
	if got := vault.Random(-1); len(got) != 0 {
		t.Errorf("Random(-1) has %d bytes", len(got))
	}
}

func FuzzX1Unseal(f *testing.F) {
	v := open(f, filepath.Join(f.TempDir(), "key"))
	good := seal(f, v, "secret", "place")
	f.Add(good, []byte("place"))
	f.Add(good[:20], []byte(""))
	f.Add([]byte{1}, []byte(nil))
	f.Fuzz(func(t *testing.T, sealed, bind []byte) {
		plain, err := v.Unseal(sealed, bind)
		if err == nil && (!bytes.Equal(sealed, good) || string(bind) != "place" || string(plain) != "secret") {
			t.Errorf("%x opened for %q as %q", sealed, bind, plain)
		}
	})
}

func BenchmarkSeal1KB(b *testing.B) {
	v := open(b, filepath.Join(b.TempDir(), "key"))
	plain, bind := vault.Random(1024), []byte("run/path")
	b.SetBytes(1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Seal(plain, bind); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnseal1KB(b *testing.B) {
	v := open(b, filepath.Join(b.TempDir(), "key"))
	bind := []byte("run/path")
	sealed := seal(b, v, string(vault.Random(1024)), string(bind))
	b.SetBytes(1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Unseal(sealed, bind); err != nil {
			b.Fatal(err)
		}
	}
}
