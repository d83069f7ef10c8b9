package engine_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"currant/engine"
	"currant/engine/journal"
	"currant/engine/vault"
)

// refused is why an engine does not start.
func (w *world) refused() error {
	w.t.Helper()
	o := w.o
	o.Dir = w.dir
	e, err := engine.New(o)
	if err == nil {
		w.t.Error("an engine started")
		e.Close()
		return errors.New("none")
	}
	return err
}

// contents are the digests of the data directory's files, and what the store has of keys and kept values.
func contents(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), engine.KeyFile) {
			data, err := os.ReadFile(filepath.Join(dir, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s %x\n", f.Name(), sha256.Sum256(data))
		}
	}
	r, err := journal.OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ring, err := r.Keyring(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "%x\n", sha256.Sum256(ring))
	keys, err := r.KeptKeys(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		value, changed, err := r.Kept(context.Background(), key)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %v %x\n", key, changed, sha256.Sum256(value))
	}
	return b.String()
}

const waitingBlueprint = `
runbook "waits" {
  trigger "manual" {
    input_schema = object({ text = string })
  }
  step "compute" "c" { secret = sensitive(trigger.input.text) }
  step "probe" "hold" { value = step.c.secret }
  output "text" {
    value     = step.hold.value
    sensitive = true
  }
}
`

// filled is a world that has stopped with three kept values and a run that waits with a sensitive one.
func filled(t *testing.T) (w *world, id string, g *gate) {
	t.Helper()
	w = newWorld(t)
	w.o.Keys.KindOf = func(key string) string { return key[:1] + " things" }
	w.open()
	w.load(waitingBlueprint)
	g = newGate()
	w.on("hold", g.probe)
	w.run()
	for _, key := range []string{"a/1", "a/2", "b/1"} {
		w.keep(key, "secret of "+key)
	}
	id = w.start("waits", object("text", "hunter2"))
	g.next(t)
	w.crash(func() { close(g.open) })
	w.on("hold", nil)
	w.stop()
	return w, id, g
}

func (w *world) wholeAgain() {
	w.t.Helper()
	w.reopen()
	for _, key := range []string{"a/1", "a/2", "b/1"} {
		w.wantKept(key, "secret of "+key)
	}
	w.stop()
}

func wantAll(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, want := range parts {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	for _, secret := range []string{"hunter2", "secret of"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("a secret is in: %v", err)
		}
	}
}

func TestX1AMissingKeyIsARefusalThatSaysWhatIsLost(t *testing.T) {
	w, _, _ := filled(t)
	key := filepath.Join(w.dir, engine.KeyFile)
	saved := filepath.Join(t.TempDir(), "saved")
	if err := os.Rename(key, saved); err != nil {
		t.Fatal(err)
	}
	before := contents(t, w.dir)
	err := w.refused()
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	wantAll(t, err, key, "missing", "3 kept values (a things: 2; b things: 1)", "runs", "Nothing was changed", "backup", "mv '"+w.dir+"'")
	if after := contents(t, w.dir); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	if err := os.Rename(saved, key); err != nil {
		t.Fatal(err)
	}
	w.wholeAgain()
}

func TestX1AWrongKeyIsARefusal(t *testing.T) {
	w, _, _ := filled(t)
	key := filepath.Join(w.dir, engine.KeyFile)
	right, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	put := func(text []byte) {
		if err := os.WriteFile(key, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := filepath.Join(t.TempDir(), "key")
	if _, err := vault.Open(elsewhere); err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	text := "base64key://" + base64.URLEncoding.EncodeToString(vault.Random(32))
	for name, test := range map[string]struct {
		file []byte
		uri  string
		want string
	}{
		"another file":  {other, "", key},
		"another place": {right, "file://" + elsewhere, elsewhere},
		"garbage":       {[]byte("hunter2"), "", "not a key file"},
		"a text":        {right, text, "base64key://…"},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			put(test.file)
			w.o.Keys.URI = test.uri
			before := contents(t, w.dir)
			wantAll(t, w.refused(), test.want, "3 kept values", "Nothing was changed", "key-uri")
			if err := w.refused(); strings.Contains(err.Error(), text) {
				t.Errorf("the key is in: %v", err)
			}
			if after := contents(t, w.dir); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
			put(right)
			w.o.Keys.URI = ""
			w.wholeAgain()
		})
	}
}

// A directory of an earlier release: values are sealed with the key file itself.
func earlier(t *testing.T, keys ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	s, err := journal.Open(dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v, err := vault.Open(filepath.Join(dir, engine.KeyFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		sealed, err := v.Seal([]byte("secret of "+key), []byte("kept\x00"+key))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Keep(context.Background(), key, sealed); err != nil {
			t.Fatal(err)
		}
	}
	run := journal.Run{ID: "r", Blueprint: "b", Runbook: "r", AcceptedAt: time.Now(), Event: []byte("{}")}
	if _, _, err := s.Accept(context.Background(), run); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestX2ADirectoryOfAnEarlierReleaseOpens(t *testing.T) {
	base64Key := "base64key://" + base64.StdEncoding.EncodeToString(vault.Random(32))
	for name, uri := range map[string]string{"key file": "", "another file": "file://" + filepath.Join(t.TempDir(), "k"), "a text": base64Key} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.dir, w.o.Keys.URI = earlier(t, "a/1", "a/2", "b/1"), uri
			for range 2 {
				w.open()
				for _, key := range []string{"a/1", "a/2", "b/1"} {
					w.wantKept(key, "secret of "+key)
				}
				w.stop()
			}
			_, err := os.Stat(filepath.Join(w.dir, engine.KeyFile))
			if gone := errors.Is(err, fs.ErrNotExist); gone != (uri != "") {
				t.Errorf("the key file: %v", err)
			}
		})
	}
	// Without its key file it is refused, for its runs may have sealed values.
	w := newWorld(t)
	w.dir = earlier(t)
	if err := os.Remove(filepath.Join(w.dir, engine.KeyFile)); err != nil {
		t.Fatal(err)
	}
	wantAll(t, w.refused(), "missing", "0 kept values", "1 runs that have not ended", "backup")
}

