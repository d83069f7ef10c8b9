package vault_test

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"currant/engine/vault"
)

func parse(t testing.TB, uri, own string) vault.Place {
	t.Helper()
	p, err := vault.ParsePlace(uri, own, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func opens(t testing.TB, when string, doc []byte, at vault.Place, sealed ...[]byte) *vault.Vault {
	t.Helper()
	v, err := vault.OpenKeyring(t.Context(), doc, at)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	for _, s := range sealed {
		if plain, err := v.Unseal(s, []byte("place")); err != nil || string(plain) != "secret" {
			t.Errorf("%s: %q, %v", when, plain, err)
		}
	}
	return v
}

// At each point where a rotation may be killed, what is stored then opens, with all that was ever sealed.
func TestX2RotationAtEachPoint(t *testing.T) {
	dir := t.TempDir()
	own, other := filepath.Join(dir, "key"), "file://"+filepath.Join(dir, "other", "key")
	text := "base64key://" + base64.StdEncoding.EncodeToString(vault.Random(32))
	alone := open(t, own)
	sealed := [][]byte{seal(t, alone, "secret", "place")} // by a release that had no keyring
	at := parse(t, "", own)
	doc, v, settle, err := vault.NewKeyring(t.Context(), at, own)
	if err != nil {
		t.Fatal(err)
	}
	if err := settle(); err != nil {
		t.Fatal(err)
	}
	derived, err := v.Derive("x", 16)
	if err != nil {
		t.Fatal(err)
	}
	for i, uri := range []string{"", "", other, other, "", text, text, other, text, ""} {
		v := opens(t, "before", doc, at, sealed...)
		sealed = append(sealed, seal(t, v, "secret", "place"))
		to := parse(t, uri, own)
		next, _, _, err := vault.Rekey(t.Context(), doc, at, to, i%2 == 0)
		if err != nil {
			t.Fatal(err)
		}
		opens(t, "killed before it was stored", doc, at, sealed...)
		opens(t, "killed once it was stored", next, to, sealed...)
		// Begun again after the kill, before or after.
		for _, c := range []struct {
			doc  []byte
			from vault.Place
		}{{doc, at}, {next, to}} {
			again, _, _, err := vault.Rekey(t.Context(), c.doc, c.from, to, false)
			if err != nil {
				t.Fatal(err)
			}
			opens(t, "begun again", again, to, sealed...)
			next = again
		}
		next, _, settle, err := vault.Rekey(t.Context(), next, to, to, i%3 == 0)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // a settle that was cut off is not the last one
			if err := settle(); err != nil {
				t.Fatal(err)
			}
		}
		v = opens(t, "settled", next, to, sealed...)
		if path, ok := to.IsFile(); ok {
			if _, err := vault.OpenKeyring(t.Context(), doc, to); err == nil {
				t.Errorf("%d: the keyring before opens with %s", i, path)
			}
		}
		if got, err := v.Derive("x", 16); err != nil || string(got) != string(derived) {
			t.Errorf("%d: derived %x, %v", i, got, err)
		}
		doc, at = next, to
	}
	if _, err := alone.Derive("x", 16); err == nil {
		t.Error("a key file derives")
	}
}

func TestX1AKeyringOpensWithItsKeyOnly(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "key")
	at := parse(t, "", own)
	doc, _, _, err := vault.NewKeyring(t.Context(), at, own)
	if err != nil {
		t.Fatal(err)
	}
	opens(t, "control", doc, at)
	for name, c := range map[string]struct {
		doc  []byte
		uri  string
		want error
	}{
		"missing file": {doc, "file://" + filepath.Join(dir, "none"), fs.ErrNotExist},
		"a text":       {doc, "base64key://" + strings.Repeat("A", 43) + "=", vault.ErrUnknownKey},
		"no keyring":   {[]byte("{}"), "", vault.ErrDoesNotOpen},
		"altered":      {[]byte(strings.Replace(string(doc), `"sealed":"`, `"sealed":"AAAA`, 1)), "", vault.ErrDoesNotOpen},
		"wrapped":      {[]byte(strings.Replace(string(doc), `"sealed"`, `"wrapped":"AAAA","sealed"`, 1)), "", vault.ErrUnknownKey},
	} {
		if _, err := vault.OpenKeyring(t.Context(), c.doc, parse(t, c.uri, own)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
}

func TestX3AddressesOfKeysAreNotShown(t *testing.T) {
	text := base64.StdEncoding.EncodeToString(vault.Random(32))
	p := parse(t, "base64key://"+text, "key")
	doc, _, _, err := vault.NewKeyring(t.Context(), p, filepath.Join(t.TempDir(), "none"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(doc), text) || strings.Contains(p.String(), text) || strings.Contains(p.GoString(), text) {
		t.Error("the key is shown")
	}
	if uri, err := vault.Recorded(doc); err != nil || !vault.NeedsKey(uri) {
		t.Errorf("%q %v", uri, err)
	}
	for _, same := range []string{strings.NewReplacer("+", "-", "/", "_").Replace(text), strings.TrimRight(text, "=")} {
		opens(t, "another spelling", doc, parse(t, "base64key://"+same, "key"))
	}
	for _, bad := range []string{"base64key://", "base64key://hunter2", "base64key://" + text + "AAAA", "file://host/path", "file://relative", "file:///a?b", "key", "awskms://alias/x",
		"hunter2", "base64key:" + text, "base64key:/" + text, "base64://" + text, "BASE64KEY://" + text, text} {
		if _, err := vault.ParsePlace(bad, "key", nil); err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
