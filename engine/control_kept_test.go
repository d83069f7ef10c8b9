package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"currant/engine"
	"currant/engine/lang"
)

func shareDeployment(key string) bool { return strings.HasPrefix(key, "deploy/") }

func set(kept lang.Kept, key, value string) error {
	return kept.Update(context.Background(), key, func([]byte) ([]byte, error) { return []byte(value), nil })
}

// A command beside a runner reads and changes what is shared with it, and nothing else.
func TestX3SharedKeptOverTheSocket(t *testing.T) {
	w := newWorld(t)
	w.o.Keys.Shared = shareDeployment
	w.open()
	w.run()
	w.keep("deploy/a", "1")
	w.keep("deploy/empty", "")
	w.keep("customers/a", "canary")
	kept, ctx := w.dial().Kept(), t.Context()
	for key, want := range map[string]string{"deploy/a": "1", "deploy/none": "<nil>", "deploy/empty": ""} {
		got, err := kept.Get(ctx, key)
		if text := string(got); got == nil {
			if want != "<nil>" {
				t.Errorf("%s: nothing, want %q", key, want)
			}
		} else if err != nil || text != want {
			t.Errorf("%s: %q, %v; want %q", key, text, err, want)
		}
	}
	if keys, err := kept.Keys(ctx, ""); err != nil || !slices.Equal(keys, []string{"deploy/a", "deploy/empty"}) {
		t.Errorf("%q, %v", keys, err)
	}
	if got, err := kept.Get(ctx, "customers/a"); err == nil || got != nil || !strings.Contains(err.Error(), "for the runner only") {
		t.Errorf("a customer's: %q, %v", got, err)
	}
	if err := set(kept, "customers/a", "taken over"); err == nil {
		t.Error("a customer's was changed")
	}
	w.wantKept("customers/a", "canary")

	for _, value := range []string{"2", ""} {
		if err := set(kept, "deploy/a", value); err != nil {
			t.Error(err)
		}
		w.wantKept("deploy/a", value)
	}
	mine := errors.New("mine")
	if err := kept.Update(ctx, "deploy/a", func([]byte) ([]byte, error) { return nil, mine }); !errors.Is(err, mine) {
		t.Error(err)
	}
	if err := kept.Update(ctx, "deploy/a", func([]byte) ([]byte, error) { return nil, nil }); err != nil {
		t.Error(err)
	}
	if got, err := w.e.Kept().Get(ctx, "deploy/a"); got != nil || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// A change over the socket is made of the value as it is: none is lost where several change the same one.
func TestSharedKeptSwaps(t *testing.T) {
	w := newWorld(t)
	w.o.Keys.Shared = shareDeployment
	w.open()
	w.run()
	const each = 25
	client := w.dial()
	var wg sync.WaitGroup
	for _, kept := range []lang.Kept{client.Kept(), client.Kept(), w.e.Kept()} {
		wg.Go(func() {
			for range each {
				err := kept.Update(t.Context(), "deploy/n", func(old []byte) ([]byte, error) {
					n, _ := strconv.Atoi(string(old))
					return fmt.Append(nil, n+1), nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	w.wantKept("deploy/n", strconv.Itoa(3*each))

	// A value that somebody changes at every look is given up.
	n := 0
	err := client.Kept().Update(t.Context(), "deploy/n", func([]byte) ([]byte, error) {
		n++
		w.keep("deploy/n", fmt.Sprint("other ", n))
		return []byte("mine"), nil
	})
	if err == nil || !strings.Contains(err.Error(), "changed 100 times") || n != 100 {
		t.Errorf("%d: %v", n, err)
	}
}

// A runner that shares nothing says so.
func TestX3NothingIsSharedByDefault(t *testing.T) {
	w := began(t)
	w.keep("deploy/a", "canary")
	kept := w.dial().Kept()
	if got, err := kept.Get(t.Context(), "deploy/a"); err == nil || got != nil {
		t.Errorf("%q, %v", got, err)
	}
	if keys, err := kept.Keys(t.Context(), ""); len(keys) > 0 || err != nil {
		t.Errorf("%q, %v", keys, err)
	}
}

// A value that is damaged says so, and can be replaced and dropped, here and over the socket.
func TestDamagedKeptIsReplaced(t *testing.T) {
	w := newWorld(t)
	w.o.Keys.Shared = shareDeployment
	w.open()
	w.run()
	ctx := t.Context()
	for name, kept := range map[string]lang.Kept{"engine": w.e.Kept(), "socket": w.dial().Kept()} {
		damage := func() {
			t.Helper()
			if err := w.e.Store().Keep(ctx, "deploy/a", []byte("damaged")); err != nil {
				t.Fatal(err)
			}
			if got, err := kept.Get(ctx, "deploy/a"); got != nil || !errors.Is(err, lang.ErrKeptDamaged) {
				t.Errorf("%s: %q, %v", name, got, err)
			}
			if err := set(kept, "deploy/a", "1"); !errors.Is(err, lang.ErrKeptDamaged) {
				t.Errorf("%s: %v", name, err)
			}
		}
		damage()
		if err := lang.ReplaceKept(ctx, kept, "deploy/a", []byte("2")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		w.wantKept("deploy/a", "2")
		damage()
		if err := lang.ReplaceKept(ctx, kept, "deploy/a", nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := kept.Get(ctx, "deploy/a"); got != nil || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	w.keep("customers/a", "canary")
	if err := lang.ReplaceKept(ctx, w.dial().Kept(), "customers/a", nil); err == nil {
		t.Error("a customer's was dropped over the socket")
	}
	w.wantKept("customers/a", "canary")
}

// So can a row whose bytes on disk are not those that were written.
func TestDamagedRowIsReplaced(t *testing.T) {
	w := newWorld(t)
	w.open()
	w.keep("deploy/row-1", "1")
	w.keep("deploy/whole", "2")
	w.stop()
	file := filepath.Join(w.dir, "currant.db")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte("deploy/row-1")) {
		t.Fatal("the row is not in the file")
	}
	if err := os.WriteFile(file, bytes.ReplaceAll(text, []byte("deploy/row-1"), []byte("deploy/row-2")), 0o600); err != nil {
		t.Fatal(err)
	}
	w.open()
	if got, err := w.e.Kept().Get(t.Context(), "deploy/row-2"); got != nil || !errors.Is(err, lang.ErrKeptDamaged) {
		t.Errorf("%q, %v", got, err)
	}
	w.wantKept("deploy/whole", "2")
	if err := lang.ReplaceKept(t.Context(), w.e.Kept(), "deploy/row-2", []byte("3")); err != nil {
		t.Error(err)
	}
	w.wantKept("deploy/row-2", "3")
}

// What is kept can be read beside a runner and without one, and nothing is made or changed by it.
func TestOpenKeptOnlyReads(t *testing.T) {
	options := engine.KeyOptions{Shared: shareDeployment}
	open := func(dir string) lang.Kept {
		t.Helper()
		kept, done, err := engine.OpenKept(dir, options)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := done(); err != nil {
				t.Error(err)
			}
		})
		return kept
	}
	unused := t.TempDir()
	if err := os.Chmod(unused, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"missing": filepath.Join(unused, "none"), "unused": unused} {
		kept := open(dir)
		if got, err := kept.Get(t.Context(), "deploy/a"); got != nil || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if entries, err := os.ReadDir(dir); name == "missing" && !errors.Is(err, os.ErrNotExist) || len(entries) > 0 {
			t.Errorf("%s: %v, %v", name, entries, err)
		}
	}

	w := newWorld(t)
	w.open()
	w.run()
	w.keep("deploy/a", "1")
	w.keep("deploy/b", "2")
	w.keep("customers/a", "canary")
	look := func(name string) {
		t.Helper()
		kept := open(w.dir)
		if got, err := kept.Get(t.Context(), "deploy/a"); string(got) != "1" || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if keys, err := kept.Keys(t.Context(), "deploy/"); err != nil || !slices.Equal(keys, []string{"deploy/a", "deploy/b"}) {
			t.Errorf("%s: %q, %v", name, keys, err)
		}
		if got, err := kept.Get(t.Context(), "customers/a"); got != nil || err == nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if err := set(kept, "deploy/a", "changed"); !errors.Is(err, engine.ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
	look("beside a runner")
	w.stop()
	look("without one")

	// The wrong key is told as a start tells it, and only where something is to be opened.
	key := filepath.Join(w.dir, engine.KeyFile)
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	kept := open(w.dir)
	if got, err := kept.Get(t.Context(), "deploy/none"); got != nil || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := kept.Get(t.Context(), "deploy/a"); got != nil || err == nil || !strings.Contains(err.Error(), "Without the right key") {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := os.Stat(key); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key was made: %v", err)
	}
}