// While a runner is going: what was sealed before and what is sealed after open, now and after a restart.
func TestX2RekeyOfARunningEngine(t *testing.T) {
	w, id, _ := filled(t)
	w.reopen()
	client := engine.Dial(t.Context(), w.dir)
	until(t, "the socket answers", func() bool { client = engine.Dial(t.Context(), w.dir); return client != nil })
	defer client.Close()
	other := filepath.Join(t.TempDir(), "other")
	for i, r := range []engine.Rekey{{}, {DataKey: true}, {URI: "file://" + other}, {DataKey: true}} {
		before := contents(t, w.dir)
		if err := client.Rekey(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if contents(t, w.dir) == before {
			t.Errorf("%d: nothing has changed", i)
		}
		w.keep(fmt.Sprint("new/", i), "x")
		w.wantKept("a/1", "secret of a/1")
	}
	if err := client.Rekey(t.Context(), engine.Rekey{URI: "nowhere"}); err == nil || !strings.Contains(err.Error(), "file:///PATH") {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(w.dir, engine.KeyFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old key file: %v", err)
	}
	w.restart()
	for i := range 4 {
		w.wantKept(fmt.Sprint("new/", i), "x")
	}
	w.wantKept("b/1", "secret of b/1")
	w.ends(id, "finished")
	w.ends(w.start("waits", object("text", "later")), "finished")
	if got, err := w.e.Kept().Get(t.Context(), "none"); got != nil || err != nil {
		t.Error(got, err)
	}
}

// fakeService is a key service in memory.
type fakeService struct {
	v    *vault.Vault
	down bool
	// used is called after each use; nil is nothing.
	used func()
}

func (f *fakeService) open(_ context.Context, uri string) (vault.Service, error) {
	if !strings.HasPrefix(uri, "fake://") {
		return nil, fmt.Errorf("no such service")
	}
	return f, nil
}

func (f *fakeService) Encrypt(_ context.Context, plain []byte) ([]byte, error) {
	return f.v.Seal(plain, nil)
}

func (f *fakeService) Decrypt(_ context.Context, sealed []byte) ([]byte, error) {
	if f.down {
		return nil, errors.New("connection refused")
	}
	if f.used != nil {
		f.used()
	}
	return f.v.Unseal(sealed, nil)
}

func (f *fakeService) Close() error { return nil }

func TestX1AKeyService(t *testing.T) {
	v, err := vault.Open(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeService{v: v}
	w, _, _ := filled(t)
	w.o.Keys.Services = f.open
	w.open()
	if err := w.e.Rekey(t.Context(), engine.Rekey{URI: "other://x"}); !errors.Is(err, vault.ErrService) {
		t.Error(err)
	}
	f.down = true // what cannot be opened again is not stored
	if err := w.e.Rekey(t.Context(), engine.Rekey{URI: "fake://x"}); !errors.Is(err, vault.ErrService) {
		t.Error(err)
	}
	f.down = false
	w.wantKept("a/1", "secret of a/1")
	w.stop()
	w.wholeAgain()
	w.open()
	if err := w.e.Rekey(t.Context(), engine.Rekey{URI: "fake://x"}); err != nil {
		t.Fatal(err)
	}
	w.stop()
	w.wholeAgain() // it is asked where it was asked last
	f.down = true
	wantAll(t, w.refused(), "fake://x", "connection refused", "nothing is lost")
	f.down = false
	w.o.Keys.Services = nil
	wantAll(t, w.refused(), "fake://…", "no key services")
}

// Values that were kept are enough to refuse a start without the key, also where there was never a run.
func TestX1KeptValuesWithoutAKeyAreRefused(t *testing.T) {
	w := newWorld(t)
	w.dir = filepath.Join(t.TempDir(), "data")
	s, err := journal.Open(w.dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(s.Keep(t.Context(), "a/1", vault.Random(vault.Overhead)), s.Close())
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, w.refused(), "missing", "1 kept values", "Nothing was changed", "backup")
	if _, err := os.Stat(filepath.Join(w.dir, engine.KeyFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key file was made: %v", err)
	}
	// Where nothing is kept, a start makes the key.
	if s, err = journal.Open(w.dir, journal.Options{}); err != nil {
		t.Fatal(err)
	}
	if err = errors.Join(s.Keep(t.Context(), "a/1", nil), s.Close()); err != nil {
		t.Fatal(err)
	}
	w.open()
	w.stop()
}

// A caller who goes away while the keyring is stored leaves a runner that knows where its key is.
func TestX2ARotationOutlivesItsCaller(t *testing.T) {
	v, err := vault.Open(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	f := &fakeService{v: v, used: cancel} // it is used last to prove that the new keyring opens
	w, _, _ := filled(t)
	w.o.Keys.Services = f.open
	w.open()
	if err := w.e.Rekey(ctx, engine.Rekey{URI: "fake://x"}); err != nil || ctx.Err() == nil {
		t.Fatal(err, ctx.Err())
	}
	if err := w.e.Rekey(t.Context(), engine.Rekey{}); err != nil {
		t.Error(err)
	}
	w.wantKept("a/1", "secret of a/1")
	w.stop()
	if _, err := os.Stat(filepath.Join(w.dir, engine.KeyFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the former key file: %v", err)
	}
	w.wholeAgain()
}
